// `cutwater dashboard` on the command line: a dashboard for Grafana, made from the library's metrics.

#include "apps/cutwater/dashboard/command.hpp"

#include <memory>

#include "apps/cutwater/console/terminal.hpp"
#include "apps/cutwater/console/utf8.hpp"
#include "apps/cutwater/dashboard/dashboard.hpp"

namespace cutwater::app {

namespace {

constexpr auto about_dashboard = R"(Prints a dashboard for Grafana, made from the metrics that the library has.

What users see comes first, then what policies did about it, limits and queues, and objectives. Every metric is somewhere on it.)";

constexpr auto dashboard_examples = R"(Examples:
  cutwater dashboard > dashboard.json
  cutwater dashboard --title Shop --datasource prometheus-eu

Exit codes:
    0  it was printed
    1  it could not be written
    2  the command line is wrong
  141  whoever read the output has gone away)";

}  // namespace

void add_dashboard(CLI::App& program, action& chosen) {
    const auto settings = std::make_shared<dashboard_settings>();
    CLI::App* const command = program.add_subcommand("dashboard", about_dashboard);
    command->footer(dashboard_examples);
    command->add_option("--title", settings->title, "its title")
        ->type_name("TITLE")
        ->capture_default_str()
        ->check(problem_of_text, "")
        ->check([](const std::string& title) { return title.empty() ? std::string{"has no letter"} : std::string{}; },
                "");
    command->add_option("--datasource", settings->datasource, "the uid of the data source; without it Grafana asks")
        ->type_name("UID")
        ->check(problem_of_text, "");
    command->callback(
        [settings, &chosen] { chosen = [settings] { return int{write_all(stdout, grafana_dashboard(*settings))}; }; });
}

}  // namespace cutwater::app
