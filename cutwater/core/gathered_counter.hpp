// A count that threads make without a lock, on its way to a kernel that gathers it under one.
//
// It is counted in cells of one word each. A cell is open for one subject at a time (an epoch, a kind of call), or closed;
// counting is one compare-and-swap of the word that was looked at, so what comes too late (the cell was closed, or opened
// anew, since) is never counted: counting is exact, and whoever fails to count knows it. What was read between the look and
// the count was as it is when the cell counts, if it changes only while the cells are closed. At first there is one cell;
// when threads meet at it, each gets one of its own, on its own cache line.
//
// Thread safety: `mine`, and what a cell offers to anybody, from any thread. The rest under the owner's lock. `Atomic` is
// `std::atomic`, or a test's that stops at each step.
#pragma once

#include <atomic>
#include <cstdint>
#include <new>

#include "cutwater/core/striped.hpp"

namespace cutwater {

/// One word: the subject that it is open for (0: closed), how often it was opened, and how many more it takes.
template <template <class> class Atomic>
class gathered_cell {
public:
    static constexpr std::uint32_t most = 0xffff;  ///< that a cell takes

    using seen = std::uint64_t;
    [[nodiscard]] seen look() const noexcept { return word_.load(std::memory_order_acquire); }
    [[nodiscard]] static bool is_open(seen s, std::uint32_t subject) noexcept { return s >> subject_at == subject; }
    [[nodiscard]] static bool is_closed(seen s) noexcept { return s >> subject_at == 0; }
    [[nodiscard]] static bool is_full(seen s) noexcept { return (s & most) == 0; }
    /// Whether the cell was not closed since `s` was seen.
    [[nodiscard]] bool is_as_opened(seen s) const noexcept { return ((look() ^ s) & ~std::uint64_t{most}) == 0; }
    /// Counts one more, unless anything happened to the cell since it was looked at: then `s` is what it is now.
    /// Only where it is open and not full.
    [[nodiscard]] bool count(seen& s) noexcept {
        return word_.compare_exchange_strong(s, s - 1, std::memory_order_acq_rel, std::memory_order_relaxed);
    }

    // by the holder of the lock
    void open(std::uint32_t subject, std::uint32_t room) noexcept {
        const std::uint64_t times = (word_.load(std::memory_order_relaxed) + std::uint64_t{most} + 1) & times_mask;
        word_.store(std::uint64_t{subject} << subject_at | times | room, std::memory_order_release);
    }
    /// Closes it; gives what it counted.
    [[nodiscard]] std::uint64_t close(std::uint32_t room) noexcept {
        const seen last = word_.fetch_and(times_mask, std::memory_order_acq_rel);
        return is_closed(last) ? 0 : room - (last & most);
    }

private:
    static constexpr unsigned subject_at = 32;
    static constexpr std::uint64_t times_mask = 0xffff'0000;

    Atomic<std::uint64_t> word_{0};
};

template <template <class> class Atomic>
class gathered_counter {
public:
    using cell = gathered_cell<Atomic>;

    gathered_counter() noexcept = default;
    gathered_counter(const gathered_counter&) = delete;
    gathered_counter& operator=(const gathered_counter&) = delete;
    ~gathered_counter() { delete spread_.load(std::memory_order_relaxed); }

    /// The cell that this thread counts in.
    [[nodiscard]] cell& mine() noexcept {
        cells* const spread = spread_.load(std::memory_order_acquire);
        return spread == nullptr ? first_ : spread->of_thread[my_number()].counts;
    }

    // by the holder of the lock; `room`: how many each cell takes, always the same

    void open_used(std::uint32_t subject, std::uint32_t room) noexcept {
        each_used([&](cell& c) { c.open(subject, room); });
    }

    [[nodiscard]] std::uint64_t close_all(std::uint32_t room) noexcept {
        std::uint64_t counted = 0;
        each_used([&](cell& c) { counted += c.close(room); });
        return counted;
    }

    /// Opens this thread's cell, which from now on is one of those used.
    void open_mine(std::uint32_t subject, std::uint32_t room) noexcept {
        if (!cell::is_closed(mine().look())) return;
        if (cells* const spread = spread_.load(std::memory_order_relaxed)) spread->used |= 1U << my_number();
        mine().open(subject, room);
    }

    /// Gives each thread a cell of its own, if there is memory.
    void spread() noexcept {
        if (spread_.load(std::memory_order_relaxed) == nullptr)
            spread_.store(new (std::nothrow) cells, std::memory_order_release);
    }

private:
    static constexpr unsigned thread_cells = 16;

    struct alignas(cache_line) line {
        cell counts;
    };
    struct cells {
        line of_thread[thread_cells];
        std::uint32_t used = 0;  // a bit for each
    };

    [[nodiscard]] static unsigned my_number() noexcept { return this_thread_number() % thread_cells; }

    template <class F>
    void each_used(F&& f) noexcept {
        f(first_);
        cells* const spread = spread_.load(std::memory_order_relaxed);
        for (unsigned i = 0; spread != nullptr && i < thread_cells; ++i)
            if ((spread->used >> i & 1U) != 0) f(spread->of_thread[i].counts);
    }

    cell first_;
    Atomic<cells*> spread_{nullptr};
};

}  // namespace cutwater
