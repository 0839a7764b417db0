#include "cutwater/policy/retry/kernel.hpp"

#include <algorithm>

namespace cutwater {

namespace {

retry_decision stop(give_up_reason why) { return {.what = loop_step::kind::give_up, .delay = {}, .reason = why}; }

}  // namespace

retry_decision retry_kernel::after(const observation& seen, duration elapsed, duration left, random_source& random) {
    if (seen.meaning() == verdict::success) return {};
    if (const auto why = obstacle(seen)) return stop(*why);
    return schedule(seen, elapsed, left, random);
}

std::optional<give_up_reason> retry_kernel::obstacle(const observation& seen, unsigned left) const {
    if (seen.meaning() == verdict::cancelled) return give_up_reason::cancelled;
    if (seen.meaning() == verdict::rejected) {
        if (options_->refusals == on_refusal::give_up || !seen.retry_after()) return give_up_reason::refused;
    } else if (!(options_->should_retry ? options_->should_retry(seen) : seen.meaning() == verdict::transient)) {
        return give_up_reason::not_transient;
    }
    if (stated_ == idempotency::not_idempotent && seen.executed() != effect::none)
        return give_up_reason::not_idempotent;
    if (further() == 0) return give_up_reason::attempts_exhausted;
    if (left == 0) return give_up_reason::left_to_caller;
    return {};
}

retry_decision retry_kernel::schedule(const observation& seen, duration elapsed, duration left, random_source& random) {
    elapsed = std::max(elapsed, duration::zero());
    if (elapsed >= options_->max_total) return stop(give_up_reason::time_exhausted);
    if (options_->should_stop && options_->should_stop(attempts_, elapsed)) return stop(give_up_reason::stopped);
    const duration total_left = options_->max_total == forever ? forever : options_->max_total - elapsed;
    return wait_for(seen, std::min(left, total_left), random);
}

retry_decision retry_kernel::wait_for(const observation& seen, duration longest, random_source& random) {
    const duration wish = seen.retry_after().value_or(duration::zero());
    if (wish < duration::zero()) return stop(give_up_reason::unwanted);
    if (wish > options_->max_retry_after) return stop(give_up_reason::retry_after_too_long);
    if (wish >= longest) return stop(give_up_reason::time_exhausted);
    const duration wanted = wish > duration::zero() ? spread(wish, longest, random) : own_delay(seen, random);
    const duration delay = std::max(wanted, options_->min_delay);
    if (delay >= longest) return stop(give_up_reason::time_exhausted);
    return {.what = loop_step::kind::again, .delay = delay, .reason = {}};
}

duration retry_kernel::own_delay(const observation& seen, random_source& random) {
    const duration plain = options_->delay_by
                               ? std::clamp(options_->delay_by(attempts_, seen), duration::zero(), options_->max_delay)
                               : backoff_delay(*options_, attempts_);
    return previous_ = jittered(*options_, plain, previous_, random);
}

}  // namespace cutwater
