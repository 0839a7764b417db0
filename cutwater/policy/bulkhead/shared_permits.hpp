// The permits of a bulkhead, shared by threads: one word for everybody, and a lock for those who wait.
//
// `word_` holds the permits that are out and, above them, whether anybody waits. While nobody does, taking and giving
// back are one atomic operation each. While somebody does, nobody takes past the queue: what comes back is handed on
// under the lock.
#pragma once

#include <atomic>
#include <mutex>

#include "cutwater/core/striped.hpp"
#include "cutwater/core/waiter.hpp"

namespace cutwater {

class shared_permits {
public:
    shared_permits(unsigned limit, unsigned max_queue) noexcept : limit_{limit}, max_queue_{max_queue} {}

    [[nodiscard]] bool try_take() noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        const std::uint64_t limit = limit_.load(std::memory_order_relaxed);
        while (seen < limit)  // the flag of waiters is above any limit
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

    [[nodiscard]] unsigned limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
    [[nodiscard]] unsigned in_use() const noexcept {
        return static_cast<unsigned>(word_.load(std::memory_order_relaxed) & ~someone_waits);
    }
    [[nodiscard]] unsigned queued() const noexcept;

private:
    static constexpr std::uint64_t someone_waits = std::uint64_t{1} << 63U;

    void hand_on() noexcept;
    void hand_on_locked() noexcept;

    alignas(cache_line) std::atomic<std::uint64_t> word_{0};
    std::atomic<unsigned> limit_;
    const unsigned max_queue_;
    mutable std::mutex mutex_;
    waiter_queue queue_;
};

}  // namespace cutwater
