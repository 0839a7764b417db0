#include "cutwater/policy/circuit_breaker/window.hpp"

#include <algorithm>

namespace cutwater {

std::int64_t time_window::tick_of(instant t) const noexcept {
    const duration since = t.time_since_epoch();
    const std::int64_t tick = since / bucket_length_;
    return since % bucket_length_ < duration::zero() ? tick - 1 : tick;
}

void time_window::add(call_mark m, std::uint64_t n, instant now) {
    if (!ring_) ring_.make(buckets_);
    const std::int64_t tick = tick_of(now);
    bucket& b = (*ring_)[static_cast<std::size_t>((tick % buckets_ + buckets_) % buckets_)];
    if (b.tick > tick) return;  // a verdict older than the whole window: it decides nothing any more
    if (b.tick < tick) b = {.tick = tick, .counts = {}};
    b.counts.calls += n;
    b.counts.failures += m.failed ? n : 0;
    b.counts.slow += m.slow ? n : 0;
}

void time_window::clear() noexcept {
    if (ring_) std::ranges::fill(*ring_, bucket{});
}

window_counts time_window::counts(instant now) const noexcept {
    window_counts sum;
    if (!ring_) return sum;
    const std::int64_t newest = tick_of(now);
    for (const bucket& b : *ring_) {
        if (b.tick > newest || b.tick <= newest - buckets_) continue;
        sum.calls += b.counts.calls;
        sum.failures += b.counts.failures;
        sum.slow += b.counts.slow;
    }
    return sum;
}

bool time_window::is_empty(instant now) const noexcept {
    if (!ring_) return true;
    const std::int64_t newest = tick_of(now);
    return std::ranges::all_of(*ring_,
                               [&](const bucket& b) { return b.counts.calls == 0 || b.tick <= newest - buckets_; });
}

void count_window::add(call_mark m, std::uint64_t n, instant) {
    if (m.is_clean() && n >= size_) {  // nothing older is left
        clear();
        calls_ = size_;
        return;
    }
    if (!marks_) {
        if (m.is_clean()) {
            calls_ = static_cast<unsigned>(std::min<std::uint64_t>(calls_ + n, size_));
            return;
        }
        marks_.make(size_);
    }
    for (n = std::min<std::uint64_t>(n, size_); n > 0; --n) put(m);
}

void count_window::put(call_mark m) noexcept {
    call_mark& place = (*marks_)[next_];  // it holds the oldest of a full window, else nothing
    if (calls_ < size_) ++calls_;
    failures_ = failures_ - place.failed + m.failed;
    slow_ = slow_ - place.slow + m.slow;
    place = m;
    next_ = next_ + 1 == size_ ? 0 : next_ + 1;
}

void count_window::clear() noexcept {
    if (marks_) std::ranges::fill(*marks_, call_mark{});
    next_ = calls_ = failures_ = slow_ = 0;
}

void failure_run::add(call_mark m, std::uint64_t n, instant) noexcept { failures_ = m.failed ? failures_ + n : 0; }

call_window make_window(const circuit_breaker_options& options) noexcept {
    switch (options.window) {
        case breaker_window::time: break;
        case breaker_window::count: return count_window{options.window_calls};
        case breaker_window::consecutive: return failure_run{};
    }
    return time_window{options.window_time, options.window_buckets};
}

}  // namespace cutwater
