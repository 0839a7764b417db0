// What is right for a number of permits with a line in front of them, what matters more first and else first come, first served,
// without threads: the specification that the concurrent one is held against. Who is next in other orders is what `waiting_line` says.
//
// - At most `limit` permits are out, except right after the limit was lowered: then none is given until enough came back.
// - Nobody overtakes: while somebody waits, a newcomer waits too, and a permit that comes back goes to the oldest of those that matter
//   most.
// - Nobody waits while there is room, and nobody is refused while there is room or a place in the queue. In a full one what matters
//   more takes the place of what matters least; of those, of the one that came last.
// - Every permit that was given comes back exactly once.
// - Nobody is let in whose time is over. Whoever brings a permit goes by the instant that it tells, or by the one that was told last;
//   those in a full line whose time is over make room.
//
// A value: it can be copied and compared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "cutwater/core/criticality.hpp"
#include "cutwater/core/instant.hpp"

namespace cutwater {

class permits_kernel {
public:
    using waiter_id = std::uint64_t;
    enum class answer : std::uint8_t { admitted, queued, refused };

    permits_kernel(unsigned limit, unsigned max_queue) : limit_{limit}, max_queue_{max_queue} {}

    /// A call asks to pass; where it is queued it is known as `who`, and leaves after `until`.
    [[nodiscard]] answer admit(waiter_id who, criticality importance = criticality::normal, instant now = {},
                               instant until = never) {
        if (in_use_ < limit_ && queue_.empty()) return ++in_use_, answer::admitted;
        now_ = now;
        if (queue_.size() >= max_queue_) let_expired_leave();
        const auto place = std::ranges::find_if(
            queue_, [&](const waiting& w) { return level_of(w.importance) > level_of(importance); });
        const bool displaces = queue_.size() >= max_queue_;
        if (displaces && place == queue_.end()) return answer::refused;
        queue_.insert(place, {who, importance, until});
        if (displaces) {
            turned_away_.push_back(queue_.back().who);
            queue_.pop_back();
        }
        return answer::queued;
    }
    /// One who waited: whether its time was over, or its place is another's now.
    [[nodiscard]] bool is_turned_away(waiter_id who) const {
        return std::ranges::find(turned_away_, who) != turned_away_.end();
    }

    /// A permit comes back; gives who is let in by it, if anybody.
    std::optional<waiter_id> release() {
        --in_use_;
        return let_in();
    }
    /// Whoever brings one tells the time; with threads that need not be at the same moment.
    std::optional<waiter_id> tell(instant now) {
        if (!queue_.empty()) now_ = now;
        return let_in();
    }

    /// One who was queued gives up. Where it had just been let in its permit comes back: gives who is let in by that.
    std::optional<waiter_id> leave(waiter_id who) {
        if (std::erase_if(queue_, [&](const waiting& w) { return w.who == who; }) > 0 || is_turned_away(who))
            return let_in();
        return release();
    }

    /// Sets another limit; gives who is let in by it.
    std::vector<waiter_id> resize(unsigned limit) {
        limit_ = limit;
        std::vector<waiter_id> admitted;
        while (const auto next = let_in()) admitted.push_back(*next);
        return admitted;
    }

    [[nodiscard]] unsigned limit() const noexcept { return limit_; }
    [[nodiscard]] unsigned in_use() const noexcept { return in_use_; }
    [[nodiscard]] std::size_t queued() const noexcept { return queue_.size(); }

    friend bool operator==(const permits_kernel&, const permits_kernel&) = default;

private:
    struct waiting {
        waiter_id who;
        criticality importance;
        instant until;
        friend bool operator==(const waiting&, const waiting&) = default;
    };

    void let_expired_leave() {
        std::erase_if(queue_, [&](const waiting& w) {
            if (w.until < now_) turned_away_.push_back(w.who);
            return w.until < now_;
        });
    }

    std::optional<waiter_id> let_in() {
        if (in_use_ >= limit_) return {};
        for (; !queue_.empty() && queue_.front().until < now_; queue_.pop_front())
            turned_away_.push_back(queue_.front().who);
        if (queue_.empty()) return {};
        const waiter_id next = queue_.front().who;
        queue_.pop_front();
        ++in_use_;
        return next;
    }

    unsigned limit_;
    unsigned max_queue_;
    unsigned in_use_ = 0;
    std::deque<waiting> queue_;  // what matters most first
    std::vector<waiter_id> turned_away_;
    instant now_{};  // what was told last; nobody waits before anything was
};

}  // namespace cutwater
