// What is right for a throttle, without threads: the specification that the concurrent one is held against.
//
// - Counted are calls that were accepted, calls that were not, and calls that the throttle itself has rejected: the first as a
//   request and an accept, the others as a request. Each when its end is known, so a call in flight is nothing yet.
// - They are counted in the bucket of the window, a thirtieth of it, that was current when they came; what comes with an instant
//   before that is counted in it too. A step back as long as the window is another clock's, and begins anew.
// - A rejection is decided by the probability in force, which is what the formula gave when it was last computed: when a bucket
//   has passed; when a call was not accepted; and, while the throttle rejects, when a call was accepted.
// - Where that is zero, a call passes whatever time it is. Where it is not, the buckets that have passed are looked at first.
// - The throttle begins to reject when the probability rises above zero, and ends when a bucket has passed and it is zero.
//
// A value: it can be copied and compared.
#pragma once

#include <array>
#include <limits>
#include <optional>

#include "cutwater/core/instant.hpp"
#include "cutwater/policy/throttle/options.hpp"
#include "cutwater/policy/throttle/reading.hpp"

namespace cutwater {

/// Counts of the current bucket and of those before it, so of between 29/30 of the window and all of it.
class throttle_window {
public:
    static constexpr unsigned buckets = 30;

    explicit throttle_window(duration length) noexcept : bucket_length_{length / buckets} {}

    /// Time has come to `now`; whether the bucket is another one than before.
    bool move_to(instant now) noexcept;
    /// In the current bucket.
    void add(const throttle_counts& more) noexcept { ring_[slot_of(current_)] += more; }

    [[nodiscard]] throttle_counts counts() const noexcept { return counts_since(current_); }
    /// As they will be at `now`.
    [[nodiscard]] throttle_counts counts_at(instant now) const noexcept;

    [[nodiscard]] duration bucket_length() const noexcept { return bucket_length_; }
    /// When the current bucket ends; before all time where there is none yet.
    [[nodiscard]] instant bucket_end() const noexcept;

    friend bool operator==(const throttle_window&, const throttle_window&) = default;

private:
    using tick = std::int64_t;  // the number of a bucket: buckets begin at whole multiples of their length
    static constexpr tick none =
        std::numeric_limits<tick>::min() / 2;  // far from every other, and their differences fit

    [[nodiscard]] tick tick_of(instant t) const noexcept;
    [[nodiscard]] static std::size_t slot_of(tick t) noexcept {
        return static_cast<std::size_t>((t % buckets + buckets) % buckets);
    }
    [[nodiscard]] bool is_far_from_current(tick t) const noexcept;
    [[nodiscard]] throttle_counts counts_since(tick newest) const noexcept;

    duration bucket_length_;
    tick current_ = none;
    std::array<throttle_counts, buckets> ring_{};
};

class throttle_kernel {
public:
    using change = std::optional<throttle_change>;

    /// The options outlive the kernel.
    explicit throttle_kernel(const throttle_options& o) noexcept : options_{&o}, window_{o.window} {}

    struct answer {
        bool rejected = false;
        throttle_reading
            by{};  ///< the probability that decided it, and the counts that it was computed from; nothing where it is zero
        change made{};

        friend bool operator==(const answer&, const answer&) = default;
    };
    /// `dice`: uniform in [0, 1).
    [[nodiscard]] answer ask(instant now, double dice);
    change record_accepted(instant now);
    change record_failed(instant now);

    /// So many more of those calls of the current bucket after which nothing is computed.
    void add_uncomputed(std::uint64_t calls) noexcept { window_.add({calls, rejects_ ? 0 : calls}); }

    /// The probability that is in force, and the counts that it was computed from.
    [[nodiscard]] const throttle_reading& in_force() const noexcept { return in_force_; }
    [[nodiscard]] double probability() const noexcept { return in_force_.probability; }
    [[nodiscard]] bool rejects() const noexcept { return rejects_; }
    [[nodiscard]] const throttle_window& window() const noexcept { return window_; }
    [[nodiscard]] throttle_reading read(instant now) const noexcept;
    /// Whether nothing is counted in the window. What is in force then is found to be over by whoever comes next, before it decides.
    [[nodiscard]] bool is_fresh(instant now) const noexcept { return window_.counts_at(now) == throttle_counts{}; }

    friend bool operator==(const throttle_kernel&, const throttle_kernel&) = default;

private:
    enum class bucket : std::uint8_t { goes_on, has_passed };
    change compute(bucket b) noexcept;

    const throttle_options* options_;
    throttle_window window_;
    throttle_reading in_force_{};
    bool rejects_ = false;
};

}  // namespace cutwater
