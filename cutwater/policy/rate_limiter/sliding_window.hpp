// A sliding window: never more than `permits` in any `per`, exactly, because it remembers when each was taken.
//
// Memory: 16 bytes for each permit that is out, so for `permits` calls at most. Not for threads to share without a lock.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>

#include "cutwater/policy/rate_limiter/reading.hpp"

namespace cutwater {

class sliding_window {
public:
    sliding_window(unsigned permits, duration per) noexcept : permits_{permits}, per_{per} {}

    [[nodiscard]] std::optional<rate_slot> take(unsigned weight, instant now);

    [[nodiscard]] duration wait_for(std::uint64_t weight, instant now) const {
        return weight > permits_ ? forever : wait_in_line(weight, now);
    }

    /// Until the last of several may pass who wait in line and want `weight` in all.
    [[nodiscard]] duration wait_in_line(std::uint64_t weight, instant now) const;

    void give_back(const rate_slot& unused) noexcept;

    /// Lets go what is over.
    void forget_before(instant now);

    [[nodiscard]] rate_reading read(unsigned weight, instant now) const;

    /// Whether it differs in nothing from one that is new, now and later.
    [[nodiscard]] bool is_fresh(instant now) const noexcept {
        return taken_.empty() || is_over(taken_.back(), now);  // they are by time
    }

    friend bool operator==(const sliding_window&, const sliding_window&) = default;

private:
    struct taken {
        instant at;
        std::uint64_t weight;
        friend bool operator==(const taken&, const taken&) = default;
    };

    [[nodiscard]] bool is_over(const taken& t, instant now) const noexcept { return between(t.at, now) >= per_; }
    /// Until it is over, which is not longer than `per` even where `now` is before it.
    [[nodiscard]] duration left_of(const taken& t, instant now) const noexcept {
        return now <= t.at ? per_ : per_ - between(t.at, now);
    }
    [[nodiscard]] std::uint64_t used_at(instant now) const;
    /// Where time has jumped back, what was taken in the future was taken now.
    void rein_in(instant now);

    unsigned permits_;
    duration per_;
    std::uint64_t used_ = 0;
    std::deque<taken> taken_;             // by time; none of nothing
    instant let_go_at_ = instant::min();  // the latest at which one was: nobody after that is put before it
};

}  // namespace cutwater
