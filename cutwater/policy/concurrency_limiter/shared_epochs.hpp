// The epochs of a concurrency limiter, shared by threads: which calls count, what was seen of them, and what follows.
//
// A call's mark says in which epoch it began to count, if in any; it is taken at the end where that epoch still runs. Whoever ends a
// call after its epoch's end closes it, under a lock that nobody waits for, and asks the kernel.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each step.
#pragma once

#include <atomic>
#include <limits>
#include <mutex>
#include <optional>

#include "cutwater/core/striped.hpp"
#include "cutwater/policy/concurrency_limiter/kernel.hpp"
#include "cutwater/policy/concurrency_limiter/latency_counts.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_shared_epochs {
public:
    using mark = std::uint32_t;  // of an epoch; 0: does not count

    explicit basic_shared_epochs(const concurrency_limiter_options& options)
        : kernel_{options}, max_window_{options.max_window} {}

    /// Of a call that begins, as one of so many.
    [[nodiscard]] mark begin(instant now, unsigned in_flight) noexcept {
        const instant from = at(count_from_.load(std::memory_order_relaxed));
        const instant until = at(count_until_.load(std::memory_order_relaxed));
        if (now < from || now >= until) return 0;
        if (in_flight > most_in_flight_.load(std::memory_order_relaxed)) [[unlikely]]
            note_most(in_flight);
        begun_.fetch_add(1, std::memory_order_relaxed);
        return epoch_.load(std::memory_order_relaxed);
    }
    /// It ends in one of three ways; one whose epoch is closed already is late, and tells nothing
    /// where others tell more.
    void answered(mark m, duration took) noexcept {
        if (counts(m)) latencies_.add(took);
    }
    void dropped(mark m) noexcept {
        if (counts(m))
            dropped_.fetch_add(1, std::memory_order_relaxed);
        else if (m != 0)
            dropped_late_.fetch_add(1, std::memory_order_relaxed);
    }
    void neutral(mark m) noexcept {
        if (counts(m)) neutral_.fetch_add(1, std::memory_order_relaxed);
    }
    /// Its time was over before it was answered: a drop, unless it had less than it takes.
    void ran_out(mark m, duration took) noexcept {
        took.count() > tolerated_.load(std::memory_order_relaxed) ? dropped(m) : neutral(m);
    }

    /// Where an epoch is over: closes it, and gives what there is to be told; nothing where it is not, or where another does it.
    struct moved {
        unsigned from = 0;
        unsigned to = 0;
        duration typical{};
        duration idle{};
        bool probing = false;
    };
    [[nodiscard]] bool is_over(instant now) const noexcept {
        return now >= at(over_at_.load(std::memory_order_relaxed));
    }
    /// Has `apply` set the limit, under the lock: what was decided last is in force last.
    template <class Apply>
    [[nodiscard]] std::optional<moved> close(instant now, random_source& random, Apply&& apply) noexcept;

    /// Of the calls that have begun in the epoch that runs, as it would be judged now; for tests.
    [[nodiscard]] epoch_seen seen(instant now) const noexcept { return told_by(latencies_.look(), now); }

private:
    [[nodiscard]] static instant at(duration::rep since) noexcept { return instant{duration{since}}; }
    void note_most(unsigned in_flight) noexcept {
        unsigned seen = most_in_flight_.load(std::memory_order_relaxed);
        while (seen < in_flight && !most_in_flight_.compare_exchange_weak(seen, in_flight, std::memory_order_relaxed)) {
        }
    }
    void begin_epoch_locked(instant now) noexcept;
    [[nodiscard]] bool counts(mark m) const noexcept { return m != 0 && m == epoch_.load(std::memory_order_relaxed); }
    [[nodiscard]] epoch_seen told_by(const latency_summary& seen, instant now) const noexcept;
    [[nodiscard]] std::uint64_t outstanding(std::uint64_t answered) const noexcept;
    [[nodiscard]] duration mean_age(std::uint64_t calls, instant now) const noexcept;
    [[nodiscard]] bool goes_on_locked(instant now) noexcept;
    [[nodiscard]] instant latest_end() const noexcept {
        return add(began_, std::max(max_window_, 2 * kernel_.window()));
    }
    void count_from_locked(instant from) noexcept;
    static void store(Atomic<duration::rep>& where, instant t) noexcept {
        where.store(t.time_since_epoch().count(), std::memory_order_relaxed);
    }

    // read by every call, written once in an epoch
    alignas(cache_line) Atomic<mark> epoch_{1};
    Atomic<duration::rep> count_from_{instant::min().time_since_epoch().count()};
    Atomic<duration::rep> count_until_{instant::min().time_since_epoch().count()};
    Atomic<duration::rep> over_at_{instant::min().time_since_epoch().count()};
    Atomic<unsigned> most_in_flight_{0};
    Atomic<duration::rep> tolerated_{0};

    alignas(cache_line) basic_latency_counts<Atomic> latencies_;
    Atomic<std::uint32_t> begun_{0};
    Atomic<std::uint32_t> dropped_{0};
    Atomic<std::uint32_t> neutral_{0};
    Atomic<std::uint32_t> dropped_late_{0};  // since the epoch began, of calls of those before

    Mutex mutex_;
    concurrency_kernel kernel_;
    duration max_window_;
    instant began_ = never;
    instant counted_since_{};           // the first of those that count may have begun then
    std::uint64_t out_since_then_ = 0;  // so many of those that began before the epoch was extended have not ended
};

