#include "cutwater/policy/hedge/hedge.hpp"

#include <algorithm>

namespace cutwater {

namespace {

/// How many attempts beside the first the call may have.
unsigned further_attempts(const hedge_options& o, const call_context& call) {
    const idempotency stated = call.said().idempotent;
    const idempotency means = stated == idempotency::unstated ? o.unstated_means : stated;
    return means == idempotency::idempotent ? call.own_retries_left() : 0;
}

}  // namespace

hedge::session::session(const hedge& owner, call_context& call, moment& now)
    : owner_{&owner}, kernel_{owner.options_, further_attempts(owner.options_, call)}, started_{now} {
    attempt_budget* const budget = owner.options_.budget;
    const bool counted_outside = call.is_retried;
    if (budget != nullptr && budget->wants_originals() && call.is_original() && !counted_outside)
        budget->count_original(call);
}

race_step hedge::session::next(call_context& call, moment& now) {
    for (;;) {
        const race_step said = kernel_.next(now, call.deadline);
        if (said.what == race_step::kind::finish) tell_ended(call);
        if (said.what != race_step::kind::begin || kernel_.attempts() == 0 || can_pay(call)) return said;
        kernel_.suppressed(now, delay(now));
    }
}

void hedge::session::begun(call_context& call, moment& now) {
    const hedge_cause why = kernel_.cause();
    kernel_.begun(now, delay(now));
    if (kernel_.attempts() == 1) return;
    call.emit(owner_->layer_, [&] { return hedge_begun{kernel_.under_way(), why, between(started_, now)}; });
}

bool hedge::session::ended(const observation& seen, call_context& call, moment& now) {
    last_ = seen.meaning();
    if (attempt_budget* const budget = owner_->options_.budget; budget != nullptr && judges_dependency(last_))
        budget->count_outcome(seen, last_ == verdict::success ? paid_ : budget_charge{}, call);
    const bool stands = kernel_.ended(call.heeded(seen), now);
    if (stands) tell_ended(call);
    return stands;
}

duration hedge::session::delay(instant now) const {
    const hedge_options& o = owner_->options_;
    if (o.delay_by) return std::max(o.min_delay, o.delay_by());
    const auto tracked = o.estimate != nullptr ? o.estimate->percentile(o.percentile, now) : std::nullopt;
    return std::max(o.min_delay, tracked ? tracked->value : o.delay);
}

bool hedge::session::can_pay(call_context& call) {
    attempt_budget* const budget = owner_->options_.budget;
    if (budget == nullptr) return true;
    const std::optional<budget_charge> paid = budget->try_charge(nullptr, call);
    if (paid) paid_ = *paid;
    if (!paid && !std::exchange(suppressed_, true))
        call.emit(owner_->layer_, [&] { return hedge_suppressed{kernel_.under_way()}; });
    return paid.has_value();
}

void hedge::session::tell_ended(call_context& call) const {
    if (kernel_.attempts() > 1)
        call.emit(owner_->layer_, [&] { return hedge_ended{kernel_.attempts(), kernel_.under_way(), last_}; });
}

}  // namespace cutwater
