#include "cutwater/policy/rate_limiter/cells.hpp"

#include "cutwater/policy/rate_limiter/events.hpp"

namespace cutwater {

refusal rate_cells::refuse(word w, call_context& call, instant now) const {
    const unsigned weight = call.said().weight;
    const duration wait = rule_.wait_for(w, weight, now);
    call.emit(layer_, [&] { return rate_refused{permits_, per_, weight, wait}; });
    refusal why{.reason = errc::rate_limited};
    if (wait != forever) why.retry_after = wait;
    return why;
}

}  // namespace cutwater
