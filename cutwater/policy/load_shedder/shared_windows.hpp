// The windows of a load shedder, shared by threads: who came, how many are inside, and who is let in.
//
// Thread safety: every member, from any thread. `Atomic` is the standard's, or a test's that stops at each step.
#pragma once

#include <atomic>
#include <bit>
#include <optional>
#include <utility>

#include "cutwater/core/random.hpp"
#include "cutwater/core/striped.hpp"
#include "cutwater/policy/load_shedder/kernel.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic>
class basic_shared_windows {
public:
    explicit basic_shared_windows(const load_shedder_options& options)
        : kernel_{options}, window_{options.window}, target_concurrent_{options.target_concurrent},
          max_delay_{options.max_delay} {
        for (auto& least : least_delay_) least.store(no_delay, std::memory_order_relaxed);
    }

    /// One comes: whether it is let in. It is inside then.
    [[nodiscard]] bool admit(std::size_t level, std::size_t slot, random_source& random) noexcept {
        const std::uint64_t before = came_[level][slot].fetch_add(1, std::memory_order_relaxed);
        if (sheds_.load(std::memory_order_relaxed)) [[unlikely]]
            if (!is_let_in(level, slot, before, random)) return false;
        inside_.fetch_add(1, std::memory_order_relaxed);
        entered_.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    void leave() noexcept { inside_.fetch_sub(1, std::memory_order_relaxed); }

    /// How long something of that level waited that has just been begun.
    void note_delay(std::size_t level, duration d) noexcept {
        Atomic<duration::rep>& least = least_delay_[level];
        duration::rep seen = least.load(std::memory_order_relaxed);
        while (d.count() < seen && !least.compare_exchange_weak(seen, d.count(), std::memory_order_relaxed)) {}
    }

    [[nodiscard]] bool is_over(instant now) const noexcept {
        return now.time_since_epoch().count() >= over_at_.load(std::memory_order_relaxed);
    }
    /// Where a window is over: whether it is this thread that closes it, which is to call `close` then.
    [[nodiscard]] bool claim(instant now) noexcept {
        duration::rep seen = over_at_.load(std::memory_order_relaxed);
        return now.time_since_epoch().count() >= seen &&
               over_at_.compare_exchange_strong(seen, claimed, std::memory_order_acquire, std::memory_order_relaxed);
    }
    struct change {
        bool sheds = false;
        double load = 0;
        double allowed = 0;
    };
    /// Closes the window that was claimed, and decides what holds in the next. `load_told`: the highest that the signals say. Nothing where nothing
    /// begins or ends.
    [[nodiscard]] std::optional<change> close(instant now, double load_told, random_source& random) noexcept;

    /// What was seen since it was last taken; for `close`, and for tests.
    [[nodiscard]] shed_window take(double load_told) noexcept;

    [[nodiscard]] bool sheds() const noexcept { return sheds_.load(std::memory_order_relaxed); }
    [[nodiscard]] double load() const noexcept { return load_.load(std::memory_order_relaxed); }
    /// For telling tenants apart; 0 before the first window.
    [[nodiscard]] std::uint64_t seed() const noexcept { return seed_.load(std::memory_order_relaxed); }
    [[nodiscard]] unsigned inside() const noexcept { return inside_.load(std::memory_order_relaxed); }

private:
    /// `before`: how many of them have come in this window.
    [[nodiscard]] bool is_let_in(std::size_t level, std::size_t slot, std::uint64_t before,
                                 random_source& random) const noexcept {
        const std::uint64_t share = share_[level][slot].load(std::memory_order_relaxed);
        const std::uint64_t most = most_[level].load(std::memory_order_relaxed);
        return before * share <= most * shed_plan::everybody &&
               random() >> (64U - std::bit_width(shed_plan::everybody - 1)) < share;
    }
    [[nodiscard]] double own_load() noexcept;
    [[nodiscard]] std::optional<duration> take_delay() noexcept;
    void announce(const shed_plan& plan) noexcept;

    static constexpr duration::rep no_delay = duration::max().count();
    static constexpr duration::rep claimed = duration::max().count();

    Atomic<bool> sheds_{false};
    Atomic<duration::rep> over_at_{instant::min().time_since_epoch().count()};
    Atomic<double> load_{0};
    Atomic<std::uint64_t> seed_{0};
    std::array<std::array<Atomic<std::uint32_t>, tenant_slots>, criticality_levels> share_{};
    std::array<Atomic<std::uint32_t>, criticality_levels> most_{};

    alignas(cache_line) std::array<std::array<Atomic<std::uint32_t>, tenant_slots>, criticality_levels> came_{};
    alignas(cache_line) Atomic<std::uint32_t> inside_{0};
    Atomic<std::uint64_t> entered_{0};
    std::array<Atomic<duration::rep>, criticality_levels> least_delay_;

    // of the thread that has claimed the window
    shedding_kernel kernel_;
    duration window_;
    unsigned target_concurrent_;
    duration max_delay_;
    instant closed_ = never;  // when the last one was
    std::uint64_t entered_before_ = 0;
    std::uint32_t inside_before_ = 0;
    duration delay_{};  // that counts
};

using shared_windows = basic_shared_windows<>;

template <template <class> class Atomic>
auto basic_shared_windows<Atomic>::close(instant now, double load_told, random_source& random) noexcept
    -> std::optional<change> {
    shed_window seen = take(load_told);
    load_.store(seen.load, std::memory_order_relaxed);
    const instant before = std::exchange(closed_, now);
    const bool was_shedding = sheds();
    if (before == never) {
        seed_.store(random() | 1U, std::memory_order_relaxed);
    } else {
        seen.lengths =
            std::max(1.0, static_cast<double>((now - before).count()) / static_cast<double>(window_.count()));
        announce(kernel_.next(seen));
    }
    const change now_holds{sheds(), seen.load, kernel_.allowed()};
    over_at_.store(add(now, window_).time_since_epoch().count(),
                   std::memory_order_release);  // others may close the next
    if (now_holds.sheds == was_shedding) return {};
    return now_holds;
}

template <template <class> class Atomic>
void basic_shared_windows<Atomic>::announce(const shed_plan& plan) noexcept {
    for (std::size_t level = 0; plan.sheds && level < criticality_levels; ++level) {
        most_[level].store(plan.most[level], std::memory_order_relaxed);
        for (std::size_t slot = 0; slot < tenant_slots; ++slot)
            share_[level][slot].store(plan.share[level][slot], std::memory_order_relaxed);
    }
    sheds_.store(plan.sheds, std::memory_order_relaxed);
}

template <template <class> class Atomic>
shed_window basic_shared_windows<Atomic>::take(double load_told) noexcept {
    shed_window seen{.load = std::max(load_told, own_load())};
    for (std::size_t level = 0; level < criticality_levels; ++level)
        for (std::size_t slot = 0; slot < tenant_slots; ++slot)
            if (came_[level][slot].load(std::memory_order_relaxed) != 0)
                seen.came[level][slot] = came_[level][slot].exchange(0, std::memory_order_relaxed);
    const std::uint64_t entered = entered_.load(std::memory_order_relaxed);
    const std::uint32_t inside = inside_.load(std::memory_order_relaxed);
    const auto ended = static_cast<std::int64_t>(entered - entered_before_) + inside_before_ - inside;
    seen.ended = static_cast<std::uint64_t>(std::max<std::int64_t>(0, ended));
    entered_before_ = entered;
    inside_before_ = inside;
    return seen;
}

/// Of those that it measures itself, the higher one. That nothing is begun any more while somebody is inside is no sign of rest: what was told last
/// goes on to count.
template <template <class> class Atomic>
double basic_shared_windows<Atomic>::own_load() noexcept {
    const unsigned now_inside = inside();
    if (const auto told = take_delay(); told || now_inside == 0) delay_ = told.value_or(duration::zero());
    double load = 0;
    if (target_concurrent_ > 0) load = static_cast<double>(now_inside) / target_concurrent_;
    if (max_delay_ > duration::zero())
        load = std::max(load, static_cast<double>(delay_.count()) / static_cast<double>(max_delay_.count()));
    return load;
}

/// What was told: of each level the least, as a burst that drains is no overload; of those the highest, as where what matters more goes first it waits
/// for nothing, and says nothing of the rest.
template <template <class> class Atomic>
std::optional<duration> basic_shared_windows<Atomic>::take_delay() noexcept {
    std::optional<duration> longest;
    for (auto& least : least_delay_) {
        const duration told{least.exchange(no_delay, std::memory_order_relaxed)};
        if (told.count() != no_delay) longest = std::max(longest.value_or(duration::zero()), told);
    }
    return longest;
}

extern template class basic_shared_windows<>;

}  // namespace cutwater
