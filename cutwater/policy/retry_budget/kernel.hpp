// What is right for a retry budget, without threads: the specification that the concurrent one is held against.
//
// Ratio. An original brings the `ratio`-th part of a further attempt, which is there for the window and then lost, used or not. It is
// kept in the current of twenty buckets, and is lost with it, so a twentieth of the window too soon at most.
// - A further attempt is paid for by originals if there is a whole one of the twenty buckets, and takes the oldest. Else by the floor, if
//   that has one to give: it gains `min_per_second` in a second, and holds as much as comes in one second, at least one. Else by nobody.
// - What comes with an instant before the current bucket is counted in that. A step back as long as the window is another clock's, and begins
//   anew, with an empty floor.
// - A refund goes to the oldest bucket that the attempt was paid from, if that is still there; what the floor gave goes back if it
//   is the last that it gave: who had it back later would have what in the meantime had come anyway.
// Held by a property: in any stretch of time t the further attempts are at most
//       ratio · (originals of it and of the window before) + min_per_second · t + max(1, min_per_second).
// since what an original has brought is used once, and within the window.
//
// Token bucket (gRPC proposal A6). Tokens begin at `max_tokens` and stay between 0 and that. A failure takes 1, a success brings
// `token_ratio`. Further attempts are made while there are more than half of `max_tokens`, and cost nothing.
//
// Cost (AWS SDKs, standard mode). The stock begins at `capacity` and stays between 0 and that. A further attempt takes its cost if that is there.
// A success brings back what its attempt had cost; 1 where that was the first.
//
// A value: it can be copied and compared. Time jumps as it likes.
#pragma once

#include <array>
#include <limits>
#include <optional>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/policy/retry_budget/options.hpp"

namespace cutwater {

/// What asks for a further attempt.
enum class charge_cause : std::uint8_t { failure, timeout, no_failure };

/// What originals have brought, in millionths of a further attempt.
struct attempt_credit {
    std::int64_t brought = 0;
    std::int64_t left = 0;
    friend bool operator==(const attempt_credit&, const attempt_credit&) = default;
};

class attempt_window {
public:
    static constexpr unsigned buckets = 20;

    static constexpr std::int64_t whole = 1'000'000;  // ratios are exact to the millionth

    attempt_window(duration length, double ratio) noexcept;

    /// Time has come to `now`. False where that begins anew.
    bool move_to(instant now) noexcept;
    void add_originals(std::uint64_t n) noexcept;
    /// One further attempt, of the oldest that is left: the stamp of its bucket. Nothing where there is less than one.
    [[nodiscard]] std::optional<std::uint32_t> take() noexcept;
    /// Into the bucket of that stamp, if it has not passed.
    void give_back(std::uint32_t stamp) noexcept;

    /// Of all buckets.
    [[nodiscard]] const attempt_credit& credit() const noexcept { return sum_; }
    [[nodiscard]] duration bucket_length() const noexcept { return bucket_length_; }
    /// When the current bucket ends; before all time where there is none yet.
    [[nodiscard]] instant bucket_end() const noexcept;

    static constexpr std::uint32_t stamp_mask = 0x7fff'ffff;

    friend bool operator==(const attempt_window&, const attempt_window&) = default;

private:
    using tick = std::int64_t;  // the number of a bucket: buckets begin at whole multiples of their length
    static constexpr tick none = std::numeric_limits<tick>::min() / 2;

    [[nodiscard]] static std::uint32_t stamp_of(tick t) noexcept { return static_cast<std::uint32_t>(t) & stamp_mask; }
    [[nodiscard]] tick tick_of(instant t) const noexcept;
    [[nodiscard]] static std::size_t slot_of(tick t) noexcept {
        return static_cast<std::size_t>((t % buckets + buckets) % buckets);
    }

    duration bucket_length_;
    std::int64_t each_brings_;
    tick current_ = none;
    attempt_credit sum_{};
    std::array<attempt_credit, buckets> ring_{};
};

/// So many a second, and as many at once as come in a second, at least one.
class attempt_floor {
public:
    explicit attempt_floor(double per_second) noexcept;

    /// Which it is, counted from 1; nothing where there is none.
    [[nodiscard]] std::uint32_t take(instant now) noexcept;
    void give_back(std::uint32_t which) noexcept;
    void empty(instant now) noexcept;
    [[nodiscard]] double there(instant now) const noexcept;

    friend bool operator==(const attempt_floor&, const attempt_floor&) = default;

private:
    duration each_ = forever;         // the time in which one comes; `forever`: none ever
    duration held_{};                 // the time in which as many come as can be held
    instant since_ = instant::min();  // what came since then is there, but for what is more than it holds
    std::uint32_t taken_ = 0;
};

class retry_budget_kernel {
public:
    explicit retry_budget_kernel(const retry_budget_options& o) noexcept;

    void count_original(instant now) noexcept { count_originals(1, now); }
    void count_failure() noexcept;
    void count_success(budget_charge paid) noexcept;
    [[nodiscard]] std::optional<budget_charge> try_charge(charge_cause why, instant now) noexcept;
    void refund(budget_charge paid) noexcept;

    /// What is there: further attempts that can be paid for now (ratio), tokens, or stock.
    [[nodiscard]] double balance(instant now) const noexcept;
    /// Whether half of what it can have is there.
    [[nodiscard]] bool is_half_full(instant now) const noexcept;

    /// Ratio: so many more in the current bucket.
    void add_originals(std::uint64_t n) noexcept { window_.add_originals(n); }
    void count_originals(std::uint64_t n, instant now) noexcept;
    [[nodiscard]] const attempt_window& window() const noexcept { return window_; }

    friend bool operator==(const retry_budget_kernel&, const retry_budget_kernel&) = default;

private:
    static constexpr std::uint32_t by_the_floor = 0x8000'0000;

    void move_to(instant now) noexcept;
    [[nodiscard]] std::optional<budget_charge> charge_ratio(instant now) noexcept;
    void bring(std::int64_t amount) noexcept;

    budget_mode mode_;
    attempt_window window_;
    attempt_floor floor_;
    std::int64_t full_;   // token_bucket: in thousandths; cost: whole
    std::int64_t there_;  // the same
    std::int64_t success_brings_;
    std::uint32_t retry_cost_;
    std::uint32_t timeout_cost_;
};

/// Of the modes that need no time: the most that can be there, in thousandths of a token or whole.
[[nodiscard]] std::int64_t full_of(const retry_budget_options& o) noexcept;
[[nodiscard]] std::int64_t brought_by_success(const retry_budget_options& o) noexcept;
inline constexpr std::int64_t one_token = 1000;
/// As people read it.
[[nodiscard]] double balance_of(budget_mode mode, std::int64_t there) noexcept;

}  // namespace cutwater
