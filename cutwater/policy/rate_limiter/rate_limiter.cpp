#include "cutwater/policy/rate_limiter/rate_limiter.hpp"

#include <algorithm>

namespace cutwater {

namespace {

/// The last instant at which a permit is of use: at its deadline nothing is sent any more.
instant last_of(const call_context& call) { return add(call.deadline, duration{-1}); }

/// When one who waits is told that it was in vain.
instant end_of(const waiter& w, const call_context& call) { return w.until < last_of(call) ? w.until : call.deadline; }

}  // namespace

rate_limiter::rate_limiter(rate_limiter_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      rate_{std::make_unique<shared_rate>(options_)} {}

admission<rate_limiter::ticket> rate_limiter::admit_by_lock(call_context& call, moment& now) {
    const unsigned weight = call.said().weight;
    if (const auto slot = rate_->try_take(weight, now)) return ticket{.slot = *slot, .sent = call.sent};
    if (options_.max_queue > 0) return wait_until{};
    return refuse(rate_->wait_for(weight, now), call);
}

admission<rate_limiter::ticket> rate_limiter::enqueue(waiter& w, call_context& call, moment& now) {
    w.weight = call.said().weight;
    w.importance = call.said().importance;
    w.until = std::min(add(now, options_.max_wait), last_of(call));
    const auto [what, slot, wait] = rate_->take_or_queue(w, now, between(now, w.until));
    switch (what) {
        case shared_rate::answer::taken: return ticket{.slot = slot, .sent = call.sent};
        case shared_rate::answer::full:
        case shared_rate::answer::too_long: return refuse(wait, call);
        case shared_rate::answer::queued: break;
    }
    call.emit(layer_, [&] { return rate_queued{queued(), wait}; });
    return wait_until{std::min(add(now, wait), end_of(w, call))};
}

admission<rate_limiter::ticket> rate_limiter::resume(waiter& w, call_context& call, moment& now) {
    const shared_rate::waiting seen = rate_->look_again(w, now);
    if (seen.slot) {
        tell_ended(true, w, call);
        return ticket{.slot = *seen.slot, .sent = call.sent};
    }
    if (seen.turned_away && *seen.turned_away != errc::wait_timed_out) {
        tell_ended(false, w, call);
        return refusal{.reason = *seen.turned_away};
    }
    if (seen.turned_away || now.get() >= w.until) return waited_in_vain(w, call);
    return wait_until{std::min(seen.next, end_of(w, call))};
}

void rate_limiter::tell_refused(duration wait, call_context& call) const {
    const unsigned weight = call.said().weight;
    if (wait == forever) return call.emit(layer_, [&] { return rate_too_heavy{weight, options_.most_at_once()}; });
    call.emit(layer_, [&] { return rate_refused{options_.permits, options_.per, weight, wait}; });
}

admission<rate_limiter::ticket> rate_limiter::waited_in_vain(const waiter& w, call_context& call) const {
    refusal why{.reason = errc::wait_timed_out};
    if (w.until < last_of(call)) why.limit = options_.max_wait;
    tell_ended(false, w, call);
    return why;
}

void rate_limiter::tell_ended(bool admitted, const waiter& w, call_context& call) const {
    call.emit(layer_, [&] { return rate_wait_ended{.admitted = admitted, .waited = between(w.since, call.now)}; });
}

std::optional<rate_limiter::reservation> rate_limiter::reserve(instant now, duration longest, unsigned weight) {
    const auto made = rate_->reserve(weight, now, std::min(longest, options_.max_wait));
    if (!made) return {};
    return reservation{*rate_, *made, now};
}

}  // namespace cutwater
