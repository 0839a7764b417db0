#include "cutwater/drive/wheel/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace cutwater {

namespace {

/// The first tick at or after `t`; instants before zero are at zero.
std::uint64_t tick_at(instant t, unsigned tick_bits) noexcept {
    const auto ns = t.time_since_epoch().count();
    if (ns <= 0) return 0;
    const std::uint64_t whole = (std::uint64_t{1} << tick_bits) - 1;
    return (static_cast<std::uint64_t>(ns) + whole) >> tick_bits;
}

}  // namespace

timer_wheel::timer_wheel(unsigned tick_bits) noexcept : tick_bits_{tick_bits} {
    for (link& head : heads_) head.next = head.previous = &head;
}

void timer_wheel::arm(node& timer, instant due) noexcept {
    if (timer.is_armed()) disarm(timer);
    timer.tick_ = std::max(tick_at(due, tick_bits_), current_ + 1);
    ++size_;
    place(timer);
}

void timer_wheel::disarm(node& timer) noexcept {
    if (!timer.is_armed()) return;
    unlink(timer);
    --size_;
}

/// The level is that of the highest group of bits in which the tick differs from the present.
void timer_wheel::place(node& timer) noexcept {
    const std::uint64_t tick = timer.tick_;
    const auto highest = static_cast<unsigned>(std::bit_width((tick ^ current_) | (slots - 1))) - 1;
    const unsigned level = highest / level_bits;
    const auto slot = static_cast<unsigned>(tick >> (level * level_bits)) & (slots - 1);
    timer.slot_ = static_cast<std::uint16_t>(level * slots + slot);
    link& head = heads_[timer.slot_];
    timer.previous = head.previous;
    timer.next = &head;
    head.previous->next = &timer;
    head.previous = &timer;
    occupied_[level] |= std::uint64_t{1} << slot;
}

void timer_wheel::unlink(node& timer) noexcept {
    timer.previous->next = timer.next;
    timer.next->previous = timer.previous;
    timer.next = timer.previous = nullptr;
    const link& head = heads_[timer.slot_];
    if (head.next == &head) occupied_[timer.slot_ / slots] &= ~(std::uint64_t{1} << (timer.slot_ % slots));
}

auto timer_wheel::next_expiry() const noexcept -> std::optional<expiry> {
    for (unsigned level = 0; level < levels; ++level) {
        if (occupied_[level] == 0) continue;
        const unsigned shift = level * level_bits;
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        const std::uint64_t above =
            shift + level_bits >= 64 ? 0 : current_ >> (shift + level_bits) << (shift + level_bits);
        return expiry{above | (std::uint64_t{slot} << shift), level, slot};
    }
    return {};
}

std::optional<instant> timer_wheel::next_due() const noexcept {
    const auto next = next_expiry();
    if (!next) return {};
    const std::uint64_t last = static_cast<std::uint64_t>(duration::max().count()) >> tick_bits_;
    return instant{duration{static_cast<duration::rep>(std::min(next->tick, last) << tick_bits_)}};
}

/// Fires the timers of a slot whose time has come, or spreads them over the levels below.
std::size_t timer_wheel::open_slot(const expiry& at) noexcept {
    current_ = std::max(current_, at.tick);
    std::size_t fired = 0;
    link& head = heads_[at.level * slots + at.slot];
    while (head.next != &head) {
        node& timer = static_cast<node&>(*head.next);
        unlink(timer);
        if (timer.tick_ > current_) {
            place(timer);
            continue;
        }
        --size_;
        ++fired;
        timer.on_expiry();
    }
    return fired;
}

std::size_t timer_wheel::fire_due(instant now) noexcept {
    const std::uint64_t target =
        static_cast<std::uint64_t>(std::max<duration::rep>(now.time_since_epoch().count(), 0)) >> tick_bits_;
    std::size_t fired = 0;
    for (auto next = next_expiry(); next && next->tick <= target; next = next_expiry()) fired += open_slot(*next);
    current_ = std::max(current_, target);
    return fired;
}

}  // namespace cutwater
