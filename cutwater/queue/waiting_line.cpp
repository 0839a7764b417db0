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
    w.mark = own.pushed;
    own.pushed += w.weight;
    own.queue.push(w);
    own.weight += w.weight;
    ++size_;
    nobody_expires_before_ = std::min(nobody_expires_before_, w.until);
    round_.first_to_go = std::min(round_.first_to_go, w.until);
    return true;
}

waiter* waiting_line::next(instant now) noexcept {
    for (level& each : levels_)
        if (waiter* const found = next_of(each, now)) return found;
    return nullptr;
}

void waiting_line::grant(waiter& w) noexcept {
    note_leaving(w);
    level_of(w).queue.grant(w);
    note_left(w);
}

void waiting_line::remove(waiter& w) noexcept {
    if (!w.is_queued()) return;
    note_leaving(w);
    level_of(w).queue.remove(w);
    note_left(w);
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

std::uint64_t waiting_line::weight_before(const waiter& w) const noexcept {
    const std::size_t own = cutwater::level_of(w.importance);
    std::uint64_t before = w.mark - levels_[own].queue.first()->mark;
    for (std::size_t i = 0; i < own; ++i) before += levels_[i].weight;
    return before;
}

/// Whoever goes round does not stand on one who leaves.
void waiting_line::note_leaving(const waiter& w) noexcept {
    if (&w == round_.next) round_.next = waiter_queue::after(w);
    --size_;
}

void waiting_line::note_left(const waiter& w) noexcept {
    level& own = level_of(w);
    own.weight -= w.weight;
    if (own.queue.empty()) own.delays.drained();
}

void waiting_line::turn_away(waiter& w, errc why) noexcept {
    note_leaving(w);
    level_of(w).queue.turn_away(w, why);
    note_left(w);
}

/// Nobody goes before `nobody_expires_before_`: it is exact when a round ends, and afterwards only ever too early, which costs a round
/// too many.
void waiting_line::let_expired_leave(instant now) noexcept {
    if (now <= nobody_expires_before_) return;
    for (unsigned looks = 0;; ++looks) {
        waiter* const seen = next_to_look_at();
        if (seen == nullptr) {
            nobody_expires_before_ = round_.first_to_go;
            round_ = {};
            return;
        }
        if (looks == looks_of_a_push) return void(round_.next = seen);  // the next push goes on with it
        if (seen->until < now)
            turn_away(*seen, errc::wait_timed_out);
        else
            round_.first_to_go = std::min(round_.first_to_go, seen->until);
    }
}

/// And moves on; null at the end of the round.
waiter* waiting_line::next_to_look_at() noexcept {
    for (; round_.at < criticality_levels; ++round_.at, round_.has_begun = false) {
        if (!round_.has_begun) round_.next = levels_[round_.at].queue.first();
        round_.has_begun = true;
        waiter* const here = round_.next;
        if (here == nullptr) continue;
        round_.next = waiter_queue::after(*here);
        return here;
    }
    return nullptr;
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
