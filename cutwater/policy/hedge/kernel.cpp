#include "cutwater/policy/hedge/kernel.hpp"

namespace cutwater {

race_step hedge_kernel::next(instant now, instant deadline) const noexcept {
    if (!may_begin(deadline)) return under_way_ > 0 ? race_step::wait(never) : race_step::finish();
    return begun_ == 0 || now >= next_ ? race_step::begin() : race_step::wait(next_);
}

void hedge_kernel::begun(instant now, duration delay) noexcept {
    ++begun_;
    ++under_way_;
    cause_ = hedge_cause::delay;
    next_ = add(now, delay);
}

void hedge_kernel::suppressed(instant now, duration delay) noexcept {
    if (under_way_ == 0) closed_ = true;
    cause_ = hedge_cause::delay;
    next_ = add(now, delay);
}

bool hedge_kernel::ended(const observation& seen, instant now) {
    --under_way_;
    switch (seen.meaning()) {
        case verdict::success: return true;
        case verdict::cancelled: closed_ = true; return false;
        case verdict::rejected: closed_ = closed_ || under_way_ == 0; return false;
        default: break;
    }
    if (!goes_on(seen)) return true;
    heed(seen.retry_after(), now);
    return false;
}

bool hedge_kernel::goes_on(const observation& seen) const {
    return options_->should_go_on ? options_->should_go_on(seen) : seen.meaning() == verdict::transient;
}

void hedge_kernel::heed(std::optional<duration> wish, instant now) noexcept {
    const duration asked = wish.value_or(duration::zero());
    if (asked < duration::zero() || asked > options_->max_retry_after) closed_ = true;
    cause_ = hedge_cause::failure;
    left_alone_until_ = std::max(left_alone_until_, add(now, asked));
    next_ = left_alone_until_;
}

}  // namespace cutwater
