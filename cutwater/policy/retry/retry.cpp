#include "cutwater/policy/retry/retry.hpp"

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

}  // namespace

/// What ends a call whatever the time, costs neither a look at the clock nor a random number.
loop_step retry::session::after_failure(const observation& seen, call_context& call, moment& now) {
    if (seen.meaning() == verdict::success) {
        call.emit(owner_->layer_, [&] { return retry_rescued{kernel_.attempts()}; });
        return loop_step::finish();
    }
    if (const auto why = kernel_.obstacle(seen)) return end(seen, *why, call);
    const duration elapsed = owner_->needs_start_ ? between(started_, now) : duration::zero();
    const duration left = call.deadline == never ? forever : between(now, call.deadline);
    const retry_decision next = kernel_.schedule(seen, elapsed, left, call.random());
    if (next.what != loop_step::kind::again) return end(seen, next.reason, call);
    remember(seen, next.delay);
    tell_retry(seen, next.delay, call);
    return loop_step::again(add(now, next.delay));
}

/// The hook first: where it throws there is no retry, and nobody is told that there will be one.
void retry::session::tell_retry(const observation& seen, duration delay, call_context& call) const {
    const auto scheduled = [&] { return retry_scheduled{kernel_.attempts(), delay, type_of(seen), words_of(seen)}; };
    if (owner_->options_.on_retry) owner_->options_.on_retry(scheduled());
    call.emit(owner_->layer_, scheduled);
}

loop_step retry::session::end(const observation& seen, give_up_reason why, call_context& call) {
    if (history_) remember(seen, duration::zero());
    if (why == give_up_reason::cancelled) return loop_step::give_up();
    const bool wanted_another = why == give_up_reason::time_exhausted || why == give_up_reason::stopped;
    if (kernel_.attempts() == 1 && !wanted_another)
        call.emit(owner_->layer_, [&] { return retry_not_tried{why, type_of(seen), words_of(seen)}; });
    else
        call.emit(owner_->layer_,
                  [&] { return retry_gave_up{kernel_.attempts(), why, type_of(seen), words_of(seen)}; });
    return loop_step::give_up();
}

void retry::session::overslept(const observation& seen, call_context& call) const {
    call.emit(owner_->layer_, [&] {
        return retry_gave_up{kernel_.attempts(), give_up_reason::time_exhausted, type_of(seen), words_of(seen)};
    });
}

/// Bounded however long the call goes on: the first attempt is kept, and the latest.
void retry::session::remember(const observation& seen, duration wait_after) {
    if (!history_) history_ = std::make_unique<std::vector<attempt_record>>();
    if (history_->size() == most_records) history_->erase(history_->begin() + 1);
    history_->push_back({.number = kernel_.attempts(),
                         .code = seen.failure != nullptr ? seen.failure->code() : std::error_code{},
                         .wait_after = wait_after,
                         .text = words_of(seen),
                         .executed = known_effect(seen)});
}

void retry::session::explain(error& last) {
    if (!history_) return;
    history_->back().wait_after = duration::zero();  // whatever was planned: nothing came after it
    last.with_history(std::move(*history_));
}

}  // namespace cutwater
