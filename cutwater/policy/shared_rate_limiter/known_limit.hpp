// What one instance knows of the limit that it shares: what the store said last, and since when. From that follows when it asks for permits again.
//
//     cw::known_limit known{cw::shared_rate_limiter_kernel{100, 1s, 20}, 5};
//     known.wrote(3, {}, now, 0.3);                       // it has leased: version, backlog there, a random number
//     const cw::duration wait = known.wait_for(1, now);    // zero: it may ask
//
// - What comes back while a question is under way is lost to all, and of all who ask one has it. So a limit that is exhausted is not asked for permits one by
//   one, but for what takes much longer to come back than the question does, and for what comes back in a tenth of a second, if lease and burst allow; for
//   less the more often others came first.
// - Where the limit is exhausted all who share it know when permits will be back. Who has leased last then stands back behind all others, for up to a quarter of
//   the time in which they come back. The others stand back by chance, the less the more often others came first: each has its turn. No permit
//   is lost by it: the limit is not full before they ask.
// - What one has in hand and does not use before its end is lost to all. So where permits are scarce it holds as many as it uses while it may: fewer by what was
//   left over, and a little more each time that nothing was. Scarce: when a lease has been taken, or half the burst, less than a quarter of the burst is left.
// - It waits for no fewer because it holds fewer: all wait for as many, and nobody's turn comes before another's because it uses little.
//
// Thread safety: none; under its owner's lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "cutwater/policy/shared_rate_limiter/kernel.hpp"
#include "cutwater/store/cell.hpp"

namespace cutwater {

class known_limit {
public:
    constexpr known_limit(shared_rate_limiter_kernel rule, unsigned lease) noexcept
        : rule_{rule}, lease_{lease}, uses_{lease} {}

    [[nodiscard]] constexpr cell_version version() const noexcept { return version_; }
    [[nodiscard]] constexpr rate_backlog backlog(instant now) const noexcept {
        return rule_.aged(backlog_, between(since_, now));
    }

    /// It has leased, and that is what is there now.
    constexpr void wrote(cell_version version, rate_backlog written, instant now, double dice) noexcept {
        lost_ = 0;
        if (!is_scarce(now)) uses_ = lease_;
        if (!std::exchange(has_left_over_, false)) uses_ = std::min(lease_, uses_ + 1 + uses_ / part_more);
        know(version, written, now, 1 + dice);
    }
    /// Others came first, and wrote that, `since`.
    constexpr void found(cell_version version, rate_backlog there, instant since, double dice) noexcept {
        know(version, there, since, dice / (1 + lost_));
    }
    /// There is no cell.
    constexpr void found_nothing() noexcept { know(0, {}, {}, 0); }
    /// They have left it nothing.
    constexpr void lost() noexcept { lost_ += lost_ < most_lost ? 1U : 0U; }
    /// How long a question took, whatever the answer was.
    constexpr void took(duration d) noexcept { took_ = d; }

    /// So many came to their end in hand, unused.
    constexpr void left_over(unsigned n) noexcept {
        has_left_over_ = has_left_over_ || n > 0;
        uses_ -= std::min(n, uses_ - 1);
    }
    /// How many it holds at the most: a lease, or while they are scarce what it uses while it may.
    [[nodiscard]] constexpr unsigned most_in_hand(instant now) const noexcept {
        return is_scarce(now) ? uses_ : lease_;
    }

    /// Until it makes sense to ask for `n`; `forever` where there are never so many.
    [[nodiscard]] constexpr duration wait_for(unsigned n, instant now) const noexcept {
        const duration at_first = rule_.wait_for(rule_.aged(backlog_, duration::zero()), n);
        if (at_first == duration::zero() || at_first == forever) return at_first;
        const duration until_full = rule_.refill_of(rule_.burst() - n);
        return std::max(at_first + std::min(stands_back_, until_full) - between(since_, now), duration::zero());
    }
    /// How many it asks for at the least, where `missing` are.
    [[nodiscard]] constexpr unsigned worth_asking(unsigned missing) const noexcept {
        const duration comes_back_in = std::max(took_ * times_its_question, patience);
        const auto worth = static_cast<std::uint64_t>(comes_back_in / interval()) >> lost_ / lost_for_half;
        return std::max(missing, static_cast<unsigned>(std::min(worth, std::uint64_t{most_worth()})));
    }

private:
    static constexpr unsigned times_its_question = 20;
    static constexpr duration patience = std::chrono::milliseconds{100};
    static constexpr unsigned lost_for_half = 8;
    static constexpr unsigned part_more = 32;
    static constexpr unsigned part_scarce = 4;
    static constexpr unsigned most_lost = 64;
    static constexpr int parts_of_refill = 8;
    static constexpr duration longest_part = std::chrono::milliseconds{100};

    constexpr void know(cell_version version, rate_backlog b, instant since, double parts) noexcept {
        version_ = version;
        backlog_ = b;
        since_ = since;
        stands_back_ = scale(std::min(rule_.refill_of(worth_asking(1)) / parts_of_refill, longest_part), parts);
    }
    [[nodiscard]] constexpr unsigned most_worth() const noexcept {
        return std::min(lease_, std::max(rule_.burst() / 2, 1U));
    }
    [[nodiscard]] constexpr bool is_scarce(instant now) const noexcept {
        const unsigned plenty = most_worth() + std::max(rule_.burst() / part_scarce, 1U);
        return rule_.wait_for(backlog(now), std::min(plenty, rule_.burst())) > duration::zero();
    }
    [[nodiscard]] constexpr duration interval() const noexcept { return std::max(rule_.refill_of(1), duration{1}); }

    shared_rate_limiter_kernel rule_;
    unsigned lease_;
    unsigned uses_;  // while it may use them: at least 1, at most a lease
    bool has_left_over_ = false;
    cell_version version_ = 0;
    rate_backlog backlog_{};
    instant since_{};
    duration stands_back_{};
    duration took_{};    // the latest question
    unsigned lost_ = 0;  // so often in a row
};

}  // namespace cutwater
