// A metric registry as Prometheus reads it.
//
//     cw::metric_registry metrics;
//     cw::prometheus_metrics shown{metrics};
//     const std::string page = shown.text();                     // of GET /metrics, in a server of yours, as `content_type`
//
// It is read when it is asked for, and keeps nothing. Names, help and labels are those of the metrics; texts that are no
// UTF-8 are mended, and what has the same labels then is added up. Beside what the registry has it says
// `cutwater_metric_series`, how many there are, and `cutwater_metric_series_refused_total`, those that there was no room
// for; a metric of yours that is called so is not shown.
//
// Thread safety: every member, from any thread. Lifetime: the registry outlives it. Errors: `std::bad_alloc`.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <vector>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"

namespace cutwater {

class prometheus_metrics final : public prometheus::Collectable {
public:
    /// `time`: what gauges are asked by; a test's, in virtual time.
    explicit prometheus_metrics(const metric_registry& from, environment& time = this_machine) noexcept
        : from_{&from}, time_{&time} {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

    /// The text format, version 0.0.4.
    [[nodiscard]] std::string text() const;
    static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

private:
    const metric_registry* from_;
    environment* time_;
};

}  // namespace cutwater
