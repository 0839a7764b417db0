// The command line: `cutwater SUB-COMMAND …`. Each sub-command has a folder of its own; see commands.hpp.

#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "apps/cutwater/commands.hpp"
#include "apps/cutwater/console/terminal.hpp"
#include "apps/cutwater/help.hpp"

namespace cutwater::app {
namespace {

constexpr auto about = R"(Stands between your code and every dependency that can be down, slow, overloaded or wrong.)";
constexpr auto examples = R"(Examples:
  cutwater demo
  cutwater call https://stock.example/items/7
  cutwater call --repeat 1000 --concurrency 20 http://127.0.0.1:8080/
  cutwater explain --ledger dump.jsonl
  cutwater slo rules --objective orders:place_order:99.9%:250ms
  cutwater dashboard > dashboard.json
  cutwater doctor http://127.0.0.1:9100/metrics

Exit codes: 0 it worked, 1 the output could not be written, 2 the command line is wrong, 130 stopped by Ctrl-C, 141 nobody reads
the output. `cutwater SUB-COMMAND --help` tells the others.)";

int hint(const std::string& called) {
    complain(called, "try `" + called + " --help`");
    return misused;
}

/// `--hedge: At Most 1 required but received 2`, as a sentence; any other as it is.
std::string words_of_mismatch(const std::string& said) {
    constexpr std::string_view once = ": At Most 1 required but received ";
    const auto at = said.find(once);
    if (at == std::string::npos) return said;
    return said.substr(0, at) + " is given " + said.substr(at + once.size()) + " times, and may be given once";
}

/// Of what was not expected, the option that does not exist is to blame, and not what stands beside it.
std::string words_of(const CLI::App& program, const CLI::ParseError& said) {
    if (said.get_exit_code() == static_cast<int>(CLI::ExitCodes::ArgumentMismatch))
        return words_of_mismatch(said.what());
    if (said.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError)) return said.what();
    const std::vector<std::string> words = program.remaining(true);
    for (const std::string& word : words)
        if (word.starts_with('-')) return "there is no option " + word;
    if (program.get_subcommands().empty() && !words.empty()) return "there is no sub-command \"" + words.front() + "\"";
    return said.what();
}

/// The words that lead to the sub-command that was reached: `cutwater slo rules`.
std::string name_of_reached(const CLI::App& program) {
    std::string words = "cutwater";
    for (auto chosen = program.get_subcommands(); !chosen.empty(); chosen = chosen.front()->get_subcommands())
        words += " " + chosen.front()->get_name();
    return words;
}

/// Help and version to standard output; what is wrong to standard error.
int say(const CLI::App& program, const CLI::ParseError& said) {
    std::ostringstream out;
    std::ostringstream err;
    if (program.exit(said, out, err) == 0) return write_all(stdout, out.str());
    const std::string called = name_of_reached(program);
    complain(called, words_of(program, said));
    return hint(called);
}

int run(int count, const char* const* words) {
    CLI::App program{about, "cutwater"};
    program.formatter(wrapping_help(columns_of(stdout)));
    program.footer(examples);
    program.set_version_flag("--version", CUTWATER_VERSION);
    action chosen;
    for (const auto add : commands) add(program, chosen);
    try {
        program.parse(count, words);
    } catch (const CLI::ParseError& e) {
        return say(program, e);
    }
    if (chosen) return chosen();
    (void)write_all(stderr, program.help());
    return misused;
}

}  // namespace
}  // namespace cutwater::app

int main(int count, char** words) {
    using cutwater::app::complain, cutwater::app::failed, cutwater::app::nobody_reads;
    cutwater::app::hold_standard_streams();
    std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone away is an error where it is written to
    try {
        return cutwater::app::run(count, words);
    } catch (const std::system_error& e) {
        if (e.code() == std::errc::broken_pipe) return nobody_reads;
        complain("cutwater", e.what());
        return failed;
    } catch (const std::exception& e) {
        complain("cutwater", e.what());
        return failed;
    }
}
