#include "cutwater/queue/waiting_line.hpp"

namespace cutwater {

waiting_line::waiting_line(const queue_rules& rules) noexcept
    : rules_{rules}, levels_{level{rules}, level{rules}, level{rules}, level{rules}} {}

bool waiting_line::push(waiter& w, instant now) noexcept {
    if (size_ >= rules_.max_length) let_expired_leave(now);
    if (size_ >= rules_.max_length && !displace_for(w, now)) return false;
    level& own = level_of(w);
    if (own.queue.empty()) own.filled_since = now;
    w.since = now;
    own.queue.push(w);
    own.weight += w.weight;
    ++size_;
    nobody_expires_before_ = std::min(nobody_expires_before_, w.until);
    return true;
}

waiter* waiting_line::next(instant now) noexcept {
    for (level& each : levels_)
        if (waiter* const found = next_of(each, now)) return found;
    return nullptr;
}

void waiting_line::grant(waiter& w) noexcept {
    --size_;
    level& own = level_of(w);
    own.queue.grant(w);
    own.note_left(w);
}

void waiting_line::remove(waiter& w) noexcept {
    if (!w.is_queued()) return;
    --size_;
    level& own = level_of(w);
    own.queue.remove(w);
    own.note_left(w);
}

waiter* waiting_line::first() const noexcept {
    for (const level& each : levels_)
        if (waiter* const found = each.queue.first()) return found;
    return nullptr;
}

void waiting_line::wake_first() noexcept {
    for (level& each : levels_)
        if (!each.queue.empty()) return each.queue.wake_first();
}

std::uint64_t waiting_line::weight_ahead_of(criticality importance) const noexcept {
    std::uint64_t ahead = 0;
    for (std::size_t i = 0; i <= cutwater::level_of(importance); ++i) ahead += levels_[i].weight;
    return ahead;
}

void waiting_line::turn_away(waiter& w, errc why) noexcept {
    --size_;
    level& own = level_of(w);
    own.queue.turn_away(w, why);
    own.note_left(w);
}

/// The bound is that of all who have come since it was last exact: it is seldom wrong, and then it costs one look too many.
void waiting_line::let_expired_leave(instant now) noexcept {
    if (now <= nobody_expires_before_) return;
    nobody_expires_before_ = never;
    for (level& each : levels_)
        for (waiter* w = each.queue.first(); w != nullptr;) {
            waiter& seen = *w;
            w = waiter_queue::after(seen);
            if (seen.until < now)
                turn_away(seen, errc::wait_timed_out);
            else
                nobody_expires_before_ = std::min(nobody_expires_before_, seen.until);
        }
}

bool waiting_line::takes_newest_first(const level& of, instant now) const noexcept {
    return rules_.order == queue_order::adaptive_lifo && now - of.filled_since > rules_.interval;
}

bool waiting_line::displace_for(const waiter& w, instant now) noexcept {
    for (std::size_t lowest = criticality_levels; lowest-- > cutwater::level_of(w.importance) + 1;)
        if (waiter* const last = levels_[lowest].queue.last()) return turn_away(*last, errc::displaced), true;
    level& own = level_of(w);
    if (own.queue.empty() || !takes_newest_first(own, now)) return false;
    turn_away(*own.queue.first(), errc::queue_overloaded);
    return true;
}

waiter* waiting_line::next_of(level& from, instant now) noexcept {
    while (!from.queue.empty()) {
        waiter& w = takes_newest_first(from, now) ? *from.queue.last() : *from.queue.first();
        if (w.until < now)
            turn_away(w, errc::wait_timed_out);
        else if (rules_.order == queue_order::codel && from.delays.should_turn_away(now - w.since, now))
            turn_away(w, errc::queue_overloaded);
        else
            return &w;
    }
    return nullptr;
}

}  // namespace cutwater
