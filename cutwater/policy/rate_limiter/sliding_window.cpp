#include "cutwater/policy/rate_limiter/sliding_window.hpp"

#include <algorithm>

namespace cutwater {

std::optional<rate_slot> sliding_window::take(unsigned weight, instant now) {
    rein_in(now);
    if (used_at(now) + weight > permits_) return {};  // and leaves no trace
    forget_before(now);
    // Instants of concurrent calls may be a little out of order; those that are kept are not.
    const instant at = std::max({now, let_go_at_, taken_.empty() ? now : taken_.back().at});
    if (weight > 0 && (taken_.empty() || taken_.back().at != at)) taken_.push_back({.at = at, .weight = 0});
    if (weight > 0) taken_.back().weight += weight;
    used_ += weight;
    return rate_slot{.amount = weight, .taken = at};
}

void sliding_window::give_back(const rate_slot& unused) noexcept {
    const auto found = std::ranges::lower_bound(taken_, unused.taken, {}, &taken::at);
    if (found == taken_.end() || found->at != unused.taken || found->weight < unused.amount)
        return;  // it has come back by itself
    used_ -= unused.amount;
    found->weight -= unused.amount;
    if (found->weight == 0) taken_.erase(found);
}

void sliding_window::forget_before(instant now) {
    while (!taken_.empty() && between(taken_.front().at, now) >= per_) {
        let_go_at_ = std::max(let_go_at_, now);
        used_ -= taken_.front().weight;
        taken_.pop_front();
    }
}

void sliding_window::rein_in(instant now) {
    constexpr duration out_of_order{1'000'000'000};  // instants of concurrent calls are by far less
    if (!taken_.empty() && between(now, taken_.back().at) > out_of_order)
        for (taken& t : taken_) t.at = std::min(t.at, now);
    if (between(now, let_go_at_) > out_of_order) let_go_at_ = now;
}

duration sliding_window::wait_in_line(std::uint64_t weight, instant now) const {
    std::uint64_t left = permits_ - used_at(now);
    const std::uint64_t windows = weight > left ? (weight - left - 1) / permits_ : 0;  // that others fill before
    const std::uint64_t wanted = weight - windows * permits_;
    duration wait = duration::zero();
    for (const taken& t : taken_) {
        if (wanted <= left) break;
        if (is_over(t, now)) continue;
        left += t.weight;
        wait = left_of(t, now);
    }
    return add(wait, scale(per_, static_cast<double>(windows)));
}

rate_reading sliding_window::read(unsigned weight, instant now) const {
    const std::uint64_t used = used_at(now);
    return {.limit = permits_,
            .remaining = permits_ - used,
            .reset = used == 0 ? duration::zero() : left_of(taken_.back(), now),
            .retry_after = wait_for(weight, now)};
}

std::uint64_t sliding_window::used_at(instant now) const {
    std::uint64_t used = used_;
    for (const taken& t : taken_) {
        if (!is_over(t, now)) break;
        used -= t.weight;
    }
    return used;
}

}  // namespace cutwater
