// Those who wait in front of a gate: who is next, and who leaves without.
//
//     line.push(w, now)           takes one in; false where it is full of what matters as much
//     waiter* next = line.next(now)   who is to be served now, if anybody; those who have waited too long leave before
//     line.grant(*next)
//
// - What matters more goes first. In a full line it takes the place of what matters least: of those, the one that came last.
//   While the newest go first, the oldest makes room for the newest.
// - Whoever's time is over leaves before anybody is served, or turned away for want of room.
// - Among those that matter alike it is the order of `queue_order`.
//
// Thread safety: none; guarded by the lock of the gate that it is in front of. Wakes under it. Cost: every operation O(1), but a push
// to a full line in which somebody's time is over looks through it once. No allocation.
#pragma once

#include <array>

#include "cutwater/core/waiter.hpp"
#include "cutwater/queue/codel.hpp"
#include "cutwater/queue/queue_order.hpp"

namespace cutwater {

class waiting_line {
public:
    explicit waiting_line(const queue_rules& rules) noexcept;

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// From `w`: `until` and `importance`. Instants do not go back.
    [[nodiscard]] bool push(waiter& w, instant now) noexcept;
    /// Who is next, and is then to be granted; null: nobody.
    [[nodiscard]] waiter* next(instant now) noexcept;
    void grant(waiter& w) noexcept;
    /// One who leaves by itself, if it is there.
    void remove(waiter& w) noexcept;

    /// Who would be next if nobody's time were over and the oldest went first; null where nobody waits. For gates that know when there is room.
    [[nodiscard]] waiter* first() const noexcept;
    void wake_first() noexcept;
    /// What those weigh who stand before one of this importance that comes now.
    [[nodiscard]] std::uint64_t weight_ahead_of(criticality importance) const noexcept;

private:
    struct level {
        explicit level(const queue_rules& rules) noexcept : delays{rules.target, rules.interval} { delays.drained(); }
        waiter_queue queue;
        codel delays;
        instant filled_since{};  // when it was last empty, while it is not
        std::uint64_t weight = 0;

        void note_left(const waiter& w) noexcept {
            weight -= w.weight;
            if (queue.empty()) delays.drained();
        }
    };

    [[nodiscard]] level& level_of(const waiter& w) noexcept { return levels_[cutwater::level_of(w.importance)]; }
    void turn_away(waiter& w, errc why) noexcept;
    void let_expired_leave(instant now) noexcept;
    [[nodiscard]] bool displace_for(const waiter& w, instant now) noexcept;
    [[nodiscard]] bool takes_newest_first(const level& of, instant now) const noexcept;
    [[nodiscard]] waiter* next_of(level& from, instant now) noexcept;

    queue_rules rules_;
    std::size_t size_ = 0;
    instant nobody_expires_before_ = never;
    std::array<level, criticality_levels> levels_;
};

}  // namespace cutwater
