#include "cutwater/testing/virtual_time.hpp"

#include <algorithm>
#include <stdexcept>

namespace cutwater::testing {

bool virtual_time::advance_to_next() {
    if (scheduled_.empty()) return false;
    auto next = scheduled_.extract(scheduled_.begin());
    now_ = std::max(present(), next.key());
    next.mapped()();
    return true;
}

void virtual_time::advance_to(instant t) {
    while (!scheduled_.empty() && scheduled_.begin()->first <= t) advance_to_next();
    now_ = std::max(present(), t);
}

wait_end virtual_time::wait(parker& place, instant until, const std::stop_token& stop) {
    const instant began = present();
    const auto ended = [&](wait_end how) {
        sleeps_.push_back(present() - began);
        return how;
    };
    for (;;) {
        if (place.take_wake()) return ended(wait_end::woken);
        if (stop.stop_requested()) return ended(wait_end::cancelled);
        if (scheduled_.empty() || scheduled_.begin()->first > until) break;
        advance_to_next();
    }
    if (until == never)
        throw std::logic_error{"virtual_time: the call waits for ever, and nothing is scheduled to wake it"};
    now_ = std::max(present(), until);
    return ended(wait_end::time);
}

}  // namespace cutwater::testing
