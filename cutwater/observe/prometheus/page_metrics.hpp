// What a page says of the registry that it is read from, and the list of it: for tables, dashboards and tests.
//
//     for (const cw::metric* each : cw::metrics::of_page) std::cout << each->name << '\n';
#pragma once

#include "cutwater/core/metric.hpp"

namespace cutwater::metrics {

inline constexpr metric series{"cutwater_metric_series", metric_type::gauge,
                               "Series that the registry of metrics keeps."};
inline constexpr metric series_refused{"cutwater_metric_series_refused_total", metric_type::counter,
                                       "Series that there was no room for, and that are counted as `other`."};

inline constexpr const metric* of_page[]{&series, &series_refused};

}  // namespace cutwater::metrics
