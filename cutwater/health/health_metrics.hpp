// The metrics that a health monitor has, as a list: for tables, dashboards and tests.
//
//     for (const cw::metric* each : cw::metrics::of_health) std::cout << each->name << '\n';
#pragma once

#include "cutwater/core/metric.hpp"
#include "cutwater/health/events.hpp"

namespace cutwater::metrics {

inline constexpr const metric* of_health[]{&health, &health_probe, &health_changes, &health_hangs};

}  // namespace cutwater::metrics
