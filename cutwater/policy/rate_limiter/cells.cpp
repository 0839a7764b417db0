#include "cutwater/policy/rate_limiter/cells.hpp"

#include "cutwater/policy/rate_limiter/events.hpp"

namespace cutwater {

refusal rate_cells::refuse(word w, call_context& call, instant now) const {
    const unsigned weight = call.said().weight;
    const duration wait = rule_.wait_for(w, weight, now);
    if (wait == forever) {
        call.emit(layer_, [&] { return rate_too_heavy{weight, rule_.burst()}; });
        return {.reason = errc::rate_limited};
    }
    call.emit(layer_, [&] { return rate_refused{permits_, per_, weight, wait}; });
    return {.reason = errc::rate_limited, .retry_after = wait};
}

}  // namespace cutwater
