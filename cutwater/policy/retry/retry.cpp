#include "cutwater/policy/retry/retry.hpp"

#include <algorithm>

namespace cutwater {

namespace {

std::string type_of(const observation& seen) { return seen.failure != nullptr ? seen.failure->type() : "result"; }
std::string words_of(const observation& seen) {
    return seen.failure != nullptr ? seen.failure->words() : words_of(seen.judged);
}

/// Where only the code says it, that is left for whoever asks.
effect known_effect(const observation& seen) {
    const bool stated = seen.judged.executed != effect::unstated || seen.meaning() == verdict::rejected;
    if (!stated && seen.failure != nullptr && seen.failure->history().empty()) return effect::unstated;
    return seen.executed();
}

/// Our caller makes the further ones only where it has left us none: what it left us may be used up, by hedges too.
give_up_reason whose(give_up_reason why, const call_context& call) noexcept {
    const bool had_some = call.said().retries_left.value_or(0) > 0;
    return why == give_up_reason::left_to_caller && had_some ? give_up_reason::attempts_exhausted : why;
}

}  // namespace

/// What ends a call whatever the time, costs neither a look at the clock nor a random number.
loop_step retry::session::after_failure(const observation& seen, call_context& call, moment& now) {
    if (seen.meaning() == verdict::success) {
        call.emit(owner_->layer_, [&] { return retry_rescued{kernel_.attempts()}; });
        return loop_step::finish();
    }
    if (const auto why = kernel_.obstacle(seen, call.own_retries_left())) return end(seen, whose(*why, call), call);
    const duration elapsed = owner_->needs_start_ ? between(started_, now) : duration::zero();
    const duration left = call.deadline == never ? forever : between(now, call.deadline);
    const retry_decision next = kernel_.schedule(call.heeded(seen), elapsed, left, call.random());
    if (next.what != loop_step::kind::again) return end(seen, next.reason, call);
    call.paid_to = nullptr;
    if (owner_->pays() && !pay(seen, call)) return end(seen, give_up_reason::budget_exhausted, call);
    remember(seen, next.delay, call);
    tell_retry(seen, next.delay, call);
    call.tried().keep_wish(false);  // it was that attempt's
    return loop_step::again(add(now, next.delay));
}

/// For the attempt that is scheduled, and for those that it leaves to what is called.
bool retry::session::pay(const observation& seen, call_context& call) noexcept {
    sent_ = call.sent;
    if (owner_->budget_ != nullptr) {
        paid_ = owner_->budget_->try_charge(&seen, call);
        if (!paid_) return false;
        call.paid_to = owner_->budget_;
        call.paid = *paid_;
    }
    const unsigned further = std::min(kernel_.further(), call.own_retries_left());
    hand_down(call, further - 1);
    return true;
}

/// As many as there are, and as the budget pays for.
void retry::session::hand_down(call_context& call, unsigned most) noexcept {
    most = std::min({most, owner_->options_.retries_below, call.own_retries_left()});
    for (below_ = 0; below_ < most; ++below_) {
        if (owner_->budget_ == nullptr) continue;
        const auto paid = owner_->budget_->try_charge(nullptr, call);
        if (!paid) break;
        paid_below_[below_] = *paid;
    }
    kernel_.give_away(below_);
    call.given_away += below_;
    call.handed_down = below_;
}

/// An attempt is over. What was sent is paid for, and what it has left to others counts as made: they may have done so.
void retry::session::settle(const observation& seen, call_context& call) noexcept {
    const budget_charge paid = paid_.value_or(budget_charge{});
    if (call.sent == sent_) {
        kernel_.take_back(below_);
        call.given_away -= below_;
        refund();
    }
    paid_.reset();
    below_ = 0;
    if (owner_->budget_ != nullptr) owner_->tell_budget(seen, paid, call);
    if (paid != budget_charge{}) call.paid_to = nullptr;  // a layer outside has not paid for it
}

void retry::session::refund() noexcept {
    if (owner_->budget_ != nullptr) {
        if (paid_) owner_->budget_->refund(*paid_);
        for (unsigned i = 0; i < below_; ++i) owner_->budget_->refund(paid_below_[i]);
    }
    paid_.reset();
    below_ = 0;
}

/// Each call once, by the outermost of several layers that share a budget.
void retry::count_original(call_context& call) const noexcept {
    if (!call.is_original() || call.told_budget == budget_) return;
    call.told_budget = budget_;
    budget_->count_original(call);
}

/// Each attempt once, by the innermost of several layers that share a budget; whichever of them has paid for it.
void retry::tell_budget(const observation& seen, budget_charge paid, call_context& call) const noexcept {
    if (!judges_dependency(seen.meaning()) || call.sent == 0) return;
    if (call.told_budget == budget_ && call.told_sent == call.sent) return;
    call.told_budget = budget_;
    call.told_sent = call.sent;
    const bool is_paid_outside = paid == budget_charge{} && call.paid_to == budget_;
    budget_->count_outcome(seen, is_paid_outside ? call.paid : paid, call);
}

/// The hook first: where it throws there is no retry, and nobody is told that there will be one.
void retry::session::tell_retry(const observation& seen, duration delay, call_context& call) const {
    const auto scheduled = [&] { return retry_scheduled{kernel_.attempts(), delay, type_of(seen), words_of(seen)}; };
    if (owner_->options_.on_retry) owner_->options_.on_retry(scheduled());
    call.emit(owner_->layer_, scheduled);
}

loop_step retry::session::end(const observation& seen, give_up_reason why, call_context& call) {
    if (history_) remember(seen, duration::zero(), call);
    if (why == give_up_reason::cancelled) return loop_step::give_up();
    const bool wanted_another = why == give_up_reason::time_exhausted || why == give_up_reason::stopped ||
                                why == give_up_reason::budget_exhausted;
    if (kernel_.attempts() == 1 && !wanted_another)
        call.emit(owner_->layer_, [&] { return retry_not_tried{why, type_of(seen), words_of(seen)}; });
    else
        call.emit(owner_->layer_,
                  [&] { return retry_gave_up{kernel_.attempts(), why, type_of(seen), words_of(seen)}; });
    return loop_step::give_up();
}

void retry::session::overslept(const observation& seen, call_context& call) {
    refund();
    call.emit(owner_->layer_, [&] {
        return retry_gave_up{kernel_.attempts(), give_up_reason::time_exhausted, type_of(seen), words_of(seen)};
    });
}

/// Bounded however long the call goes on: the first attempt is kept, and the latest.
void retry::session::remember(const observation& seen, duration wait_after, const call_context& call) {
    if (!history_) history_ = std::make_unique<std::vector<attempt_record>>();
    if (history_->size() == most_records) history_->erase(history_->begin() + 1);
    history_->push_back({.number = call.attempt,
                         .code = seen.failure != nullptr ? seen.failure->code() : std::error_code{},
                         .wait_after = wait_after,
                         .text = words_of(seen),
                         .executed = known_effect(seen)});
}

void retry::session::explain(error& last) {
    refund();
    if (!history_) return;
    history_->back().wait_after = duration::zero();  // whatever was planned: nothing came after it
    last.with_history(std::move(*history_));
}

}  // namespace cutwater
