// Objectives as files for Prometheus: recording and alerting rules, and the tests that prove them.
//
//     write_all(stdout, prometheus_rules(objectives));                 // promtool check rules
//     write_all(stdout, prometheus_rule_tests(objectives, "rules.yml"));   // promtool test rules
//
// For each objective and each rule of `slo_rules` there is an alert, `CutwaterErrorBudgetBurn1h` and so on, and a test
// in which it fires and clears; beside these, what is left of the budget, a service that has never had a good call,
// and too few calls. What alerts say is tested where there is one objective.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cutwater/observe/slo/options.hpp"

namespace cutwater::app {

/// YAML.
[[nodiscard]] std::string prometheus_rules(std::span<const slo_options> objectives);

/// YAML; `rules` is the file that they are for.
[[nodiscard]] std::string prometheus_rule_tests(std::span<const slo_options> objectives, std::string_view rules);

}  // namespace cutwater::app
