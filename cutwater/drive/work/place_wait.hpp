// Those who wait at a desk and are no tasks: for a place in a full queue, and for its end.
//
// Thread safety: each belongs to one who waits; the desk is shared. Lifetime: the desk and the waker outlive it.
#pragma once

#include <algorithm>
#include <expected>
#include <optional>

#include "cutwater/drive/work/work_desk.hpp"

namespace cutwater {

/// One who posts, and waits for a place: until it has one, until its time is over, or until its caller cancels. It watches for tasks that
/// pass their deadline, and has them leave.
class place_wait {
public:
    place_wait(work_desk& desk, waker& waits, const call_options& said) noexcept;
    place_wait(const place_wait&) = delete;
    place_wait& operator=(const place_wait&) = delete;
    ~place_wait();

    /// When to look again, if nobody says so earlier.
    [[nodiscard]] instant until() const noexcept { return std::min(place_.until, next_expiry_); }
    /// Nothing: it waits.
    using answer = std::optional<std::expected<work_place, error>>;
    [[nodiscard]] answer begin();
    [[nodiscard]] answer look_again();
    [[nodiscard]] std::unexpected<error> cancelled();

private:
    [[nodiscard]] answer in_vain();
    void watch() noexcept;

    work_desk& desk_;
    const call_options& said_;
    waiter place_;
    waiter sooner_;  // told where a deadline is to pass before `next_expiry_`
    instant next_expiry_ = never;
};

/// One who closes the desk and waits until nothing is held, and every end is told.
class drain_wait {
public:
    drain_wait(work_desk& desk, waker& waits, duration within);
    drain_wait(const drain_wait&) = delete;
    drain_wait& operator=(const drain_wait&) = delete;
    ~drain_wait();

    [[nodiscard]] instant until() const noexcept { return until_; }
    [[nodiscard]] bool goes_on() const;
    /// How many are left.
    [[nodiscard]] unsigned end();

private:
    work_desk& desk_;
    waker& waits_;
    instant began_;
    instant until_;
};

}  // namespace cutwater
