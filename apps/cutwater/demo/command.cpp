// `cutwater demo` on the command line.

#include "apps/cutwater/demo/command.hpp"

#include <fmt/format.h>

#include <memory>

#include "apps/cutwater/console/terminal.hpp"
#include "apps/cutwater/console/units.hpp"
#include "apps/cutwater/demo/demo.hpp"

namespace cutwater::app {

namespace {

struct demo_arguments {
    demo::options chosen;
    bool json = false;
};

/// With JSON on standard output, people watch on standard error, if anybody does.
std::unique_ptr<demo::screen> screen_for(const demo_arguments& given) {
    std::FILE* const out = given.json ? stderr : stdout;
    if (can_redraw(out))
        return demo::live_screen(out, columns_of(out), wants_colours(out) ? demo::colours::on : demo::colours::off);
    return given.json ? demo::no_screen() : demo::plain_screen(out);
}

int run_demo(const demo_arguments& given) {
    if (!given.json)
        try_to_write(stdout,
                     fmt::format("{} users call a dependency that fails by a script, and {} call another\nlike it "
                                 "through Cutwater.\n\n",
                                 given.chosen.users, given.chosen.users));
    const auto shows = screen_for(given);
    const demo::ending end =
        demo::run(given.chosen, *shows, given.json ? demo::report_form::json : demo::report_form::table);
    if (const exit_code written = write_all(stdout, end.report); written != succeeded) return written;
    if (!end.interrupted) return succeeded;
    complain("cutwater demo", "stopped before its end; the report is of what there was");
    return interrupted;
}

/// CLI11's own range takes what is not a number.
auto within_range(double least, double most) {
    return [=](const std::string& text) {
        const auto number = parse_number(text);
        const bool fits = number && *number >= least && *number <= most;  // false for NaN
        return fits ? "" : fmt::format("{} is not from {} to {}", text, least, most);
    };
}

}  // namespace

void add_demo(CLI::App& program, action& chosen) {
    const auto given = std::make_shared<demo_arguments>();
    CLI::App* const command = program.add_subcommand("demo",
                                                     "Watch a failing dependency being survived.\n\nIt fails by a "
                                                     "script (errors, hangs, overload), and the same traffic meets it "
                                                     "unguarded and guarded.");
    command->footer(
        "It runs for 20 seconds on loopback, and ends with what users saw, what the dependency had to bear, and how "
        "long threads were stuck.\n\nExamples:\n  cutwater demo\n  cutwater demo --json | jq .guarded.errors\n  "
        "cutwater demo --scale 0.25 --users 50\n\nExit codes: 0 it ran, 1 it could not, 130 stopped by Ctrl-C "
        "(with the report so far).");
    command->add_flag("--json", given->json, "print the comparison as JSON");
    command->add_option("--scale", given->chosen.scale, "length, in shares of the usual 20 seconds")
        ->check(within_range(0.05, 1.5))
        ->type_name("SHARE")
        ->capture_default_str();
    command->add_option("--users", given->chosen.users, "users on each side")
        ->check(within_range(1, 500))
        ->type_name("N")
        ->capture_default_str();
    command->callback([given, &chosen] { chosen = [given] { return run_demo(*given); }; });
}

}  // namespace cutwater::app
