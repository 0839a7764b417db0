// The permits of a bulkhead, shared by threads: one word for everybody, and a lock for those who wait.
//
// `word_` holds the permits that are out, the limit, and whether anybody waits: whoever takes one decides on all three at
// once. While nobody waits, taking and giving back are one atomic operation each. While somebody does, nobody takes past
// the queue: what comes back is handed on under the lock.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each
// step.
#pragma once

#include <atomic>
#include <mutex>

#include "cutwater/core/striped.hpp"
#include "cutwater/core/waiter.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_shared_permits {
public:
    basic_shared_permits(unsigned limit, unsigned max_queue) noexcept
        : word_{std::uint64_t{limit} << limit_at}, max_queue_{max_queue} {}

    [[nodiscard]] bool try_take() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while (has_room(seen))
            if (word_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed))
                return true;
        return false;
    }

    void give_back() noexcept {
        if ((word_.fetch_sub(1, std::memory_order_release) & someone_waits) != 0) [[unlikely]]
            hand_on();
    }

    enum class answer : std::uint8_t { taken, queued, full };
    /// Takes a permit that has become free, or queues `w`.
    [[nodiscard]] answer take_or_queue(waiter& w) noexcept;

    /// Whether the permit that `w` waited for is there; the waiter is then out of the queue, and the permit its owner's.
    [[nodiscard]] bool was_granted(waiter& w) noexcept;

    /// Ends a wait: out of the queue, and a permit that came in the meantime goes back.
    void leave(waiter& w) noexcept;

    void resize(unsigned limit) noexcept;

    /// Each for itself: while permits go from one to another they need not add up.
    [[nodiscard]] unsigned limit() const noexcept { return limit_of(word_.load(std::memory_order_relaxed)); }
    [[nodiscard]] unsigned in_use() const noexcept { return in_use_of(word_.load(std::memory_order_relaxed)); }
    [[nodiscard]] unsigned queued() const noexcept;
    /// Whether the limit is this, nobody is in and nobody waits.
    [[nodiscard]] bool is_idle(unsigned limit) const noexcept {
        return word_.load(std::memory_order_acquire) == std::uint64_t{limit} << limit_at;
    }

private:
    static constexpr std::uint64_t someone_waits = std::uint64_t{1} << 63U;
    static constexpr unsigned limit_at = 32;

    [[nodiscard]] static unsigned in_use_of(std::uint64_t word) noexcept { return static_cast<unsigned>(word); }
    [[nodiscard]] static unsigned limit_of(std::uint64_t word) noexcept {
        return static_cast<unsigned>((word & ~someone_waits) >> limit_at);
    }
    /// For one who would not overtake anybody.
    [[nodiscard]] static bool has_room(std::uint64_t word) noexcept {
        return (word & someone_waits) == 0 && in_use_of(word) < limit_of(word);
    }

    void hand_on() noexcept;
    void hand_on_locked() noexcept;

    alignas(cache_line) Atomic<std::uint64_t> word_;
    const unsigned max_queue_;
    mutable Mutex mutex_;
    waiter_queue queue_;
};

using shared_permits = basic_shared_permits<>;

template <template <class> class Atomic, class Mutex>
auto basic_shared_permits<Atomic, Mutex>::take_or_queue(waiter& w) noexcept -> answer {
    const std::scoped_lock lock{mutex_};
    if (queue_.size() >= max_queue_) return answer::full;
    // From here on a permit that comes back is handed on under the lock that we hold. One may have come back before.
    const std::uint64_t seen = word_.fetch_or(someone_waits, std::memory_order_acq_rel);
    if (queue_.empty() && has_room(seen & ~someone_waits)) {
        word_.fetch_add(1, std::memory_order_acq_rel);
        hand_on_locked();
        return answer::taken;
    }
    queue_.push(w);
    return answer::queued;
}

template <template <class> class Atomic, class Mutex>
bool basic_shared_permits<Atomic, Mutex>::was_granted(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    return w.take_grant();
}

template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    queue_.remove(w);
    if (w.take_grant()) word_.fetch_sub(1, std::memory_order_acq_rel);
    hand_on_locked();
}

template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::resize(unsigned limit) noexcept {
    const std::scoped_lock lock{mutex_};
    const auto resized = [&](std::uint64_t word) {
        return (word & someone_waits) | std::uint64_t{limit} << limit_at | in_use_of(word);
    };
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while (!word_.compare_exchange_weak(seen, resized(seen), std::memory_order_acq_rel, std::memory_order_relaxed)) {}
    hand_on_locked();
}

template <template <class> class Atomic, class Mutex>
unsigned basic_shared_permits<Atomic, Mutex>::queued() const noexcept {
    const std::scoped_lock lock{mutex_};
    return static_cast<unsigned>(queue_.size());
}

template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::hand_on() noexcept {
    const std::scoped_lock lock{mutex_};
    hand_on_locked();
}

/// Lets in as many as there is room for; the flag goes when nobody is left. Only the holder of the lock adds permits
/// while the flag is up, so the room that is seen here can only grow.
template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::hand_on_locked() noexcept {
    while (!queue_.empty() && in_use() < limit()) {
        word_.fetch_add(1, std::memory_order_acq_rel);
        queue_.grant_first();
    }
    if (queue_.empty()) word_.fetch_and(~someone_waits, std::memory_order_acq_rel);
}

extern template class basic_shared_permits<>;

}  // namespace cutwater
