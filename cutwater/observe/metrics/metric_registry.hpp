// Metrics, kept in memory until somebody reads them: an exporter, or a test.
//
//     cw::metric_registry metrics;
//     cw::event_metrics counts{metrics};                             // hears what happens, and counts it
//     cw::pipeline inventory{cw::observe{counts}, cw::retry{}, cw::circuit_breaker{}};
//     const auto watched = metrics.watch(inventory);                 // asks what its layers are like, when it is read
//     for (const cw::metric_family& each : metrics.read(now)) …
//
// A series is there as long as somebody holds it: who counted into it, or watches. With the last of them it is gone, and so is what an exporter shows; so what
// was replaced is not shown for ever. There is room for `max_series`; what comes later is counted together, as operation and detail `other`. Gauges of the
// same name and labels, as of two bulkheads that nobody has named, are added up; an object that several pipelines share (`cw::ref`) is asked once.
//
// A metric's name is as Prometheus has it ([a-zA-Z_:][a-zA-Z0-9_:]*), and so is its detail, the label
// ([a-zA-Z_][a-zA-Z0-9_]*, but neither `layer`, `operation`, `le` nor what begins with `__`). Two metrics of one name have
// one type and one label, and none has the name of a histogram's own series (`_bucket`, `_count`, `_sum`). `open` refuses any other; a gauge of that kind, or a histogram told as one, is left out when it
// is read.
//
// Thread safety: every member, from any thread. `record` takes no lock: threads count on lines of their own. Lifetime: what is
// watched outlives its `watched`; series and watches may outlive the registry. Errors: `open` throws
// `invalid_options` that names the metric; `open` and `watch` throw `std::bad_alloc`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cutwater/core/metric.hpp"
#include "cutwater/observe/metrics/options.hpp"

namespace cutwater {

/// How often what was recorded lay where.
struct histogram_counts {
    std::vector<std::uint64_t> at_most;  ///< for each bound of the registry's `buckets`, cumulative
    std::uint64_t count = 0;
    double sum = 0;

    friend bool operator==(const histogram_counts&, const histogram_counts&) = default;
};

/// One series as it was when it was read.
struct metric_sample {
    name layer{};
    name operation{};
    std::string detail{};
    double value = 0;           ///< of counters and gauges
    histogram_counts counts{};  ///< of histograms

    friend bool operator==(const metric_sample&, const metric_sample&) = default;
};

/// A metric and its series, sorted by their labels.
struct metric_family {
    const metric* of = nullptr;
    std::vector<metric_sample> samples;
};

namespace detail {
class metric_store;
}

class metric_registry final : public metric_sink {
public:
    /// Throws `invalid_options`.
    explicit metric_registry(metric_registry_options options = {});
    metric_registry(const metric_registry&) = delete;
    metric_registry& operator=(const metric_registry&) = delete;
    ~metric_registry();

    [[nodiscard]] const metric_registry_options& options() const noexcept { return options_; }

    [[nodiscard]] std::shared_ptr<metric_series> open(const metric& of, const metric_labels& which) override;

    /// A watch on gauges, as long as it is held. Who lets it go waits for a reading that is asking just then, so not from inside of `gauges`.
    using watched = std::shared_ptr<const void>;
    /// A policy, a pipeline, a retry budget: what has `gauges(now, seen)`.
    template <has_gauges P>
    [[nodiscard]] watched watch(P& what) {
        return watch_by([&what](instant now, gauge_visitor& seen) {
            if constexpr (requires { what.budget_name(); }) seen.layer = what.budget_name();
            visit_gauges(what, now, seen);
        });
    }
    /// Anything, by a function that calls what it is given for each number.
    [[nodiscard]] watched watch_by(std::function<void(instant now, gauge_visitor& seen)> ask);

    /// Everything, by name and labels. What throws while it is asked is left out, and so is a metric that `open` would
    /// refuse.
    [[nodiscard]] std::vector<metric_family> read(instant now) const;

    /// Series that there are, and those that there was no room for.
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::uint64_t refused() const noexcept;

private:
    metric_registry_options options_;
    std::shared_ptr<detail::metric_store> store_;
};

/// Of what `read` gave: the value of one series, or a histogram's count; 0 where there is none. For tests and reports.
[[nodiscard]] double metric_value(const std::vector<metric_family>& read, const metric& of, const metric_labels& which);
/// Of all its series together.
[[nodiscard]] double metric_total(const std::vector<metric_family>& read, const metric& of);

}  // namespace cutwater
