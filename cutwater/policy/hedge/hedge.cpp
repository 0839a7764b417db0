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
    : owner_{&owner}, kernel_{owner.options_, further_attempts(owner.options_, call)}, first_{call.attempt},
      started_{now}, sent_{call.sent}, charges_{owner.options_.budget} {
    attempt_budget* const budget = owner.options_.budget;
    if (budget == nullptr || !budget->wants_originals() || !call.is_original() || call.told_budget == budget) return;
    call.told_budget = budget;  // once, by the outermost of several layers that share it
    budget->count_original(call);
}

/// The hook first: where it throws nothing is paid for, and nothing begins.
race_step hedge::session::next(call_context& call, moment& now) {
    for (;;) {
        const race_step said = kernel_.next(now, call.deadline);
        if (said.what != race_step::kind::begin) return said;
        delay_ = delay(now);
        if (kernel_.attempts() == 0 || can_pay(call)) return said;
        kernel_.suppressed(now, delay_);
    }
}

void hedge::session::begun(call_context& call, moment& now) noexcept {
    const hedge_cause why = kernel_.cause();
    kernel_.begun(now, delay_);
    if (kernel_.attempts() == 1) return;
    if (owner_->options_.budget != nullptr) {
        charges_.add(call.attempt, paid_);
        call.paid_to = owner_->options_.budget;
        call.paid = paid_;
    }
    call.emit(owner_->layer_, [&] { return hedge_begun{kernel_.under_way(), why, between(started_, now)}; });
}

bool hedge::session::ended(const observation& seen, call_context& call, moment& now) {
    if (owner_->options_.budget != nullptr) {
        const unsigned sent = call.sent - std::exchange(sent_, call.sent);
        const bool is_paid_outside = call.attempt == first_ && call.paid_to == owner_->options_.budget;
        const budget_charge paid = is_paid_outside ? call.paid : charges_.settle(call.attempt, sent);
        if (sent > 0) tell_budget(seen, paid, call);
    }
    return kernel_.ended(call.heeded(seen), now);
}

void hedge::session::lost(call_context& call) noexcept {
    (void)charges_.settle(call.attempt, call.sent - std::exchange(sent_, call.sent));
}

void hedge::session::over(verdict meaning, call_context& call) noexcept {
    if (kernel_.attempts() > 1)
        call.emit(owner_->layer_, [&] { return hedge_ended{kernel_.attempts(), kernel_.under_way(), meaning}; });
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
    charges_.expect(owner_->options_.max_attempts - 1);  // before anything is paid
    const std::optional<budget_charge> paid = budget->try_charge(nullptr, call);
    if (paid) paid_ = *paid;
    if (!paid && !std::exchange(suppressed_, true))
        call.emit(owner_->layer_, [&] { return hedge_suppressed{kernel_.under_way()}; });
    return paid.has_value();
}

/// Each attempt once, by the innermost of several layers that share a budget.
void hedge::session::tell_budget(const observation& seen, budget_charge paid, call_context& call) const noexcept {
    attempt_budget* const budget = owner_->options_.budget;
    if (!judges_dependency(seen.meaning())) return;
    if (call.told_budget == budget && call.told_sent == call.sent) return;
    call.told_budget = budget;
    call.told_sent = call.sent;
    budget->count_outcome(seen, paid, call);
}

}  // namespace cutwater
