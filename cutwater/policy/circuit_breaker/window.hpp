// What a breaker remembers of the calls that it has seen: three windows, one vocabulary.
//
//     add(mark, n, now)   n calls that went alike      counts(now)     what is remembered
//     clear()             a new epoch begins           is_settled()    one more clean success would change nothing
//     is_empty(now)       it remembers nothing, now and later
//
// Memory is taken when the first call comes that needs it, so an idle breaker is small.
#pragma once

#include <variant>
#include <vector>

#include "cutwater/policy/circuit_breaker/boxed.hpp"
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
    bool failed : 1 = false;
    bool slow : 1 = false;

    [[nodiscard]] bool is_clean() const noexcept { return !failed && !slow; }
    friend bool operator==(const call_mark&, const call_mark&) = default;
};

/// The calls of the last `window_time`, forgotten a bucket at a time: what counts is the current bucket and those
/// before it, so between (buckets - 1)/buckets of the time and all of it.
class time_window {
public:
    time_window(duration length, unsigned buckets) noexcept : bucket_length_{length / buckets}, buckets_{buckets} {}

    void add(call_mark m, std::uint64_t n, instant now);
    void clear() noexcept;
    [[nodiscard]] window_counts counts(instant now) const noexcept;
    [[nodiscard]] static bool is_settled() noexcept { return false; }  // time forgets: every success counts
    [[nodiscard]] bool is_empty(instant now) const noexcept;

    friend bool operator==(const time_window&, const time_window&) = default;

private:
    struct bucket {
        std::int64_t tick = std::numeric_limits<std::int64_t>::min();
        window_counts counts;

        friend bool operator==(const bucket&, const bucket&) = default;
    };
    [[nodiscard]] std::int64_t tick_of(instant t) const noexcept;

    duration bucket_length_;
    unsigned buckets_;
    boxed<std::vector<bucket>> ring_;
};

/// The last `size` calls, exactly.
class count_window {
public:
    explicit count_window(unsigned size) noexcept : size_{size} {}

    void add(call_mark m, std::uint64_t n, instant now);
    void clear() noexcept;
    [[nodiscard]] window_counts counts(instant) const noexcept {
        return {.calls = calls_, .failures = failures_, .slow = slow_};
    }
    [[nodiscard]] bool is_settled() const noexcept { return calls_ == size_ && failures_ == 0 && slow_ == 0; }
    [[nodiscard]] bool is_empty(instant) const noexcept { return calls_ == 0; }

    friend bool operator==(const count_window&, const count_window&) = default;

private:
    void put(call_mark m) noexcept;

    unsigned size_;
    unsigned next_ = 0;
    unsigned calls_ = 0;
    unsigned failures_ = 0;
    unsigned slow_ = 0;
    boxed<std::vector<call_mark>> marks_;  // a ring, made at the first mark that is not clean; clean until then
};

/// The failures since the last success.
class failure_run {
public:
    void add(call_mark m, std::uint64_t n, instant now) noexcept;
    void clear() noexcept { failures_ = 0; }
    [[nodiscard]] window_counts counts(instant) const noexcept {
        return {.calls = failures_, .failures = failures_, .slow = 0};
    }
    [[nodiscard]] bool is_settled() const noexcept { return failures_ == 0; }
    [[nodiscard]] bool is_empty(instant) const noexcept { return failures_ == 0; }

    friend bool operator==(const failure_run&, const failure_run&) = default;

private:
    std::uint64_t failures_ = 0;
};

using call_window = std::variant<time_window, count_window, failure_run>;

[[nodiscard]] call_window make_window(const circuit_breaker_options& options) noexcept;

/// The start of the bucket that `t` is in: buckets begin at whole multiples of their length.
[[nodiscard]] constexpr instant start_of_bucket(instant t, duration length) noexcept {
    const duration into = t.time_since_epoch() % length;
    return add(t, into < duration::zero() ? -(into + length) : -into);
}

}  // namespace cutwater
