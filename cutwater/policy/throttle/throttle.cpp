#include "cutwater/policy/throttle/throttle.hpp"

#include <algorithm>

#include "cutwater/policy/throttle/events.hpp"

namespace cutwater {

throttle::throttle(throttle_options options)
    : options_{std::make_unique<const throttle_options>(validated(kind, std::move(options)))}, layer_{options_->name},
      last_window_{options_->windows == throttle_windows::by_criticality ? criticality_levels - 1 : 0} {
    static_assert(criticality_levels == 4, "the number of a window is cut out of a level by a mask");
    for (std::size_t i = 0; i <= last_window_; ++i) windows_[i] = std::make_unique<shared_throttle>(*options_);
}

admission<throttle::ticket> throttle::admit_slowly(shared_throttle& window, double dice, call_context& call,
                                                   moment& now) {
    const auto [rejected, by, change] = window.ask(now, dice);
    if (change) tell(*change, call);
    if (!rejected) return ticket{};
    return reject(by, call);
}

void throttle::settle_slowly(shared_throttle& window, const observation& seen, call_context& call, moment& now) {
    if (!judges_dependency(seen.meaning())) return;
    const auto change = counts(seen) ? window.record_failed(now) : window.record_accepted(now);
    if (change) tell(*change, call);
}

/// Whether it counts as not accepted.
bool throttle::counts(const observation& seen) const {
    if (!is_failure(seen.meaning())) return false;
    return options_->should_count ? options_->should_count(seen) : seen.meaning() == verdict::transient;
}

void throttle::tell(const throttle_change& change, call_context& call) const {
    const auto [counts, probability] = change.seen;
    const criticality importance = call.said().importance;
    if (change.rejects)
        call.emit(layer_, [&] { return throttle_began{probability, counts.requests, counts.accepts, importance}; });
    else
        call.emit(layer_, [&] { return throttle_ended{counts.requests, counts.accepts, importance}; });
}

/// Tells what is known already: who asks for the counts of this instant closes everybody's cells.
void throttle::tell_rejected(const throttle_reading& by, call_context& call) const {
    call.emit(layer_, [&] {
        return throttle_rejected{by.probability, by.counts.requests, by.counts.accepts, call.said().importance};
    });
}

bool throttle::is_fresh(instant now) const noexcept {
    return std::all_of(windows_.begin(), windows_.begin() + last_window_ + 1,
                       [&](const auto& window) { return window->is_fresh(now); });
}

bool throttle::should_reject(instant now, random_source& dice, criticality importance) {
    shared_throttle& window = window_of(importance);
    return !window.rejects_none() && window.ask(now, dice.unit()).rejected;
}

void throttle::record_accepted(instant now, criticality importance) { window_of(importance).record_accepted(now); }

void throttle::record_failed(instant now, criticality importance) { window_of(importance).record_failed(now); }

}  // namespace cutwater
