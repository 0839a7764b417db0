#include "cutwater/policy/rate_limiter/kernel.hpp"

namespace cutwater {

auto rate_limiter_kernel::admit(waiter_id who, unsigned weight, instant now, duration patience, criticality importance)
    -> answer {
    if (queue_.empty() && take(weight, now)) return answer::admitted;
    const auto place =
        std::ranges::find_if(queue_, [&](const waiting& w) { return level_of(w.importance) > level_of(importance); });
    std::uint64_t in_line = weight;
    for (auto w = queue_.begin(); w != place; ++w) in_line += w->weight;
    if (read(weight, now).retry_after == forever || wait_in_line(in_line, now) > patience) return answer::refused;
    const bool displaces = queue_.size() >= max_queue_;
    if (displaces && place == queue_.end()) return answer::refused;
    queue_.insert(place, {who, weight, importance});
    if (displaces) {
        displaced_.push_back(queue_.back().who);
        queue_.pop_back();
    }
    return answer::queued;
}

bool rate_limiter_kernel::look(waiter_id who, instant now) {
    if (queue_.empty() || queue_.front().who != who || !take(queue_.front().weight, now)) return false;
    queue_.pop_front();
    return true;
}

void rate_limiter_kernel::leave(waiter_id who) {
    std::erase_if(queue_, [&](const waiting& w) { return w.who == who; });
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
