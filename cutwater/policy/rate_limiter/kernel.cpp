#include "cutwater/policy/rate_limiter/kernel.hpp"

namespace cutwater {

namespace {

bool matters_less(const rate_limiter_kernel::call& one, const rate_limiter_kernel::call& other) {
    return level_of(one.importance) > level_of(other.importance);
}

}  // namespace

auto rate_limiter_kernel::admit(const call& asks, instant now, duration patience) -> answer {
    serve(now);
    std::uint64_t ahead = 0;
    for (const call& w : queue_) ahead += matters_less(w, asks) ? 0 : w.weight;
    if (ahead == 0 && take(asks.weight, now)) return answer::admitted;
    const bool ever = read(asks.weight, now).retry_after != forever;
    if (!ever || wait_in_line(ahead + asks.weight, now) > patience) return answer::refused;
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
    if (is_turned_away(who)) return false;
    if (std::erase_if(queue_, [&](const call& w) { return w.who == who && w.until < now; }) > 0)
        turned_away_.push_back(who);
    if (std::ranges::none_of(granted_, [&](const grant& g) { return g.to.who == who; })) serve(now);
    const auto found = std::ranges::find_if(granted_, [&](const grant& g) { return g.to.who == who; });
    if (found == granted_.end()) return false;
    const grant its = *found;
    granted_.erase(found);
    if (its.to.until >= now) return latest_ = its.slot, true;
    turned_away_.push_back(who);
    return give_back(its.slot, now), false;
}

void rate_limiter_kernel::serve(instant now) {
    while (!queue_.empty()) {
        const call first = queue_.front();
        const bool is_over = first.until < now;
        if (!is_over && !take(first.weight, now)) return;
        queue_.pop_front();
        if (is_over) {
            turned_away_.push_back(first.who);
        } else {
            granted_.push_back({first, latest_});
            last_granted_ = first.who;
        }
    }
}

void rate_limiter_kernel::leave(waiter_id who) {
    std::erase_if(queue_, [&](const call& w) { return w.who == who; });
    std::erase(turned_away_, who);
    const auto found = std::ranges::find_if(granted_, [&](const grant& g) { return g.to.who == who; });
    if (found == granted_.end()) return;
    if (window_ != rate_window::rolling)
        put_back(found->slot, found->slot.taken);
    else if (last_granted_ == who)
        (void)gcra::undo(word_, found->slot);
    granted_.erase(found);
}

void rate_limiter_kernel::give_back(const rate_slot& unused, instant now) {
    put_back(unused, now);
    serve(now);
}

void rate_limiter_kernel::put_back(const rate_slot& unused, instant now) {
    const std::uint64_t before = word_;
    switch (window_) {
        case rate_window::rolling: rolling_.give_back(word_, unused, now); break;
        case rate_window::fixed: fixed_.give_back(word_, unused, now); break;
        case rate_window::sliding: return sliding_.give_back(unused);
    }
    if (word_ != before) last_granted_ = 0;
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
