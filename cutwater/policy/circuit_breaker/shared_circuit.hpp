// The kernel of a circuit breaker, shared by threads: behind a lock, and before it the few words that let most calls pass
// without the lock. It answers as the kernel does.
//
// What can be told without the lock is published by its holder in `word_`: the epoch, and what holds in it. A call that
// finds its answer there takes place at that instant. Clean successes are counted beside the kernel, and handed to it
// before it decides anything: whoever holds the lock first closes the cells that they are counted in, and opens them
// again when what became of it has been published. A success that finds its cell closed waits for that and looks again.
// So everything under the lock is, to everybody else, one step.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each
// step.
#pragma once

#include <algorithm>
#include <bit>
#include <memory>
#include <mutex>

#include "cutwater/core/gathered_counter.hpp"
#include "cutwater/core/moment.hpp"
#include "cutwater/core/name.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/policy/circuit_breaker/kernel.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class alignas(cache_line) basic_shared_circuit {
public:
    using ticket = circuit_ticket;
    using change = std::optional<circuit_change>;
    using shared_options = std::shared_ptr<const circuit_breaker_options>;

    basic_shared_circuit(shared_options options, name layer);

    [[nodiscard]] const shared_options& options() const noexcept { return options_; }
    [[nodiscard]] name layer() const noexcept { return layer_; }

    struct admitted {
        circuit_breaker_kernel::admitted answer;
        circuit_state state{};  ///< where it is refused
    };
    [[nodiscard]] admitted admit(moment& now);
    change settle(const ticket& t, verdict meaning, moment& now, random_source& dice);
    change record(verdict meaning, instant now);
    void abandon(const ticket& t) noexcept;
    change open(instant now);
    change close(instant now);
    change probe(instant now);
    change set_mode(breaker_mode mode, instant now);
    [[nodiscard]] circuit_state state(instant now) const;
    [[nodiscard]] breaker_mode mode() const;
    [[nodiscard]] duration retry_after(instant now) const;
    [[nodiscard]] window_counts counts(instant now);
    [[nodiscard]] circuit_snapshot snapshot(instant now);
    void restore(const circuit_snapshot& kept, instant now);
    [[nodiscard]] bool is_fresh(instant now) noexcept;

    /// For a permit of one who settles by hand.
    void settle(ticket& t, const observation& seen, instant now, change& made);

    // ---- the lock-free paths of what nearly all calls are ----

    [[nodiscard]] std::uint64_t word() const noexcept { return word_.load(std::memory_order_acquire); }
    [[nodiscard]] static bool admits_all(std::uint64_t word) noexcept { return (word & admits) != 0; }

    /// The ticket of a call that was let through by `word`.
    [[nodiscard]] static ticket pass(std::uint64_t word, moment& now) noexcept {
        return {.epoch = epoch_of(word), .lease = 0, .started = (word & timed) != 0 ? now.get() : instant{}};
    }

    /// Writes the ticket where any call may pass.
    [[nodiscard]] bool try_admit(ticket& t, moment& now) const noexcept {
        const std::uint64_t seen = word();
        if (!admits_all(seen)) [[unlikely]]
            return false;
        t.epoch = epoch_of(seen);  // field by field: see `outcome::copy`
        t.lease = 0;
        t.started = (seen & timed) != 0 ? now.get() : instant{};
        return true;
    }

    /// How long a call is to stay away, where `word` tells that it is refused.
    [[nodiscard]] std::optional<duration> refusal(std::uint64_t seen, moment& now) const {
        if ((seen & refuses) == 0) return {};
        const instant until = until_.load(std::memory_order_acquire);
        if (word() != seen) return {};
        if (until == never) return options_->open_for;  // forced open
        return now.get() < until ? std::optional{between(now, until)} : std::nullopt;
    }

    /// Counts a success without the lock; false where the lock is needed, or the ticket's epoch is over.
    [[nodiscard]] bool count_success(const ticket& t, moment& now) {
        const std::uint64_t seen = word();
        if (t.lease != 0 || epoch_of(seen) != t.epoch || (seen & admits) == 0) [[unlikely]]
            return false;
        if ((seen & timed) != 0 && is_slow(t, now)) [[unlikely]]
            return false;
        return (seen & settled) != 0 || ((seen & counting) != 0 && count(t, now));
    }

