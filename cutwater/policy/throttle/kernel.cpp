#include "cutwater/policy/throttle/kernel.hpp"

namespace cutwater {

// ---- the window ----

auto throttle_window::tick_of(instant t) const noexcept -> tick {
    const duration since = t.time_since_epoch();
    const tick whole = since / bucket_length_;
    return since % bucket_length_ < duration::zero() ? whole - 1 : whole;
}

instant throttle_window::bucket_end() const noexcept {
    if (current_ == none) return instant::min();
    if (current_ < 0) return instant{bucket_length_ * (current_ + 1)};
    return cutwater::add(instant{bucket_length_ * current_}, bucket_length_);
}

bool throttle_window::is_far_from_current(tick t) const noexcept {
    return t - current_ >= tick{buckets} || current_ - t >= tick{buckets};
}

bool throttle_window::move_to(instant now) noexcept {
    const tick then = tick_of(now);
    if (is_far_from_current(then))
        ring_.fill({});  // at once, however long the gap
    else if (then <= current_)
        return false;
    else
        for (tick t = current_ + 1; t <= then; ++t) ring_[slot_of(t)] = {};
    current_ = then;
    return true;
}

throttle_counts throttle_window::counts_since(tick newest) const noexcept {
    throttle_counts sum;
    for (tick t = newest - tick{buckets} + 1; t <= current_; ++t) sum += ring_[slot_of(t)];
    return sum;
}

throttle_counts throttle_window::counts_at(instant now) const noexcept {
    const tick then = tick_of(now);
    if (is_far_from_current(then)) return {};
    return counts_since(std::max(then, current_));
}

// ---- the throttle ----

auto throttle_kernel::ask(instant now, double dice) -> answer {
    if (in_force_.probability == 0.0) return {};
    answer given;
    if (window_.move_to(now)) given.made = compute(bucket::has_passed);
    given.by = in_force_;
    given.rejected = dice < in_force_.probability;
    if (given.rejected) window_.add({.requests = 1, .accepts = 0});
    return given;
}

auto throttle_kernel::record_accepted(instant now) -> change {
    const bool passed = window_.move_to(now);
    window_.add({.requests = 1, .accepts = 1});
    if (passed) return compute(bucket::has_passed);
    return rejects_ ? compute(bucket::goes_on) : std::nullopt;
}

auto throttle_kernel::record_failed(instant now) -> change {
    const bool passed = window_.move_to(now);
    window_.add({.requests = 1, .accepts = 0});
    return compute(passed ? bucket::has_passed : bucket::goes_on);
}

auto throttle_kernel::compute(bucket b) noexcept -> change {
    const throttle_counts counts = window_.counts();
    const bool before = rejects_;
    in_force_ = {.counts = counts, .probability = rejection_probability(counts, *options_)};
    rejects_ = in_force_.probability > 0.0 || (before && b == bucket::goes_on);
    if (rejects_ == before) return {};
    return throttle_change{.rejects = rejects_, .seen = in_force_};
}

throttle_reading throttle_kernel::read(instant now) const noexcept {
    const throttle_counts counts = window_.counts_at(now);
    return {.counts = counts, .probability = rejection_probability(counts, *options_)};
}

}  // namespace cutwater
