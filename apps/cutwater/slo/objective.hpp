// An objective as it stands on the command line: `orders:place_order:99.9%:250ms`.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "cutwater/observe/slo/options.hpp"

namespace cutwater::app {

/// `NAME:OPERATION[,OPERATION…]:TARGET%[:LATENCY]`, with `*` for every operation; or what is wrong with it.
[[nodiscard]] std::expected<slo_options, std::string> parse_objective(std::string_view text);

/// Nothing where Prometheus can know how many calls were within the objective's latency; else what is wrong. `buckets` are the bounds of the histogram, in seconds.
[[nodiscard]] std::string problem_of_latency(const slo_options& objective, std::span<const double> buckets);

}  // namespace cutwater::app