private:
    using counter = gathered_counter<Atomic>;
    using cell = typename counter::cell;

    // bits of `word_`; the epoch is above them
    static constexpr std::uint64_t admits = 1;    // closed: any call may pass
    static constexpr std::uint64_t refuses = 2;   // open: none may, until `until_`
    static constexpr std::uint64_t settled = 4;   // one more clean success would change nothing
    static constexpr std::uint64_t counting = 8;  // clean successes are counted in the cells, of the bucket to `until_`
    static constexpr std::uint64_t timed = 16;    // durations matter
    static constexpr unsigned epoch_at = 32;

    [[nodiscard]] static std::uint32_t epoch_of(std::uint64_t word) noexcept {
        return static_cast<std::uint32_t>(word >> epoch_at);
    }

    class held_lock {
    public:
        held_lock(basic_shared_circuit& owner, instant now) : owner_{owner}, now_{now}, lock_{owner.mutex_} {
            owner_.gather();
        }
        held_lock(const held_lock&) = delete;
        held_lock& operator=(const held_lock&) = delete;
        ~held_lock() { owner_.publish(now_); }

    private:
        basic_shared_circuit& owner_;
        instant now_;
        std::scoped_lock<Mutex> lock_;
    };

    /// Runs `use(kernel)` with everything that was counted, under the lock, and publishes what it leaves behind.
    template <class Use>
    auto with_kernel(instant now, Use&& use) {
        const held_lock held{*this, now};
        return use(kernel_);
    }
    /// Runs `look(kernel)` under the lock, where the window does not matter.
    template <class Look>
    auto peek(Look&& look) const {
        const std::scoped_lock lock{mutex_};
        return look(kernel_);
    }

    void gather();
    void publish(instant now) noexcept;
    [[nodiscard]] std::uint64_t flags() const noexcept;
    [[nodiscard]] instant until_for(std::uint64_t before, std::uint64_t after, instant now) const noexcept;

    [[nodiscard]] bool is_late(const ticket& t) const noexcept { return epoch_of(word()) != t.epoch; }
    [[nodiscard]] bool is_slow(const ticket& t, moment& now) const {
        return options_->slow_after != forever && between(t.started, now.get()) >= options_->slow_after;
    }

    [[nodiscard]] bool count(const ticket& t, moment& now) {
        cell& mine = counter_.mine();
        typename cell::seen seen = mine.look();
        if (cell::is_open(seen, t.epoch) && !cell::is_full(seen) && is_in_bucket(now) && mine.count(seen)) [[likely]]
            return true;
        return count_slowly(t, now);
    }
    /// Asked between looking at the cell and counting in it: `until_` moves only while the cells are closed.
    [[nodiscard]] bool is_in_bucket(moment& now) const {
        if (bucket_length_ == duration::zero()) return true;
        const instant end = until_.load(std::memory_order_acquire);
        return now.get() < end && now.get() >= add(end, -bucket_length_);
    }
    [[nodiscard]] bool count_slowly(const ticket& t, moment& now);
    [[nodiscard]] bool open_my_cell(std::uint32_t epoch);
    void spread_cells();
    [[nodiscard]] std::uint32_t cell_room() const noexcept;
    [[nodiscard]] random_source dice_at(instant now) const noexcept;

    // what every call reads
    Atomic<std::uint64_t> word_{0};
    Atomic<instant> until_{instant{}};  // when what `word_` says ends: being open, or the current bucket
    const duration bucket_length_;      // zero: the window has none
    const shared_options options_;
    const name layer_;
    counter counter_;

    // what the holder of the lock touches
    mutable Mutex mutex_;
    circuit_breaker_kernel kernel_;
};

using shared_circuit = basic_shared_circuit<>;

// ---- as the kernel answers ----

