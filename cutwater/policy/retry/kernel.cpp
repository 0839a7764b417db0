#include "cutwater/policy/retry/kernel.hpp"

#include <algorithm>

namespace cutwater {

namespace {

retry_decision stop(give_up_reason why) { return {.again = false, .delay = {}, .reason = why}; }

}  // namespace

retry_decision retry_kernel::after(const observation& seen, duration elapsed, duration left, random_source& random) {
    if (const auto why = obstacle(seen, elapsed)) return stop(*why);
    const duration total_left = options_->max_total == forever ? forever : options_->max_total - elapsed;
    const retry_decision next = wait_for(seen, std::min(left, total_left), random);
    if (next.again) previous_ = next.delay;
    return next;
}

std::optional<give_up_reason> retry_kernel::obstacle(const observation& seen, duration elapsed) const {
    if (seen.meaning() == verdict::rejected) {
        if (options_->refusals == on_refusal::give_up || !seen.retry_after()) return give_up_reason::refused;
    } else if (!(options_->should_retry ? options_->should_retry(seen) : seen.meaning() == verdict::transient)) {
        return give_up_reason::not_transient;
    }
    if (stated_ == idempotency::not_idempotent && !seen.never_sent()) return give_up_reason::not_idempotent;
    if (attempts_ >= options_->max_attempts) return give_up_reason::attempts_exhausted;
    if (elapsed >= options_->max_total) return give_up_reason::time_exhausted;
    if (options_->should_stop && options_->should_stop(attempts_, elapsed)) return give_up_reason::stopped;
    return {};
}

retry_decision retry_kernel::wait_for(const observation& seen, duration longest, random_source& random) {
    duration delay{};
    if (const auto wish = seen.retry_after()) {
        if (*wish > options_->max_retry_after) return stop(give_up_reason::retry_after_too_long);
        const duration spread =
            std::min(add(*wish, random.below(*wish / 2)), add(options_->max_retry_after, *wish / 2));
        delay = spread < longest ? spread : *wish;
    } else {
        const duration plain =
            options_->delay_by ? std::clamp(options_->delay_by(attempts_, seen), duration::zero(), options_->max_delay)
                               : backoff_delay(*options_, attempts_);
        delay = jittered(*options_, plain, previous_, random);
    }
    delay = std::max(delay, options_->min_delay);
    if (delay >= longest) return stop(give_up_reason::time_exhausted);
    return {.again = true, .delay = delay, .reason = {}};
}

}  // namespace cutwater
