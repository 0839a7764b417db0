// What a breaker remembers of the calls that it has seen: three windows, one vocabulary.
//
// Successes may come in bulk: the lock-free path counts them elsewhere and hands them over before anything is decided.
// Memory is taken when the first failure comes, so an idle breaker is small.
#pragma once

#include <vector>

#include "cutwater/policy/circuit_breaker/options.hpp"

namespace cutwater {

struct window_counts {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t slow = 0;

    [[nodiscard]] double failure_rate() const noexcept { return share(failures); }
    [[nodiscard]] double slow_rate() const noexcept { return share(slow); }

    friend bool operator==(const window_counts&, const window_counts&) = default;

private:
    [[nodiscard]] double share(std::uint64_t part) const noexcept {
        return calls == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(calls);
    }
};

/// What one call adds to a window.
struct call_mark {
    bool failed = false;
    bool slow = false;

    [[nodiscard]] bool is_clean() const noexcept { return !failed && !slow; }
};

/// The last `size` calls, exactly.
class count_window {
public:
    explicit count_window(unsigned size) noexcept : size_{size} {}

    void add(call_mark m);
    void add_successes(std::uint64_t n);
    void clear() noexcept;
    [[nodiscard]] window_counts counts() const noexcept { return counts_; }

    /// Full of clean successes: one more changes nothing.
    [[nodiscard]] bool is_settled() const noexcept {
        return counts_.calls == size_ && counts_.failures == 0 && counts_.slow == 0;
    }

private:
    void forget_oldest() noexcept;
    void advance() noexcept { next_ = next_ + 1 == size_ ? 0 : next_ + 1; }

    unsigned size_;
    unsigned next_ = 0;
    window_counts counts_;
    std::vector<call_mark> marks_;  // a ring, made at the first mark that is not clean; clean until then
};

/// The calls of the last `window_time`, forgotten a bucket at a time: what counts is the current bucket and those
/// before it, so between (buckets - 1)/buckets of the time and all of it.
class time_window {
public:
    time_window(duration length, unsigned buckets) noexcept : bucket_length_{length / buckets}, buckets_{buckets} {}

    [[nodiscard]] std::int64_t tick_of(instant t) const noexcept { return t.time_since_epoch() / bucket_length_; }
    [[nodiscard]] unsigned buckets() const noexcept { return buckets_; }

    void add(call_mark m, instant now) { add_many(m, 1, now); }
    void add_successes(std::uint64_t n, instant now) { add_many({}, n, now); }
    void clear() noexcept { ring_.clear(); }
    [[nodiscard]] window_counts counts(instant now) const noexcept;

private:
    struct bucket {
        std::int64_t tick = std::numeric_limits<std::int64_t>::min();
        window_counts counts;
    };
    void add_many(call_mark m, std::uint64_t n, instant now);

    duration bucket_length_;
    unsigned buckets_;
    std::vector<bucket> ring_;
};

}  // namespace cutwater
