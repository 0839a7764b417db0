// `cutwater slo` on the command line: objectives as rules for Prometheus, and as the tests of these.

#include "apps/cutwater/slo/command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apps/cutwater/console/terminal.hpp"
#include "apps/cutwater/console/units.hpp"
#include "apps/cutwater/console/utf8.hpp"
#include "apps/cutwater/slo/objective.hpp"
#include "apps/cutwater/slo/rules.hpp"
#include "cutwater/core/text.hpp"
#include "cutwater/observe/metrics/options.hpp"

namespace cutwater::app {

namespace {

constexpr auto about_slo = R"(Turns objectives into rules for Prometheus: alerts on what users see.

`cutwater slo rules` prints recording rules (share of bad calls by window, error budget) and alerting rules by burn rate, over the metrics that cutwater exports. With
--tests it prints the tests that prove, by promtool, that each alert fires and clears.)";

constexpr auto about_rules = R"(Prints recording and alerting rules, or with --tests the tests that prove them.)";

constexpr auto slo_examples =
    R"(An objective is NAME:OPERATION[,OPERATION...]:TARGET%[:LATENCY], where * stands for every operation. A latency is one of the bounds of the histogram.

Examples:
  cutwater slo rules --objective orders:place_order:99.9%:250ms > rules.yml
  cutwater slo rules --objective orders:place_order:99.9%:250ms --tests > tests.yml
  promtool check rules rules.yml
  promtool test rules tests.yml

Exit codes:
    0  they were printed
    1  they could not be written
    2  the command line is wrong
  141  whoever read the output has gone away)";

struct slo_arguments {
    std::vector<slo_options> objectives;
    std::vector<double> buckets = metric_registry_options{}.buckets;
    std::uint64_t days = 30;
    std::uint64_t min_calls = slo_options{}.min_calls;
    bool degraded_is_bad = false;
    bool ignored_is_neither = false;
    bool tests = false;
    std::string rules_file = "rules.yml";
};

/// Names that several objectives have, each once.
std::set<std::string> names_given_twice(const std::vector<slo_options>& objectives) {
    std::set<std::string> all;
    std::set<std::string> twice;
    for (const slo_options& each : objectives)
        if (!all.insert(each.name).second) twice.insert(each.name);
    return twice;
}

/// What holds for all of them is put into each; then each is looked at.
std::vector<std::string> completed(slo_arguments& given) {
    std::vector<std::string> problems;
    for (const option_problem& p : problems_of(metric_registry_options{.buckets = given.buckets}))
        problems.push_back("--buckets takes " + p.allowed);
    for (slo_options& each : given.objectives) {
        each.window = std::chrono::days{given.days};
        each.min_calls = given.min_calls;
        if (given.degraded_is_bad) each.degraded = degraded_result::bad;
        if (given.ignored_is_neither) each.ignored = ignored_call::neither;
        for (const option_problem& p : problems_of(each)) problems.push_back(each.name + ": " + p.message());
        if (std::string p = problem_of_latency(each, given.buckets); !p.empty()) problems.push_back(std::move(p));
    }
    for (const std::string& name : names_given_twice(given.objectives))
        problems.push_back(fmt::format("two objectives are called {}", name));
    return problems;
}

int run_rules(slo_arguments& given) {
    const std::vector<std::string> problems = completed(given);
    for (const std::string& each : problems) complain("cutwater slo rules", each);
    if (!problems.empty()) return misused;
    return write_all(stdout, given.tests ? prometheus_rule_tests(given.objectives, given.rules_file)
                                         : prometheus_rules(given.objectives));
}

struct count_range {
    std::uint64_t least;
    std::uint64_t most;
};

void take_objective(slo_arguments& given, const std::string& text) {
    auto parsed = parse_objective(text);
    if (!parsed) throw CLI::ValidationError{"--objective", parsed.error()};
    given.objectives.push_back(std::move(*parsed));
}

/// A whole number in a range; a sign is none.
void add_count(CLI::App& command, const std::string& flag, std::uint64_t& into, count_range allowed,
               const std::string& help) {
    const auto read = [&into, flag, allowed](const std::string& text) {
        const auto parsed = parse_count(text);
        if (!parsed) throw CLI::ValidationError{flag, parsed.error()};
        if (*parsed < allowed.least || *parsed > allowed.most)
            throw CLI::ValidationError{flag, fmt::format("{} is not from {} to {}", text, allowed.least, allowed.most)};
        into = *parsed;
    };
    command.add_option_function<std::string>(flag, read, help)->type_name("N")->default_str(to_text(into));
}

}  // namespace

void add_slo(CLI::App& program, action& chosen) {
    const auto given = std::make_shared<slo_arguments>();
    CLI::App* const command = program.add_subcommand("slo", about_slo);
    command->require_subcommand(1);
    command->footer(slo_examples);
    CLI::App* const rules = command->add_subcommand("rules", about_rules);
    rules->footer(slo_examples);
    rules
        ->add_option_function<std::vector<std::string>>(
            "--objective",
            [given](const std::vector<std::string>& texts) {
                for (const std::string& each : texts) take_objective(*given, each);
            },
            "an objective; may be given several times")
        ->type_name("OBJECTIVE")
        ->required();
    add_count(*rules, "--days", given->days, {1, 90}, "the time over which targets hold, and budgets last");
    add_count(*rules, "--min-calls", given->min_calls, {1, 1'000'000'000},
              "calls in an alert's long window; with fewer it says nothing");
    rules->add_flag("--degraded-is-bad", given->degraded_is_bad, "a fallback's result, or a stale one, is a bad call");
    rules->add_flag(
        "--ignored-is-neither", given->ignored_is_neither,
        "a call that ends as ignored (its caller's deadline, a bug, what was asked) is neither good nor bad");
    rules
        ->add_option("--buckets", given->buckets,
                     "bounds of the registry's histograms, in seconds; if not the usual ones")
        ->type_name("SECONDS")
        ->delimiter(',');
    CLI::Option* const tests =
        rules->add_flag("--tests", given->tests, "prints the tests of the rules, for promtool test rules");
    rules->add_option("--rules-file", given->rules_file, "with --tests: the file that the rules are in")
        ->type_name("FILE")
        ->capture_default_str()
        ->needs(tests)
        ->check(problem_of_text, "");
    rules->callback([given, &chosen] { chosen = [given] { return run_rules(*given); }; });
}

}  // namespace cutwater::app
