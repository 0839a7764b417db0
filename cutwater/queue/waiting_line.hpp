// Those who wait in front of a gate: who is next, and who leaves without.
//
//     line.push(w, now)           takes one in; false where it is full of what matters as much
//     waiter* next = line.next(now)   who is to be served now, if anybody; those who have waited too long leave before
//     line.grant(*next)
//
// - What matters more goes first. In a full line it takes the place of what matters least: of those, the one that came last.
//   While the newest go first, the oldest makes room for the newest.
// - Whoever's time is over is never served; who is served next is found after those before it have left whose time is over.
// - Before a full line refuses or turns away anybody for want of room, it looks whose time is over, and has those leave: at 64 places a
//   push, and goes on next time where it left off. So a line of at most 64 places looks at everybody, and a longer one may turn away
//   the last that matters least, or a newcomer, while somebody it has not come to yet is only still there.
// - Among those that matter alike it is the order of `queue_order`.
//
// Thread safety: none; guarded by the lock of the gate that it is in front of. Wakes under it. Cost: every operation O(1), where 64
// looks are the most that a push takes, and those that `next` turns away are their own cost. Nothing is allocated. Instants come from
// one monotonic clock; those of concurrent calls may be a little out of order.
#pragma once

#include <array>

#include "cutwater/core/waiter.hpp"
#include "cutwater/queue/codel.hpp"
#include "cutwater/queue/queue_order.hpp"

namespace cutwater {

class waiting_line {
public:
    /// Places that a push to a full line looks at for somebody whose time is over.
    static constexpr unsigned looks_of_a_push = 64;

    explicit waiting_line(const queue_rules& rules) noexcept;

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// From `w`: `until`, `importance` and `weight`. Its `mark` is the line's while it is in it.
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
    /// What those weigh who stand before one that is in line, where the oldest goes first. Who left from between them is counted still,
    /// until those before it have gone: never too little.
    [[nodiscard]] std::uint64_t weight_before(const waiter& w) const noexcept;

private:
    struct level {
        explicit level(const queue_rules& rules) noexcept : delays{rules.target, rules.interval} { delays.drained(); }
        waiter_queue queue;
        codel delays;
        instant filled_since{};  // when it was last empty, while it is not
        std::uint64_t weight = 0;
        std::uint64_t pushed = 0;  // what all weighed who ever came
    };

    [[nodiscard]] level& level_of(const waiter& w) noexcept { return levels_[cutwater::level_of(w.importance)]; }
    /// One round through the line, in pieces: who is looked at next, and what is known of those before.
    struct looking_round {
        std::size_t at = 0;           // the level
        waiter* next = nullptr;       // in it; null: its first, or those of the next level
        bool has_begun = false;       // the level
        instant first_to_go = never;  // of those that have been looked at, and those that have come since it began
    };

    void note_leaving(const waiter& w) noexcept;
    void note_left(const waiter& w) noexcept;
    void turn_away(waiter& w, errc why) noexcept;
    void let_expired_leave(instant now) noexcept;
    [[nodiscard]] waiter* next_to_look_at() noexcept;
    [[nodiscard]] bool displace_for(const waiter& w, instant now) noexcept;
    [[nodiscard]] bool takes_newest_first(const level& of, instant now) const noexcept;
    [[nodiscard]] waiter* next_of(level& from, instant now) noexcept;

    queue_rules rules_;
    std::size_t size_ = 0;
    instant nobody_expires_before_ = never;
    looking_round round_;
    std::array<level, criticality_levels> levels_;
};

}  // namespace cutwater
