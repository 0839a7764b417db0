// What an alert on an objective is called, and says.
#pragma once

#include <string>

#include "cutwater/observe/slo/kernel.hpp"

namespace cutwater::app {

/// `CutwaterErrorBudgetBurn1h`.
[[nodiscard]] std::string alert_name(const slo_rule& rule);
[[nodiscard]] std::string alert_summary(const slo_options& objective, const slo_rule& rule);
[[nodiscard]] std::string alert_description(const slo_options& objective, const slo_rule& rule);

}  // namespace cutwater::app
