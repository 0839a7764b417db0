#include "cutwater/policy/circuit_breaker/window.hpp"

#include <algorithm>

namespace cutwater {

void count_window::add(call_mark m) {
    if (m.is_clean()) return add_successes(1);
    if (marks_.empty()) marks_.resize(size_);
    if (counts_.calls == size_) forget_oldest();
    marks_[next_] = m;
    counts_.failures += m.failed ? 1 : 0;
    counts_.slow += m.slow ? 1 : 0;
    ++counts_.calls;
    advance();
}

void count_window::add_successes(std::uint64_t n) {
    if (n >= size_) {  // nothing older is left
        clear();
        counts_.calls = size_;
        return;
    }
    for (; n > 0; --n) {
        if (counts_.calls == size_) forget_oldest();
        if (!marks_.empty()) marks_[next_] = {};
        ++counts_.calls;
        advance();
    }
}

void count_window::clear() noexcept {
    std::ranges::fill(marks_, call_mark{});
    counts_ = {};
    next_ = 0;
}

void count_window::forget_oldest() noexcept {
    const call_mark oldest = marks_.empty() ? call_mark{} : marks_[next_];
    counts_.failures -= oldest.failed ? 1 : 0;
    counts_.slow -= oldest.slow ? 1 : 0;
    --counts_.calls;
}

void time_window::add_many(call_mark m, std::uint64_t n, instant now) {
    if (ring_.empty()) ring_.resize(buckets_);
    const std::int64_t tick = tick_of(now);
    bucket& b = ring_[static_cast<std::size_t>(tick % buckets_ + buckets_) % buckets_];
    if (b.tick > tick) return;  // a verdict older than the whole window: it decides nothing any more
    if (b.tick < tick) b = {.tick = tick, .counts = {}};
    b.counts.calls += n;
    b.counts.failures += m.failed ? n : 0;
    b.counts.slow += m.slow ? n : 0;
}

window_counts time_window::counts(instant now) const noexcept {
    const std::int64_t newest = tick_of(now);
    window_counts sum;
    for (const bucket& b : ring_) {
        if (b.tick <= newest - buckets_ || b.tick > newest) continue;
        sum.calls += b.counts.calls;
        sum.failures += b.counts.failures;
        sum.slow += b.counts.slow;
    }
    return sum;
}

}  // namespace cutwater
