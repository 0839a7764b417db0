// The command line: `cutwater SUB-COMMAND …`. Each sub-command is in a file of its own; see commands.hpp.

#include <fmt/core.h>

#include <cstdio>
#include <exception>

#include "apps/cutwater/commands.hpp"

namespace {

using namespace cutwater::app;

constexpr auto about = R"(Stands between your code and every dependency that can be down, slow, overloaded or wrong.)";
constexpr auto examples = R"(Examples:
  cutwater demo                     watch a failing dependency being survived, in 20 seconds

Exit codes: 0 it worked, 1 it failed, 2 the command line is wrong, 130 stopped by Ctrl-C.
`cutwater SUB-COMMAND --help` tells more.)";

int run(int count, const char* const* words) {
    CLI::App program{about, "cutwater"};
    program.footer(examples);
    program.set_version_flag("--version", CUTWATER_VERSION);
    action chosen;
    add_demo(program, chosen);
    try {
        program.parse(count, words);
    } catch (const CLI::ParseError& e) {
        return program.exit(e) == 0 ? succeeded : misused;
    }
    if (chosen) return chosen();
    fmt::print(stderr, "{}", program.help());
    return misused;
}

}  // namespace

int main(int count, char** words) {
    try {
        return run(count, words);
    } catch (const std::exception& e) {
        fmt::print(stderr, "cutwater: {}\n", e.what());
        return failed;
    }
}
