#include "cutwater/observe/trace/tracer.hpp"

#include <utility>

#include "cutwater/observe/trace/kernel.hpp"

namespace cutwater {

tracer::tracer(span_sink& to, tracer_options options, environment& time)
    : to_{&to}, options_{validated("tracer", std::move(options))}, time_{&time} {
    resync();
}

void tracer::resync() {
    const auto wall = options_.wall_clock ? options_.wall_clock() : std::chrono::system_clock::now();
    const duration since_1970 = std::chrono::duration_cast<duration>(wall.time_since_epoch());
    offset_.store((since_1970 - time_->now().time_since_epoch()).count(), std::memory_order_relaxed);
}

bool tracer::samples(const trace_context* parent, const trace_id& id) const noexcept {
    if (parent != nullptr && options_.caller == caller_decision::followed) return parent->is_sampled();
    return is_in_share(id, options_.share);
}

}  // namespace cutwater
