// The metrics that an exporter of spans has, and their list: for tables, dashboards and tests.
//
//     for (const cw::metric* each : cw::metrics::of_export) std::cout << each->name << '\n';
#pragma once

#include "cutwater/core/metric.hpp"

namespace cutwater::metrics {

inline constexpr metric exported_spans{"cutwater_exported_spans_total", metric_type::counter,
                                       "Spans that an exporter was given, by what became of them.", "result"};
inline constexpr metric waiting_spans{"cutwater_export_queue_length", metric_type::gauge,
                                      "Spans that wait to be exported."};

inline constexpr const metric* of_export[]{&exported_spans, &waiting_spans};

}  // namespace cutwater::metrics