using shared_epochs = basic_shared_epochs<>;

template <template <class> class Atomic, class Mutex>
template <class Apply>
auto basic_shared_epochs<Atomic, Mutex>::close(instant now, random_source& random, Apply&& apply) noexcept
    -> std::optional<moved> {
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock.owns_lock() || !is_over(now)) return {};
    if (began_ == never) return begin_epoch_locked(now), std::nullopt;
    if (goes_on_locked(now)) return {};
    const unsigned before = kernel_.limit();
    const bool was_probing = kernel_.is_probing();
    const latency_summary seen = latencies_.take();
    kernel_.learn(told_by(seen, now), now, random);
    begin_epoch_locked(now);
    if (kernel_.limit() == before) return {};
    apply(kernel_.limit());
    return moved{before, kernel_.limit(), seen.mean, kernel_.idle(), was_probing || kernel_.is_probing()};
}

template <template <class> class Atomic, class Mutex>
epoch_seen basic_shared_epochs<Atomic, Mutex>::told_by(const latency_summary& seen, instant now) const noexcept {
    const std::uint64_t out = outstanding(seen.count);
    return {.answered = seen.count,
            .dropped = dropped_.load(std::memory_order_relaxed),
            .dropped_late = dropped_late_.load(std::memory_order_relaxed),
            .outstanding = out,
            .typical = seen.mean,
            .slow = seen.percentile_90,
            .age = mean_age(out, now),
            .most_in_flight = most_in_flight_.load(std::memory_order_relaxed)};
}

/// Calls that count and have not ended. Counters are read one after the other, so it may be a little wrong.
template <template <class> class Atomic, class Mutex>
std::uint64_t basic_shared_epochs<Atomic, Mutex>::outstanding(std::uint64_t answered) const noexcept {
    const std::uint64_t ended =
        answered + dropped_.load(std::memory_order_relaxed) + neutral_.load(std::memory_order_relaxed);
    return std::max<std::uint64_t>(begun_.load(std::memory_order_relaxed), ended) - ended;
}

/// Of calls that have not ended: as many as had not when the epoch was extended are as old as it, the others as old as its latest part.
template <template <class> class Atomic, class Mutex>
duration basic_shared_epochs<Atomic, Mutex>::mean_age(std::uint64_t calls, instant now) const noexcept {
    if (calls == 0) return duration::zero();
    const std::uint64_t old = std::min(calls, out_since_then_);
    const auto sum = static_cast<double>(old) * static_cast<double>((now - counted_since_).count()) +
                     static_cast<double>(calls - old) *
                         static_cast<double>((now - at(count_from_.load(std::memory_order_relaxed))).count());
    return duration{static_cast<duration::rep>(sum / static_cast<double>(calls))};
}

/// Where too little is known as yet: counts more calls, or waits for those that have been counted.
template <template <class> class Atomic, class Mutex>
bool basic_shared_epochs<Atomic, Mutex>::goes_on_locked(instant now) noexcept {
    if (now >= latest_end()) return false;
    const latency_summary seen = latencies_.look();
    const std::uint64_t ended = seen.count + dropped_.load(std::memory_order_relaxed);
    const std::uint64_t out = outstanding(seen.count);
    if (!kernel_.is_enough(ended, seen.standard_error)) {
        out_since_then_ = std::min(out_since_then_, out);
        return count_from_locked(now), true;
    }
    if (concurrency_kernel::is_most(out, ended)) return false;
    store(over_at_, std::min(add(now, kernel_.window() / 2), latest_end()));
    return true;
}

/// What went before ends first: it may have begun under another limit.
template <template <class> class Atomic, class Mutex>
void basic_shared_epochs<Atomic, Mutex>::begin_epoch_locked(instant now) noexcept {
    began_ = now;
    mark next = epoch_.load(std::memory_order_relaxed) + 1;
    if (next == 0) ++next;
    epoch_.store(next, std::memory_order_relaxed);
    for (auto* counter : {&begun_, &dropped_, &neutral_, &dropped_late_}) counter->store(0, std::memory_order_relaxed);
    most_in_flight_.store(0, std::memory_order_relaxed);
    tolerated_.store(kernel_.tolerated().count(), std::memory_order_relaxed);
    counted_since_ = add(now, kernel_.window() / 2);
    out_since_then_ = std::numeric_limits<std::uint64_t>::max();
    count_from_locked(counted_since_);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_epochs<Atomic, Mutex>::count_from_locked(instant from) noexcept {
    const instant until = std::min(add(from, kernel_.window()), latest_end());
    store(count_from_, from);
    store(count_until_, until);
    store(over_at_, std::min(add(until, kernel_.window() / 2), latest_end()));
}

extern template class basic_shared_epochs<>;

}  // namespace cutwater
