#include "cutwater/policy/retry/retry.hpp"

namespace cutwater {

namespace {

std::string type_of(const observation& seen) { return seen.failure != nullptr ? seen.failure->type() : "result"; }
std::string words_of(const observation& seen) {
    return seen.failure != nullptr ? seen.failure->words()
                                   : "the result was judged " + std::string{to_text(seen.meaning())};
}

}  // namespace

loop_step retry::session::after_failure(const observation& seen, call_context& call, moment& now) {
    if (seen.meaning() == verdict::success) {
        call.emit(owner_->layer_, [&] { return retry_rescued{kernel_.attempts()}; });
        return loop_step::finish();
    }
    if (seen.meaning() == verdict::cancelled) return loop_step::give_up();
    const duration elapsed = owner_->needs_start() ? between(started_, now) : duration::zero();
    const duration left = call.deadline == never ? forever : between(now, call.deadline);
    const retry_decision next = kernel_.after(seen, elapsed, left, call.random());
    remember(seen, next.delay);
    if (!next.again) {
        tell_end(seen, next.reason, call);
        return loop_step::give_up();
    }
    const auto scheduled = [&] {
        return retry_scheduled{kernel_.attempts(), next.delay, type_of(seen), words_of(seen)};
    };
    call.emit(owner_->layer_, scheduled);
    if (owner_->options_.on_retry) owner_->options_.on_retry(scheduled());
    return loop_step::again(add(now, next.delay));
}

void retry::session::tell_end(const observation& seen, give_up_reason why, call_context& call) const {
    if (kernel_.attempts() == 1)
        call.emit(owner_->layer_, [&] { return retry_not_tried{why, type_of(seen), words_of(seen)}; });
    else
        call.emit(owner_->layer_,
                  [&] { return retry_gave_up{kernel_.attempts(), why, type_of(seen), words_of(seen)}; });
}

void retry::session::remember(const observation& seen, duration wait_after) {
    history_.push_back({.number = kernel_.attempts(),
                        .code = seen.failure != nullptr ? seen.failure->code() : std::error_code{},
                        .wait_after = wait_after,
                        .text = words_of(seen)});
}

void retry::session::explain(error& last) {
    if (history_.size() > 1) last.with_history(std::move(history_));
}

}  // namespace cutwater
