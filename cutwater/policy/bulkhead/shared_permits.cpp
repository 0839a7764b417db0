#include "cutwater/policy/bulkhead/shared_permits.hpp"

namespace cutwater {

auto shared_permits::take_or_queue(waiter& w) noexcept -> answer {
    const std::scoped_lock lock{mutex_};
    if (queue_.size() >= max_queue_) return answer::full;
    // From here on a permit that comes back is handed on under the lock that we hold. One may have come back before.
    const std::uint64_t seen = word_.fetch_or(someone_waits, std::memory_order_acq_rel) & ~someone_waits;
    if (queue_.empty() && seen < limit()) {
        word_.fetch_add(1, std::memory_order_acq_rel);
        hand_on_locked();
        return answer::taken;
    }
    queue_.push(w);
    return answer::queued;
}

bool shared_permits::was_granted(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    return w.take_grant();
}

void shared_permits::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    queue_.remove(w);
    if (w.take_grant()) word_.fetch_sub(1, std::memory_order_acq_rel);
    hand_on_locked();
}

void shared_permits::resize(unsigned limit) noexcept {
    const std::scoped_lock lock{mutex_};
    limit_.store(limit, std::memory_order_relaxed);
    hand_on_locked();
}

unsigned shared_permits::queued() const noexcept {
    const std::scoped_lock lock{mutex_};
    return static_cast<unsigned>(queue_.size());
}

void shared_permits::hand_on() noexcept {
    const std::scoped_lock lock{mutex_};
    hand_on_locked();
}

/// Lets in as many as there is room for; the flag goes when nobody is left. Only the holder of the lock adds permits
/// while the flag is up, so the room that is seen here can only grow.
void shared_permits::hand_on_locked() noexcept {
    while (!queue_.empty() && in_use() < limit()) {
        word_.fetch_add(1, std::memory_order_acq_rel);
        queue_.grant_first();
    }
    if (queue_.empty()) word_.fetch_and(~someone_waits, std::memory_order_acq_rel);
}

}  // namespace cutwater
