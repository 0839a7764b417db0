// What is asked of Prometheus about an objective: texts of PromQL over the metrics of `core/standard_metrics.hpp`.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/metric.hpp"
#include "cutwater/observe/slo/kernel.hpp"

namespace cutwater::app {

/// The windows that have a recorded share of bad calls.
inline constexpr std::array<slo_window, 7> recorded_windows{
    slo_window::five_minutes, slo_window::half_hour, slo_window::hour,      slo_window::two_hours,
    slo_window::six_hours,    slo_window::day,       slo_window::three_days};

/// A label's value between quotes, as PromQL reads it; and the same as a pattern that means nothing but it.
[[nodiscard]] std::string in_quotes(std::string_view value);
[[nodiscard]] std::string quoted_pattern(const std::vector<std::string>& values);

/// A histogram's bound as the label `le` says it, with as many digits as the exporter writes.
[[nodiscard]] std::string bound_text(double seconds);
/// The objective's latency as the label `le` says it: `0.25`.
[[nodiscard]] std::string bound_of(const slo_options& objective);

/// Calls that count, as rate or increase over a window.
[[nodiscard]] std::string calls_query(const slo_options& objective, std::string_view function, slo_window over);
/// Bad ones a second. There is an answer also where not one call has ever been good.
[[nodiscard]] std::string bad_calls_query(const slo_options& objective, slo_window over);
[[nodiscard]] std::string budget_query(const slo_options& objective);
/// What an alert's rule asks.
[[nodiscard]] std::string alert_query(const slo_options& objective, const slo_rule& rule);

/// `cutwater:slo_bad_calls:ratio_rate1h`.
[[nodiscard]] std::string recorded_share(slo_window over);
inline constexpr std::string_view recorded_calls = "cutwater:slo_calls:rate5m";
inline constexpr std::string_view recorded_bad_calls = "cutwater:slo_bad_calls:rate5m";
inline constexpr std::string_view recorded_budget = "cutwater:slo_error_budget:remaining_ratio";

}  // namespace cutwater::app
