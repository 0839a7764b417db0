#include "cutwater/policy/retry_budget/kernel.hpp"

#include <algorithm>
#include <cmath>

namespace cutwater {

// ---- the window ----

attempt_window::attempt_window(duration length, double ratio) noexcept
    : bucket_length_{length / buckets}, each_brings_{std::llround(ratio * static_cast<double>(whole))} {}

auto attempt_window::tick_of(instant t) const noexcept -> tick {
    const duration::rep since = t.time_since_epoch().count();
    const duration::rep length = bucket_length_.count();
    return since / length - (since % length < 0 ? 1 : 0);
}

bool attempt_window::move_to(instant now) noexcept {
    const tick t = tick_of(now);
    if (t <= current_ && t > current_ - buckets) return true;  // the same, or a little back
    const bool is_back = t < current_;
    const tick passed = is_back ? buckets : std::min<tick>(t - std::max(current_, none), buckets);
    for (tick i = 0; i < passed; ++i) {
        attempt_credit& oldest = ring_[slot_of(t - i)];
        sum_.brought -= oldest.brought;
        sum_.left -= oldest.left;
        oldest = {};
    }
    current_ = t;
    return !is_back;
}

void attempt_window::add_originals(std::uint64_t n) noexcept {
    const std::int64_t brought = static_cast<std::int64_t>(n) * each_brings_;
    attempt_credit& now = ring_[slot_of(current_)];
    now.brought += brought;
    now.left += brought;
    sum_.brought += brought;
    sum_.left += brought;
}

std::optional<std::uint32_t> attempt_window::take() noexcept {
    if (sum_.left < whole) return {};
    sum_.left -= whole;
    std::optional<std::uint32_t> oldest;
    std::int64_t wanted = whole;
    for (tick t = current_ - buckets + 1; wanted > 0; ++t) {
        std::int64_t& left = ring_[slot_of(t)].left;
        const std::int64_t part = std::min(left, wanted);
        if (part > 0 && !oldest) oldest = stamp_of(t);
        left -= part;
        wanted -= part;
    }
    return oldest;
}

void attempt_window::give_back(std::uint32_t stamp) noexcept {
    const tick age = (stamp_of(current_) - stamp) & stamp_mask;
    if (age >= buckets) return;
    ring_[slot_of(current_ - age)].left += whole;
    sum_.left += whole;
}

instant attempt_window::bucket_end() const noexcept {
    if (current_ == none) return instant::min();
    duration::rep end = 0;
    if (__builtin_mul_overflow(current_ + 1, bucket_length_.count(), &end)) return instant::min();
    return instant{duration{end}};
}

// ---- the floor ----

attempt_floor::attempt_floor(double per_second) noexcept {
    if (per_second <= 0) return;
    constexpr double second = 1e9;
    constexpr double longest = 4e18;  // more than a century: what is longer would not fit, and none comes in it either
    each_ = duration{static_cast<duration::rep>(std::min(std::ceil(second / per_second), longest))};
    held_ = each_ * static_cast<duration::rep>(std::max(std::floor(per_second), 1.0));
}

std::uint32_t attempt_floor::take(instant now) noexcept {
    if (each_ == forever) return 0;
    const instant since = add(std::max(since_, add(now, -held_)), each_);
    if (since > now) return 0;
    since_ = since;
    taken_ = taken_ == attempt_window::stamp_mask ? 1 : taken_ + 1;
    return taken_;
}

void attempt_floor::give_back(std::uint32_t which) noexcept {
    if (which != taken_) return;
    since_ = add(since_, -each_);
    --taken_;
}

void attempt_floor::empty(instant now) noexcept { since_ = now; }

double attempt_floor::there(instant now) const noexcept {
    if (each_ == forever) return 0;
    const duration saved = std::clamp(between(since_, now), duration::zero(), held_);
    return std::floor(static_cast<double>(saved.count()) / static_cast<double>(each_.count()));
}

// ---- the budget ----

std::int64_t full_of(const retry_budget_options& o) noexcept {
    return o.mode == budget_mode::token_bucket ? std::llround(o.max_tokens * one_token)
                                               : static_cast<std::int64_t>(o.capacity);
}

std::int64_t brought_by_success(const retry_budget_options& o) noexcept {
    return o.mode == budget_mode::token_bucket ? std::llround(o.token_ratio * one_token) : 1;
}

double balance_of(budget_mode mode, std::int64_t there) noexcept {
    const auto plain = static_cast<double>(there);
    return mode == budget_mode::token_bucket ? plain / static_cast<double>(one_token) : plain;
}

retry_budget_kernel::retry_budget_kernel(const retry_budget_options& o) noexcept
    : mode_{o.mode}, window_{o.window, o.ratio}, floor_{o.min_per_second}, full_{full_of(o)}, there_{full_},
      success_brings_{brought_by_success(o)}, retry_cost_{o.retry_cost}, timeout_cost_{o.timeout_cost} {}

void retry_budget_kernel::move_to(instant now) noexcept {
    if (!window_.move_to(now)) floor_.empty(now);
}

void retry_budget_kernel::count_originals(std::uint64_t n, instant now) noexcept {
    if (mode_ != budget_mode::ratio) return;
    move_to(now);
    window_.add_originals(n);
}

void retry_budget_kernel::count_failure() noexcept {
    if (mode_ == budget_mode::token_bucket) there_ = std::max<std::int64_t>(there_ - one_token, 0);
}

void retry_budget_kernel::count_success(budget_charge paid) noexcept {
    if (mode_ == budget_mode::ratio) return;
    bring(mode_ == budget_mode::cost && paid.cost > 0 ? paid.cost : success_brings_);
}

void retry_budget_kernel::bring(std::int64_t amount) noexcept { there_ = std::min(there_ + amount, full_); }

std::optional<budget_charge> retry_budget_kernel::try_charge(charge_cause why, instant now) noexcept {
    if (mode_ == budget_mode::ratio) return charge_ratio(now);
    if (mode_ == budget_mode::token_bucket) {
        if (2 * there_ <= full_) return {};
        return budget_charge{};
    }
    const std::uint32_t cost = why == charge_cause::timeout ? timeout_cost_ : retry_cost_;
    if (cost > there_) return {};
    there_ -= cost;
    return budget_charge{.cost = cost};
}

std::optional<budget_charge> retry_budget_kernel::charge_ratio(instant now) noexcept {
    move_to(now);
    if (const auto oldest = window_.take()) return budget_charge{.cost = 1, .note = *oldest};
    if (const std::uint32_t which = floor_.take(now); which > 0)
        return budget_charge{.cost = 1, .note = by_the_floor | which};
    return {};
}

void retry_budget_kernel::refund(budget_charge paid) noexcept {
    if (mode_ == budget_mode::cost) return bring(paid.cost);
    if (mode_ == budget_mode::token_bucket) return;
    if ((paid.note & by_the_floor) != 0)
        floor_.give_back(paid.note & ~by_the_floor);
    else
        window_.give_back(paid.note);
}

double retry_budget_kernel::balance(instant now) const noexcept {
    if (mode_ != budget_mode::ratio) return balance_of(mode_, there_);
    retry_budget_kernel then = *this;
    then.move_to(now);
    const std::int64_t attempts = then.window_.credit().left / attempt_window::whole;
    return static_cast<double>(attempts) + then.floor_.there(now);
}

bool retry_budget_kernel::is_half_full(instant now) const noexcept {
    if (mode_ == budget_mode::token_bucket) return 4 * there_ >= 3 * full_;  // below a half it pays for nothing
    if (mode_ == budget_mode::cost) return 2 * there_ >= full_;
    retry_budget_kernel then = *this;
    then.move_to(now);
    const auto [brought, left] = then.window_.credit();
    return brought > 0 && 2 * left >= brought;
}

}  // namespace cutwater
