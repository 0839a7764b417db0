// A number of permits, shared by threads, with a line in front of them: one word for everybody, and a lock for those who wait.
//
// `word_` holds the permits that are out, the limit, and whether anybody waits: whoever takes one decides on all three at
// once. While nobody waits, taking and giving back are one atomic operation each. While somebody does, nobody takes past
// the queue: what comes back is handed on under the lock.
//
// Time: who knows it is judged by it: whose time is over when it comes, or brings a permit back. `leave`, `resize` and `give_back`
// without one go by the instant that was spoken of last. Instants come from one monotonic clock; those of concurrent calls may be a
// little out of order.
//
// Limits are below 2^31. Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each
// step.
#pragma once

#include <atomic>
#include <cassert>
#include <mutex>
#include <optional>

#include "cutwater/core/moment.hpp"
#include "cutwater/core/striped.hpp"
#include "cutwater/queue/waiting_line.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_shared_permits {
public:
    basic_shared_permits(unsigned limit, const queue_rules& rules) noexcept
        : word_{std::uint64_t{limit} << limit_at}, line_{rules} {
        assert(limit <= most_permits);
    }
    static constexpr unsigned most_permits = (1U << 31U) - 1;  // the bit above is the flag's

    /// How many are then out, this one included; 0 where none is to be had.
    [[nodiscard]] unsigned try_take() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while (has_room(seen))
            if (word_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed))
                return in_use_of(seen) + 1;
        return 0;
    }

    /// Reads the time only where somebody waits.
    void give_back(moment& now) noexcept {
        if ((word_.fetch_sub(1, std::memory_order_release) & someone_waits) != 0) [[unlikely]]
            hand_on(now.get());
    }
    /// What was granted to a waiter, whoever it is.
    void give_back(const waiter&, moment& now) noexcept { give_back(now); }
    /// For one who does not know the time.
    void give_back() noexcept {
        if ((word_.fetch_sub(1, std::memory_order_release) & someone_waits) != 0) [[unlikely]]
            hand_on();
    }

    enum class answer : std::uint8_t { taken, queued, full };
    /// Takes a permit that has become free, or queues `w`, whose `until` and `importance` are set.
    [[nodiscard]] answer take_or_queue(waiter& w, instant now) noexcept;

    enum class wait_state : std::uint8_t { waits, granted, turned_away };
    /// Whether the permit that `w` waited for is there; the waiter is then out of the queue, and the permit its owner's. One that
    /// was turned away is out of the queue, too: `w.turned_away()` says why.
    [[nodiscard]] wait_state look(waiter& w) noexcept;

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

    void hand_on(std::optional<instant> now = {}) noexcept;
    void hand_on_locked() noexcept;

    alignas(cache_line) Atomic<std::uint64_t> word_;
    mutable Mutex mutex_;
    waiting_line line_;
    instant now_{};  // what was spoken of last; nobody waits before anybody has
};

using shared_permits = basic_shared_permits<>;

template <template <class> class Atomic, class Mutex>
auto basic_shared_permits<Atomic, Mutex>::take_or_queue(waiter& w, instant now) noexcept -> answer {
    const std::scoped_lock lock{mutex_};
    now_ = now;
    // From here on a permit that comes back is handed on under the lock that we hold. One may have come back before.
    const std::uint64_t seen = word_.fetch_or(someone_waits, std::memory_order_acq_rel);
    if (line_.empty() && has_room(seen & ~someone_waits)) {
        word_.fetch_add(1, std::memory_order_acq_rel);
        hand_on_locked();
        return answer::taken;
    }
    if (line_.push(w, now_)) return answer::queued;
    hand_on_locked();
    return answer::full;
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_permits<Atomic, Mutex>::look(waiter& w) noexcept -> wait_state {
    const std::scoped_lock lock{mutex_};
    if (w.take_grant()) return wait_state::granted;
    return w.turned_away() ? wait_state::turned_away : wait_state::waits;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    line_.remove(w);
    if (w.take_grant()) word_.fetch_sub(1, std::memory_order_acq_rel);
    hand_on_locked();
}

template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::resize(unsigned limit) noexcept {
    assert(limit <= most_permits);
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
    return static_cast<unsigned>(line_.size());
}

template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::hand_on(std::optional<instant> now) noexcept {
    const std::scoped_lock lock{mutex_};
    if (now) now_ = *now;
    hand_on_locked();
}

/// Lets in as many as there is room for; the flag goes when nobody is left. Only the holder of the lock adds permits
/// while the flag is up, so the room that is seen here can only grow.
template <template <class> class Atomic, class Mutex>
void basic_shared_permits<Atomic, Mutex>::hand_on_locked() noexcept {
    while (in_use() < limit()) {
        waiter* const next = line_.next(now_);
        if (next == nullptr) break;
        word_.fetch_add(1, std::memory_order_acq_rel);
        line_.grant(*next);
    }
    if (line_.empty()) word_.fetch_and(~someone_waits, std::memory_order_acq_rel);
}

extern template class basic_shared_permits<>;

}  // namespace cutwater
