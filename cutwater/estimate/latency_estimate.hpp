// A percentile of latencies that follows them: how long all but the slowest take, from what was seen in the last minute.
//
//     cw::latency_estimate search{{.window = 1min}};
//     search.record(12ms, cw::now());                          // it ended, after that time
//     search.record_censored(200ms, cw::now());                // it was cut off: at least so long
//     if (const auto p99 = search.percentile(0.99, cw::now())) assert(p99->value > 0s && p99->is_at_least);
//
// One for each dependency, shared by what needs to know: timeouts and hedges, by `std::shared_ptr`.
//
// Contract. From 512 ns to 73 minutes a percentile is within 2 % (`latency_buckets`) of that of the samples in the window; what was cut
// off is taken as what it is (`latency_counts`), so that a timeout does not drag it down. Where it lies beyond all that ended, the reading says
// `is_at_least`. It says nothing below `min_samples`. The window is forgotten a quarter at a time; what comes with an instant a little
// before others counts with them, and a jump as long as the window, back or forth, begins anew.
//
// `percentile` is as old as a 1024th of the window at most, for up to four different `p`; a fifth is computed at each call. `read` is exact.
// Thread safety: every member, from any thread. A sample is one atomic operation; a lock is taken once in a slice, and to compute. Of samples that
// threads make while a slice of the window passes, each counts once, unless its thread slept for a whole window in the middle of it.
// A reading beside samples that are just being made has some of them. Counters wrap at 2^32 of one size in a slice: a million a second for 71 minutes.
// Units: `p` from 0 to 1. Memory: 34 KB.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "cutwater/core/striped.hpp"
#include "cutwater/estimate/latency_counts.hpp"
#include "cutwater/estimate/options.hpp"
#include "cutwater/estimate/slice_clock.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_latency_estimate {
public:
    static constexpr std::string_view kind = "latency_estimate";

    /// Throws `invalid_options`.
    explicit basic_latency_estimate(latency_estimate_options options = {})
        : options_{validated(kind, std::move(options))}, refresh_{options_.window / refreshes}, time_{options_.window} {
    }
    basic_latency_estimate(const basic_latency_estimate&) = delete;
    basic_latency_estimate& operator=(const basic_latency_estimate&) = delete;
    ~basic_latency_estimate() = default;

    [[nodiscard]] const latency_estimate_options& options() const noexcept { return options_; }

    void record(duration took, instant now) noexcept {
        if (took > latency_buckets::longest) [[unlikely]]
            return record_censored(took, now);
        current(now)[latency_buckets::of(took)].ended.fetch_add(1, std::memory_order_relaxed);
    }
    void record_censored(duration at_least, instant now) noexcept {
        current(now)[latency_buckets::of(at_least)].cut.fetch_add(1, std::memory_order_relaxed);
    }

    /// For every call: remembered, and computed anew by one of those who ask.
    [[nodiscard]] std::optional<latency_percentile> percentile(double p, instant now) noexcept {
        for (remembered& r : remembered_) {
            if (r.p.load(std::memory_order_acquire) != p) continue;
            duration::rep since = r.since.load(std::memory_order_relaxed);
            if (!is_in_force(since, now)) [[unlikely]]
                if (r.since.compare_exchange_strong(since, stamp(now), std::memory_order_relaxed)) recall(r, p, now);
            return decoded(r.word.load(std::memory_order_relaxed));
        }
        return remember(p, now);
    }

    /// For gauges, and whoever wants to know why.
    [[nodiscard]] latency_reading read(double p, instant now) const noexcept {
        return read_counts(counts(now), p, options_.min_samples);
    }
    /// What is in the window.
    [[nodiscard]] latency_counts counts(instant now) const noexcept {
        const std::scoped_lock lock{mutex_};
        return counts_locked(now);
    }

