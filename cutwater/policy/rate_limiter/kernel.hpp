// What is right for a rate limiter, without threads: the specification that the concurrent one is held against.
//
// - Permits are had as the algorithm in force says: gcra.hpp, fixed_window.hpp, sliding_window.hpp.
// - While somebody waits nobody else is admitted but who matters more than all of them, and of those who wait only the first: of those that
//   matter most the oldest.
// - Whoever looks, comes or gives back lets in those whose permits are there, one after the other; before each whoever is first leaves if its time is
//   over. Who is let in by another has its permits until it looks; after its time it has none, and they go back.
// - From a full line those leave whose time is over; else what matters more takes the place of what matters least; of those, of the one that came last.
// - Nobody is queued whose permits cannot come within its patience (of a window, where weights differ: as far as their sum
//   says), and nobody is refused whose permits are there.
// - Permits that are given back can be had again, as far as the limit allows.
//
// A value: it can be copied and compared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "cutwater/core/criticality.hpp"
#include "cutwater/policy/rate_limiter/fixed_window.hpp"
#include "cutwater/policy/rate_limiter/gcra.hpp"
#include "cutwater/policy/rate_limiter/options.hpp"
#include "cutwater/policy/rate_limiter/sliding_window.hpp"

namespace cutwater {

class rate_limiter_kernel {
public:
    using waiter_id = std::uint64_t;
    enum class answer : std::uint8_t { admitted, queued, refused };

    explicit rate_limiter_kernel(const rate_limiter_options& o)
        : window_{o.window}, max_queue_{o.max_queue}, rolling_{o.permits, o.per, o.burst, o.max_wait},
          fixed_{o.permits, o.per}, sliding_{o.permits, o.per} {}

    struct call {
        waiter_id who = 0;  ///< as which it is known where it is queued
        unsigned weight = 1;
        criticality importance = criticality::normal;
        instant until = never;  ///< its time is over then

        friend bool operator==(const call&, const call&) = default;
    };
    [[nodiscard]] answer admit(const call& asks, instant now, duration patience);
    [[nodiscard]] answer admit(waiter_id who, unsigned weight, instant now, duration patience) {
        return admit({.who = who, .weight = weight}, now, patience);
    }
    /// One who waited: whether it was put out of the line.
    [[nodiscard]] bool is_turned_away(waiter_id who) const {
        return std::ranges::find(turned_away_, who) != turned_away_.end();
    }

    /// One who waits looks whether its permits are there; it then has them.
    [[nodiscard]] bool look(waiter_id who, instant now);

    /// One who waits gives up. What it was granted goes back; of a rolling limit only where it is the last that was, and the state is
    /// as it left it.
    void leave(waiter_id who);

    /// Permits that were not used.
    void give_back(const rate_slot& unused, instant now);

    /// What the latest admission took, or look.
    [[nodiscard]] const rate_slot& latest() const noexcept { return latest_; }
    [[nodiscard]] std::size_t queued() const noexcept { return queue_.size(); }
    [[nodiscard]] rate_reading read(unsigned weight, instant now) const;

    friend bool operator==(const rate_limiter_kernel&, const rate_limiter_kernel&) = default;

private:
    struct grant {
        call to;
        rate_slot slot;

        friend bool operator==(const grant&, const grant&) = default;
    };
    void serve(instant now);
    void put_back(const rate_slot& unused, instant now);
    void let_expired_leave(instant now);
    [[nodiscard]] bool take(unsigned weight, instant now);
    [[nodiscard]] duration wait_in_line(std::uint64_t weight, instant now) const;

    rate_window window_;
    unsigned max_queue_;
    gcra rolling_;
    fixed_window fixed_;
    sliding_window sliding_;
    std::uint64_t word_ = gcra::fresh;
    rate_slot latest_{};
    std::deque<call> queue_;  // what matters most first
    std::vector<waiter_id> turned_away_;
    std::vector<grant> granted_;  // and not looked yet
    waiter_id last_granted_ = 0;  // while nothing was given back since
};

}  // namespace cutwater
