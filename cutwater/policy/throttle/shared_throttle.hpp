// The kernel of a throttle, shared by threads: behind a lock, and before it a counter for what nearly all calls are. It answers
// as the kernel does.
//
// While nothing is rejected nearly all calls are accepted by the dependency, and change nothing but a count; while something is,
// nearly all are rejected, and change nothing but a count. So the cells of one counter count the first, or the second. Whatever
// else happens takes the lock: its holder closes the cells, hands to the kernel what they counted, and opens them again when
// what became of it has been published. A call that finds its cell closed takes the lock as well. So what is read between
// looking at a cell and counting in it (the probability, the end of the bucket) holds in the instant in which it counts.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each step.
#pragma once

#include <atomic>
#include <mutex>

#include "cutwater/core/gathered_counter.hpp"
#include "cutwater/policy/throttle/kernel.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class alignas(cache_line) basic_shared_throttle {
public:
    using change = throttle_kernel::change;
    using answer = throttle_kernel::answer;

    /// The options outlive it.
    explicit basic_shared_throttle(const throttle_options& o) noexcept
        : bucket_length_{throttle_window{o.window}.bucket_length()}, kernel_{o} {
        publish();
    }

    /// Whether any call may pass. One load.
    [[nodiscard]] bool rejects_none() const noexcept { return probability_.load(std::memory_order_relaxed) == 0.0; }

    enum class quick : std::uint8_t { unknown, passes, rejected };
    struct quick_answer {
        quick what = quick::unknown;
        throttle_reading by{};  ///< that decided it
    };
    /// The answer to most calls while something is rejected, without the lock; unknown where that is needed. `dice`: uniform in
    /// [0, 1).
    [[nodiscard]] quick_answer ask_quickly(instant now, double dice) noexcept {
        cell& mine = counter_.mine();
        typename cell::seen seen = mine.look();
        const throttle_reading by = in_force();
        if (!can_count(seen, rejected, now)) return {};
        const bool holds = dice < by.probability ? mine.count(seen) : mine.is_as_opened(seen);
        if (!holds) return {};
        return {dice < by.probability ? quick::rejected : quick::passes, by};
    }
    /// The answer to any.
    [[nodiscard]] answer ask(instant now, double dice);

    /// Counts a call that was accepted, without the lock; false where that is needed.
    [[nodiscard]] bool count_accepted(instant now) noexcept {
        cell& mine = counter_.mine();
        typename cell::seen seen = mine.look();
        return can_count(seen, accepted, now) && mine.count(seen);
    }
    change record_accepted(instant now);
    change record_failed(instant now) {
        return with_kernel([&](auto& kernel) { return kernel.record_failed(now); });
    }

    [[nodiscard]] throttle_reading read(instant now) {
        return with_kernel([&](auto& kernel) { return kernel.read(now); });
    }
    [[nodiscard]] bool is_fresh(instant now) {
        return with_kernel([&](auto& kernel) { return kernel.is_fresh(now); });
    }

private:
    using counter = gathered_counter<Atomic>;
    using cell = typename counter::cell;
    enum subject : std::uint32_t { accepted = 1, rejected = 2 };  // what the cells are open for

    class held_lock {
    public:
        explicit held_lock(basic_shared_throttle& owner) : owner_{owner}, lock_{owner.mutex_} {
            owner_.kernel_.add_uncomputed(owner_.counter_.close_all(cell::most));
        }
        held_lock(const held_lock&) = delete;
        held_lock& operator=(const held_lock&) = delete;
        ~held_lock() { owner_.publish(); }

    private:
        basic_shared_throttle& owner_;
        std::scoped_lock<Mutex> lock_;
    };

    /// Runs `use(kernel)` with everything that was counted, under the lock, and publishes what it leaves behind.
    template <class Use>
    auto with_kernel(Use&& use) {
        const held_lock held{*this};
        return use(kernel_);
    }

    void publish() noexcept {
        const throttle_reading& by = kernel_.in_force();
        requests_.store(by.counts.requests, std::memory_order_release);
        accepts_.store(by.counts.accepts, std::memory_order_release);
        probability_.store(by.probability, std::memory_order_release);
        bucket_end_.store(kernel_.window().bucket_end(), std::memory_order_release);
        counter_.open_used(subject_now(), cell::most);
        counter_.open_mine(subject_now(), cell::most);
    }
    /// Of one computation, if the cell that was looked at before is still as it was afterwards.
    [[nodiscard]] throttle_reading in_force() const noexcept {
        return {.counts = {requests_.load(std::memory_order_acquire), accepts_.load(std::memory_order_acquire)},
                .probability = probability_.load(std::memory_order_acquire)};
    }
    [[nodiscard]] subject subject_now() const noexcept { return kernel_.rejects() ? rejected : accepted; }

    [[nodiscard]] bool can_count(typename cell::seen seen, subject what, instant now) const noexcept {
        return cell::is_open(seen, what) && !cell::is_full(seen) && is_in_bucket(now);
    }
    [[nodiscard]] bool is_in_bucket(instant now) const noexcept {
        const instant end = bucket_end_.load(std::memory_order_acquire);
        return now < end && now >= add(end, -bucket_length_);
    }

    /// After a call could not be counted: whether it is worth another try, once others have got out of its way. Who took the lock
    /// to count would close everybody's cells, and each of them would do the same.
    [[nodiscard]] bool try_again(subject what, instant now) {
        const typename cell::seen seen = counter_.mine().look();
        if (!cell::is_closed(seen) && !can_count(seen, what, now)) return false;
        const std::scoped_lock lock{mutex_};
        if (cell::is_closed(seen))
            counter_.open_mine(subject_now(), cell::most);
        else
            counter_.spread();
        return true;
    }

    // what every call reads
    Atomic<double> probability_{0.0};
    Atomic<std::uint64_t> requests_{0};  // that it was computed from
    Atomic<std::uint64_t> accepts_{0};
    Atomic<instant> bucket_end_{instant::min()};
    const duration bucket_length_;
    counter counter_;

    // what the holder of the lock touches
    Mutex mutex_;
    throttle_kernel kernel_;
};

using shared_throttle = basic_shared_throttle<>;

template <template <class> class Atomic, class Mutex>
auto basic_shared_throttle<Atomic, Mutex>::ask(instant now, double dice) -> answer {
    for (;;) {
        if (rejects_none()) return {};
        const auto [what, by] = ask_quickly(now, dice);
        if (what != quick::unknown && by.probability == 0.0) return {};
        if (what != quick::unknown) return {.rejected = what == quick::rejected, .by = by};
        if (!try_again(rejected, now)) return with_kernel([&](auto& kernel) { return kernel.ask(now, dice); });
    }
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_throttle<Atomic, Mutex>::record_accepted(instant now) -> change {
    while (!count_accepted(now)) {
        if (!try_again(accepted, now)) return with_kernel([&](auto& kernel) { return kernel.record_accepted(now); });
    }
    return {};
}

extern template class basic_shared_throttle<>;

}  // namespace cutwater