private:
    static constexpr duration::rep refreshes = 1024;  // in a window, at most

    struct cell {
        Atomic<std::uint32_t> ended{0};
        Atomic<std::uint32_t> cut{0};
    };
    using cells = std::array<cell, latency_buckets::count>;
    struct slice {
        slice_clock::number number = 0;
        cells seen{};
    };
    struct remembered {
        Atomic<double> p{-1};
        Atomic<duration::rep> since{0};
        Atomic<duration::rep> word{0};
    };

    // a percentile as one word: 0 for none, negative where it is at least that
    [[nodiscard]] static duration::rep encoded(const std::optional<latency_percentile>& said) noexcept {
        if (!said) return 0;
        return said->is_at_least ? -said->value.count() : said->value.count();
    }
    [[nodiscard]] static std::optional<latency_percentile> decoded(duration::rep word) noexcept {
        if (word == 0) return {};
        return latency_percentile{.value = duration{word < 0 ? -word : word}, .is_at_least = word < 0};
    }

    [[nodiscard]] static std::uint64_t unsigned_between(duration::rep from, instant to) noexcept {
        return static_cast<std::uint64_t>(to.time_since_epoch().count()) - static_cast<std::uint64_t>(from);
    }
    [[nodiscard]] static duration::rep stamp(instant now) noexcept { return now.time_since_epoch().count(); }
    /// As the clock says it, and without the lock that guards the clock.
    [[nodiscard]] bool is_a_little_before(duration::rep begin, instant now) const noexcept {
        const auto d = static_cast<duration::rep>(unsigned_between(begin, now));
        return d < 0 && d > -time_.length().count() * duration::rep{slice_clock::slices};
    }
    /// Since then; where time has jumped back it is computed anew as well.
    [[nodiscard]] bool is_in_force(duration::rep since, instant now) const noexcept {
        return unsigned_between(since, now) < static_cast<std::uint64_t>(refresh_.count());
    }

    /// The slice that samples are counted in. Whoever sees a new beginning sees the slot that goes with it, or a later one.
    [[nodiscard]] cells& current(instant now) noexcept {
        const duration::rep begin = begin_.load(std::memory_order_acquire);
        if (unsigned_between(begin, now) >= static_cast<std::uint64_t>(time_.length().count())) [[unlikely]]
            if (!is_a_little_before(begin, now)) turn(now);
        return slices_[slot_.load(std::memory_order_acquire)].seen;
    }
    void turn(instant now) noexcept;
    void recall(remembered& r, double p, instant now) noexcept {
        r.word.store(encoded(read(p, now).percentile), std::memory_order_relaxed);
    }
    [[nodiscard]] std::optional<latency_percentile> remember(double p, instant now) noexcept;
    [[nodiscard]] latency_counts counts_locked(instant now) const noexcept;

    // read by every sample and reading, written once in a slice
    alignas(cache_line) latency_estimate_options options_;
    duration refresh_;
    Atomic<duration::rep> begin_{instant::min().time_since_epoch().count()};
    Atomic<std::size_t> slot_{0};
    std::array<remembered, 4> remembered_{};

    alignas(cache_line) std::array<slice, slice_clock::slices> slices_{};

    alignas(cache_line) mutable Mutex mutex_;
    slice_clock time_;  // its length never changes
};

using latency_estimate = basic_latency_estimate<>;

/// Of several that share one, in `describe()`.
[[nodiscard]] inline std::string to_text(const std::shared_ptr<latency_estimate>& value) {
    return value ? in_quotes(value->options().name) : "none";
}
[[nodiscard]] inline bool is_unset(const std::shared_ptr<latency_estimate>& value) noexcept { return value == nullptr; }

/// Clears the slice before it is one that samples are counted in.
template <template <class> class Atomic, class Mutex>
void basic_latency_estimate<Atomic, Mutex>::turn(instant now) noexcept {
    const std::scoped_lock lock{mutex_};
    const slice_clock::number before = time_.current();
    time_.move_to(now);
    if (time_.current() == before) return;
    const std::size_t slot = slice_clock::slot(time_.current());
    slices_[slot].number = time_.current();
    for (cell& c : slices_[slot].seen) {
        c.ended.store(0, std::memory_order_relaxed);
        c.cut.store(0, std::memory_order_relaxed);
    }
    slot_.store(slot, std::memory_order_release);
    begin_.store(time_.begin().time_since_epoch().count(), std::memory_order_release);
}

template <template <class> class Atomic, class Mutex>
std::optional<latency_percentile> basic_latency_estimate<Atomic, Mutex>::remember(double p, instant now) noexcept {
    const std::optional<latency_percentile> said = read(p, now).percentile;
    const std::scoped_lock lock{mutex_};
    for (remembered& r : remembered_) {
        if (r.p.load(std::memory_order_relaxed) == p) break;  // another was quicker
        if (r.p.load(std::memory_order_relaxed) >= 0) continue;
        r.word.store(encoded(said), std::memory_order_relaxed);
        r.since.store(stamp(now), std::memory_order_relaxed);
        r.p.store(p, std::memory_order_release);
        break;
    }
    return said;
}

template <template <class> class Atomic, class Mutex>
latency_counts basic_latency_estimate<Atomic, Mutex>::counts_locked(instant now) const noexcept {
    latency_counts all;
    for (const slice& s : slices_) {
        if (!slice_clock::counts(s.number, time_.at(now))) continue;
        for (std::size_t i = 0; i < all.in.size(); ++i) {
            all.in[i].ended += s.seen[i].ended.load(std::memory_order_relaxed);
            all.in[i].cut += s.seen[i].cut.load(std::memory_order_relaxed);
        }
    }
    return all;
}

extern template class basic_latency_estimate<>;

}  // namespace cutwater