template <template <class> class Atomic, class Mutex>
basic_shared_circuit<Atomic, Mutex>::basic_shared_circuit(shared_options options, name layer)
    : bucket_length_{options->window == breaker_window::time ? options->window_time / options->window_buckets
                                                             : duration::zero()},
      options_{std::move(options)}, layer_{layer}, kernel_{*options_} {
    publish(instant{});
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_circuit<Atomic, Mutex>::admit(moment& now) -> admitted {
    const std::uint64_t seen = word();
    if (admits_all(seen)) return {.answer = {.ticket = pass(seen, now)}};
    if (const auto wait = refusal(seen, now)) return {.answer = {.retry_after = *wait}, .state = circuit_state::open};
    const instant at = now.get();
    return with_kernel(at, [&](auto& kernel) { return admitted{kernel.admit(at), kernel.state(at)}; });
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_circuit<Atomic, Mutex>::settle(const ticket& t, verdict meaning, moment& now, random_source& dice)
    -> change {
    if (is_late(t)) return {};
    if (!judges_dependency(meaning)) {
        abandon(t);
        return {};
    }
    if (meaning == verdict::success && count_success(t, now)) return {};
    const circuit_verdict how{.meaning = meaning, .slow = is_slow(t, now)};
    const instant at = now.get();
    return with_kernel(at, [&](auto& kernel) { return kernel.settle(t, how, at, dice); });
}

template <template <class> class Atomic, class Mutex>
void basic_shared_circuit<Atomic, Mutex>::settle(ticket& t, const observation& seen, instant now, change& made) {
    moment at{now};
    random_source dice = dice_at(now);
    made = settle(t, seen.meaning(), at, dice);
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_circuit<Atomic, Mutex>::record(verdict meaning, instant now) -> change {
    moment at{now};
    const std::uint64_t seen = word();
    if (meaning == verdict::success && admits_all(seen) && count_success(pass(seen, at), at)) return {};
    random_source dice = dice_at(now);
    return with_kernel(now, [&](auto& kernel) { return kernel.record({.meaning = meaning}, now, dice); });
}

template <template <class> class Atomic, class Mutex>
void basic_shared_circuit<Atomic, Mutex>::abandon(const ticket& t) noexcept {
    if (t.lease == 0) return;
    const std::scoped_lock lock{mutex_};
    kernel_.abandon(t);
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_circuit<Atomic, Mutex>::open(instant now) -> change {
    random_source dice = dice_at(now);
    return with_kernel(now, [&](auto& kernel) { return kernel.open(now, dice); });
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_circuit<Atomic, Mutex>::close(instant now) -> change {
    return with_kernel(now, [&](auto& kernel) { return kernel.close(now); });
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_circuit<Atomic, Mutex>::probe(instant now) -> change {
    return with_kernel(now, [&](auto& kernel) { return kernel.probe(now); });
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_circuit<Atomic, Mutex>::set_mode(breaker_mode mode, instant now) -> change {
    return with_kernel(now, [&](auto& kernel) { return kernel.set_mode(mode, now); });
}

template <template <class> class Atomic, class Mutex>
circuit_state basic_shared_circuit<Atomic, Mutex>::state(instant now) const {
    return peek([&](auto& kernel) { return kernel.state(now); });
}

template <template <class> class Atomic, class Mutex>
breaker_mode basic_shared_circuit<Atomic, Mutex>::mode() const {
    return peek([](auto& kernel) { return kernel.mode(); });
}

template <template <class> class Atomic, class Mutex>
duration basic_shared_circuit<Atomic, Mutex>::retry_after(instant now) const {
    return peek([&](auto& kernel) { return kernel.retry_after(now); });
}

template <template <class> class Atomic, class Mutex>
window_counts basic_shared_circuit<Atomic, Mutex>::counts(instant now) {
    return with_kernel(now, [&](auto& kernel) { return kernel.counts(now); });
}

template <template <class> class Atomic, class Mutex>
circuit_snapshot basic_shared_circuit<Atomic, Mutex>::snapshot(instant now) {
    return with_kernel(now, [&](auto& kernel) { return kernel.snapshot(now); });
}

template <template <class> class Atomic, class Mutex>
void basic_shared_circuit<Atomic, Mutex>::restore(const circuit_snapshot& kept, instant now) {
    with_kernel(now, [&](auto& kernel) { kernel.restore(kept, now); });
}

template <template <class> class Atomic, class Mutex>
bool basic_shared_circuit<Atomic, Mutex>::is_fresh(instant now) noexcept {
    try {
        return with_kernel(now, [&](auto& kernel) { return kernel.is_fresh(now); });
    } catch (...) {
        return false;  // no memory for a window: then there is something to put into it
    }
}

// ---- what lies between the kernel and everybody ----

/// Hands over the successes that were counted since, and closes the cells.
template <template <class> class Atomic, class Mutex>
void basic_shared_circuit<Atomic, Mutex>::gather() {
    if ((word_.load(std::memory_order_relaxed) & counting) == 0) return;
    const std::uint64_t counted = counter_.close_all(cell_room());
    kernel_.add_successes(counted, add(until_.load(std::memory_order_relaxed), -bucket_length_));
}

template <template <class> class Atomic, class Mutex>
void basic_shared_circuit<Atomic, Mutex>::publish(instant now) noexcept {
    const std::uint64_t before = word_.load(std::memory_order_relaxed);
    const std::uint64_t epoch = std::uint64_t{kernel_.epoch()} << epoch_at;
    const std::uint64_t after = epoch | flags();
    // A refusal reads `until_` between two looks at the word: no word that refuses may go with another's.
    if (before != after && ((before | after) & refuses) != 0) word_.store(epoch, std::memory_order_release);
    until_.store(until_for(before, after, now), std::memory_order_release);
    word_.store(after, std::memory_order_release);
    if ((after & counting) != 0) counter_.open_used(kernel_.epoch(), cell_room());
}

template <template <class> class Atomic, class Mutex>
std::uint64_t basic_shared_circuit<Atomic, Mutex>::flags() const noexcept {
    if (kernel_.refuses_all()) return refuses;
    if (!kernel_.admits_all()) return 0;
    std::uint64_t flags = admits;
    if (kernel_.is_settled())
        flags |= settled;
    else if (options_->window != breaker_window::consecutive)  // there the lock is as good: the next one is free
        flags |= counting;
    if (options_->slow_after != forever && kernel_.mode() != breaker_mode::disabled) flags |= timed;
    return flags;
}

/// Buckets only move forward: who comes with a time before the current one takes the lock.
template <template <class> class Atomic, class Mutex>
instant basic_shared_circuit<Atomic, Mutex>::until_for(std::uint64_t before, std::uint64_t after,
                                                       instant now) const noexcept {
    if ((after & refuses) != 0) return kernel_.mode() == breaker_mode::forced_open ? never : kernel_.open_until();
    if (bucket_length_ == duration::zero()) return never;
    const instant end = add(start_of_bucket(now, bucket_length_), bucket_length_);
    const bool goes_on = epoch_of(before) == epoch_of(after) && (before & counting) != 0;
    return goes_on ? std::max(end, until_.load(std::memory_order_relaxed)) : end;
}

/// What keeps a success from being counted at the first try: its cell is closed, full or fought over, or it belongs to
/// another bucket. False where the lock is needed after all.
template <template <class> class Atomic, class Mutex>
bool basic_shared_circuit<Atomic, Mutex>::count_slowly(const ticket& t, moment& now) {
    for (;;) {
        cell& mine = counter_.mine();
        typename cell::seen seen = mine.look();
        if (!cell::is_open(seen, t.epoch)) {
            if (!open_my_cell(t.epoch)) return false;
            continue;
        }
        if (cell::is_full(seen) || !is_in_bucket(now)) return false;
        if (mine.count(seen)) return true;
        if (cell::is_open(seen, t.epoch)) spread_cells();
    }
}

/// Waits for whoever holds the lock; false where successes of this epoch are not counted in cells any more.
template <template <class> class Atomic, class Mutex>
bool basic_shared_circuit<Atomic, Mutex>::open_my_cell(std::uint32_t epoch) {
    const std::scoped_lock lock{mutex_};
    const std::uint64_t seen = word();
    if (epoch_of(seen) != epoch || (seen & counting) == 0) return false;
    counter_.open_mine(epoch, cell_room());
    return true;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_circuit<Atomic, Mutex>::spread_cells() {
    const std::scoped_lock lock{mutex_};
    counter_.spread();
}

/// A windowful, and the kernel is told: it may be clean now.
template <template <class> class Atomic, class Mutex>
std::uint32_t basic_shared_circuit<Atomic, Mutex>::cell_room() const noexcept {
    return options_->window == breaker_window::count ? std::min(options_->window_calls, cell::most) : cell::most;
}

/// Jitter where no call lends its dice: differs between instances and instants.
template <template <class> class Atomic, class Mutex>
random_source basic_shared_circuit<Atomic, Mutex>::dice_at(instant now) const noexcept {
    return random_source{static_cast<std::uint64_t>(now.time_since_epoch().count()) ^
                         std::bit_cast<std::uintptr_t>(this)};
}

extern template class basic_shared_circuit<>;

}  // namespace cutwater
