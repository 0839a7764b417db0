#include "cutwater/policy/rate_limiter/kernel.hpp"

namespace cutwater {

namespace {

bool matters_less(const rate_limiter_kernel::call& one, const rate_limiter_kernel::call& other) {
    return level_of(one.importance) > level_of(other.importance);
}

}  // namespace

auto rate_limiter_kernel::admit(const call& asks, instant now, duration patience) -> answer {
    if (queue_.empty() && take(asks.weight, now)) return answer::admitted;
    std::uint64_t in_line = asks.weight;
    for (const call& w : queue_) in_line += matters_less(w, asks) ? 0 : w.weight;
    const bool ever = read(asks.weight, now).retry_after != forever;
    if (!ever || wait_in_line(in_line, now) > patience) return answer::refused;
    if (queue_.size() >= max_queue_) let_expired_leave(now);
    if (queue_.size() >= max_queue_) {
        if (queue_.empty() || !matters_less(queue_.back(), asks)) return answer::refused;
        turned_away_.push_back(queue_.back().who);
        queue_.pop_back();
    }
    queue_.insert(std::ranges::find_if(queue_, [&](const call& w) { return matters_less(w, asks); }), asks);
    return answer::queued;
}

void rate_limiter_kernel::let_expired_leave(instant now) {
    std::erase_if(queue_, [&](const call& w) {
        if (w.until < now) turned_away_.push_back(w.who);
        return w.until < now;
    });
}

bool rate_limiter_kernel::look(waiter_id who, instant now) {
    if (queue_.empty() || queue_.front().who != who || !take(queue_.front().weight, now)) return false;
    queue_.pop_front();
    return true;
}

void rate_limiter_kernel::leave(waiter_id who) {
    std::erase_if(queue_, [&](const call& w) { return w.who == who; });
    std::erase(turned_away_, who);
}

void rate_limiter_kernel::give_back(const rate_slot& unused, instant now) {
    switch (window_) {
        case rate_window::rolling: return rolling_.give_back(word_, unused, now);
        case rate_window::fixed: return fixed_.give_back(word_, unused, now);
        case rate_window::sliding: return sliding_.give_back(unused);
    }
}

bool rate_limiter_kernel::take(unsigned weight, instant now) {
    const std::optional<rate_slot> slot = window_ == rate_window::rolling ? rolling_.take(word_, weight, now)
                                          : window_ == rate_window::fixed ? fixed_.take(word_, weight, now)
                                                                          : sliding_.take(weight, now);
    if (slot) latest_ = *slot;
    return slot.has_value();
}

duration rate_limiter_kernel::wait_in_line(std::uint64_t weight, instant now) const {
    switch (window_) {
        case rate_window::rolling: return rolling_.wait_in_line(word_, weight, now);
        case rate_window::fixed: return fixed_.wait_in_line(word_, weight, now);
        case rate_window::sliding: break;
    }
    return sliding_.wait_in_line(weight, now);
}

rate_reading rate_limiter_kernel::read(unsigned weight, instant now) const {
    switch (window_) {
        case rate_window::rolling: return rolling_.read(word_, weight, now);
        case rate_window::fixed: return fixed_.read(word_, weight, now);
        case rate_window::sliding: break;
    }
    return sliding_.read(weight, now);
}

}  // namespace cutwater
