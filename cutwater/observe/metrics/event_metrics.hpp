// The listener that counts: what an event says that it measures (`event_kind::measures`) goes into a metric sink.
//
//     cw::metric_registry metrics;
//     cw::event_metrics counts{metrics};
//     cw::pipeline inventory{cw::observe{counts}, cw::retry{}, cw::timeout{500ms}};
//
// Nothing is registered: an event of your own policy is counted as it says itself. Operation and layer become labels, as they are: bounded sets. Where there
// are more than `max_series` of them here, the rest is counted as operation and detail `other`.
//
// With the first call of an operation that ends there are series of all ends that users see, the others at 0: what
// comes later is growth, which rates and alerts see.
//
// What it has counted is there as long as it is: its series go with it. Another listener (a log, say) hears the same events by `also`.
//
// Cost of an event that was heard before, with the same labels: a search in a table without a lock, and what the sink takes for each measure.
// Thread safety: from any thread. Lifetime: the sink outlives it, and it the pipelines that it watches. It never throws; what could not be
// counted is in `lost`.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "cutwater/core/events.hpp"
#include "cutwater/core/metric.hpp"

namespace cutwater {

namespace detail {
class series_table;
}

class event_metrics final : public listener {
public:
    /// `max_series`: combinations of event, layer, operation and detail that are told apart, from 1 to 1 000 000. Throws
    /// `invalid_options`.
    explicit event_metrics(metric_sink& to, std::size_t max_series = 4'096);
    event_metrics(const event_metrics&) = delete;
    event_metrics& operator=(const event_metrics&) = delete;
    ~event_metrics();

    void on_event(const event& e) noexcept override;

    /// Hands each event on to `next`, too, which outlives this. Before the first call.
    event_metrics& also(listener& next) noexcept { return next_ = &next, *this; }

    /// Events that could not be counted: there was no memory, or no room, or the sink refused a metric of theirs
    /// (`invalid_options`).
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
    void count(const event& e);

    std::unique_ptr<detail::series_table> table_;
    listener* next_ = nullptr;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace cutwater
