// The permits of a rate limiter, shared by threads: one word for everybody, and a lock for those who wait.
//
// The word is the algorithm's, and its bit 0 says whether anybody waits. While nobody does, taking is one compare and swap.
// While somebody does, nobody takes past the line: only its first takes (of those that matter most the oldest), when its permits have
// come back, and wakes the next. A sliding window is no word: it takes the lock for everything.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each
// step.
#pragma once

#include <atomic>
#include <mutex>

#include "cutwater/core/striped.hpp"
#include "cutwater/policy/rate_limiter/fixed_window.hpp"
#include "cutwater/policy/rate_limiter/gcra.hpp"
#include "cutwater/policy/rate_limiter/options.hpp"
#include "cutwater/policy/rate_limiter/sliding_window.hpp"
#include "cutwater/queue/waiting_line.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_shared_rate {
public:
    using word = gcra::word;

    explicit basic_shared_rate(const rate_limiter_options& o)
        : window_{o.window}, rolling_{o.permits, o.per, o.burst, o.max_wait}, fixed_{o.permits, o.per},
          sliding_{o.permits, o.per}, line_{queue_rules{.max_length = o.max_queue}} {}

    /// Permits for one who would not overtake anybody.
    [[nodiscard]] std::optional<rate_slot> try_take(unsigned weight, instant now) {
        if (window_ == rate_window::sliding) {
            const std::scoped_lock lock{mutex_};
            return line_.empty() ? sliding_.take(weight, now) : std::nullopt;
        }
        rate_slot slot;
        return try_take_quickly(weight, now, slot) ? std::optional{slot} : std::nullopt;
    }
    /// The same without a lock, written to where it stays; of a sliding window there is nothing to be had so.
    [[nodiscard]] bool try_take_quickly(unsigned weight, instant now, rate_slot& slot) noexcept {
        if (window_ == rate_window::rolling) [[likely]]
            return try_take_from(rolling_, weight, now, slot);
        return window_ == rate_window::fixed && try_take_from(fixed_, weight, now, slot);
    }

    void give_back(const rate_slot& unused, instant now) noexcept;

    /// Permits that come later, within `longest`, and when; a sliding or a fixed window has none but those of now.
    struct reserved {
        rate_slot slot{};
        duration wait{};
        std::uint64_t given_back = 0;  ///< how often anything had been given back before
    };
    [[nodiscard]] std::optional<reserved> reserve(unsigned weight, instant now, duration longest);
    void cancel(const reserved& unused, instant now) noexcept;

    enum class answer : std::uint8_t { taken, queued, full, too_long };
    struct queueing {
        answer what;
        rate_slot slot{};  ///< where taken
        duration wait{};   ///< until its permits are there, if nobody leaves and nobody comes who matters more
    };
    /// Takes permits that have come back, or queues `w`, if they will be there within `patience`. Of `w` its weight, importance and `until` are set.
    [[nodiscard]] queueing take_or_queue(waiter& w, instant now, duration patience);

    struct waiting {
        std::optional<rate_slot> slot;  ///< the permits that `w` waited for; it is then out of the queue
        instant next = never;           ///< when to look again
        std::optional<errc> turned_away{};
    };
    [[nodiscard]] waiting look_again(waiter& w, instant now);

    /// Ends a wait.
    void leave(waiter& w) noexcept;

    /// For one who comes now: while somebody waits there is nothing for whoever does not.
    [[nodiscard]] rate_reading read(unsigned weight, instant now) const;
    [[nodiscard]] duration wait_for(unsigned weight, instant now) const;
    [[nodiscard]] unsigned queued() const noexcept;
    /// Whether it differs in nothing from one that is new, now and later.
    [[nodiscard]] bool is_fresh(instant now) const noexcept;

private:
    static constexpr word someone_waits = gcra::flag;

    template <class Rule>
    [[nodiscard]] bool try_take_from(const Rule& rule, unsigned weight, instant now, rate_slot& slot) noexcept {
        word seen = word_.load(std::memory_order_relaxed);
        while ((seen & someone_waits) == 0) {
            word next = seen;
            const std::optional<rate_slot> taken = rule.take(next, weight, now);
            if (!taken && next == seen) return false;
            if (!word_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) continue;
            if (taken) slot = *taken;
            return taken.has_value();
        }
        return false;
    }

    /// Has `change` alter the word; what it gives.
    template <class Change>
    auto alter(Change&& change) noexcept {
        word seen = word_.load(std::memory_order_relaxed);
        for (;;) {
            word next = seen;
            auto given = change(next);
            if (next == seen || word_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return given;
        }
    }

    /// `what` of the algorithm in force, with its word; the sliding window's under the lock that is held.
    template <class What>
    auto of_rule(What&& what) const {
        const word seen = word_.load(std::memory_order_relaxed);
        return window_ == rate_window::fixed ? what(fixed_, seen) : what(rolling_, seen);
    }

    [[nodiscard]] std::optional<rate_slot> take_locked(unsigned weight, instant now);
    [[nodiscard]] duration wait_in_line_locked(std::uint64_t weight, instant now) const;
    void give_back_locked(const rate_slot& unused, instant now) noexcept;
    [[nodiscard]] queueing push_locked(waiter& w, instant now, duration wait) noexcept;
    void left_locked(bool was_first) noexcept;

    alignas(cache_line) Atomic<word> word_{gcra::fresh};
    const rate_window window_;
    const gcra rolling_;
    const fixed_window fixed_;

    mutable Mutex mutex_;
    mutable sliding_window sliding_;
    waiting_line line_;
    std::uint64_t given_back_ = 0;
};

using shared_rate = basic_shared_rate<>;

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::give_back(const rate_slot& unused, instant now) noexcept {
    const std::scoped_lock lock{mutex_};
    give_back_locked(unused, now);
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_rate<Atomic, Mutex>::reserve(unsigned weight, instant now, duration longest)
    -> std::optional<reserved> {
    const std::scoped_lock lock{mutex_};
    reserved made{.given_back = given_back_};
    const auto slot = !line_.empty() ? std::nullopt  // nobody overtakes
                      : window_ == rate_window::rolling
                          ? alter([&](word& w) { return rolling_.reserve(w, weight, now, longest, made.wait); })
                          : take_locked(weight, now);
    if (!slot) return {};
    made.slot = *slot;
    return made;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::cancel(const reserved& unused, instant now) noexcept {
    const std::scoped_lock lock{mutex_};
    const bool can_tell = window_ == rate_window::rolling && given_back_ == unused.given_back;
    if (can_tell && alter([&](word& w) { return gcra::undo(w, unused.slot); })) return line_.wake_first();
    give_back_locked(unused.slot, now);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::give_back_locked(const rate_slot& unused, instant now) noexcept {
    if (window_ == rate_window::sliding)
        sliding_.give_back(unused);
    else if (alter([&](word& w) {
                 const word before = w;
                 window_ == rate_window::fixed ? fixed_.give_back(w, unused, now) : rolling_.give_back(w, unused, now);
                 return w != before;
             }))
        ++given_back_;
    line_.wake_first();
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_rate<Atomic, Mutex>::take_or_queue(waiter& w, instant now, duration patience) -> queueing {
    const std::scoped_lock lock{mutex_};
    for (const bool is_last_look : {false, true}) {
        if (line_.empty())
            if (const auto slot = take_locked(w.weight, now)) return left_locked(false), queueing{answer::taken, *slot};
        const duration wait = wait_in_line_locked(line_.weight_ahead_of(w.importance) + w.weight, now);
        if (wait > patience) return left_locked(false), queueing{.what = answer::too_long, .wait = wait};
        // From here on nobody takes but under the lock that we hold. Somebody may have given back before: one more look.
        if (!is_last_look)
            alter([](word& seen) { return seen |= someone_waits; });
        else
            return push_locked(w, now, wait);
    }
    std::unreachable();
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_rate<Atomic, Mutex>::push_locked(waiter& w, instant now, duration wait) noexcept -> queueing {
    const waiter* const first = line_.first();
    const bool queued = line_.push(w, now);
    left_locked(line_.first() != first && line_.first() != &w);  // it was turned away, to make room
    return {.what = queued ? answer::queued : answer::full, .wait = wait};
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_rate<Atomic, Mutex>::look_again(waiter& w, instant now) -> waiting {
    const std::scoped_lock lock{mutex_};
    if (line_.first() != &w) return {.slot = {}, .turned_away = w.turned_away()};
    if (const auto slot = take_locked(w.weight, now)) {
        line_.remove(w);
        left_locked(true);
        return {.slot = slot};
    }
    return {.slot = {}, .next = add(now, wait_in_line_locked(w.weight, now))};
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    if (!w.is_queued()) return;
    const bool was_first = line_.first() == &w;
    line_.remove(w);
    left_locked(was_first);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::left_locked(bool was_first) noexcept {
    if (line_.empty())
        alter([](word& w) { return w &= ~someone_waits; });
    else if (was_first)
        line_.wake_first();
}

template <template <class> class Atomic, class Mutex>
std::optional<rate_slot> basic_shared_rate<Atomic, Mutex>::take_locked(unsigned weight, instant now) {
    switch (window_) {
        case rate_window::rolling: return alter([&](word& w) { return rolling_.take(w, weight, now); });
        case rate_window::fixed: return alter([&](word& w) { return fixed_.take(w, weight, now); });
        case rate_window::sliding: break;
    }
    return sliding_.take(weight, now);
}

template <template <class> class Atomic, class Mutex>
duration basic_shared_rate<Atomic, Mutex>::wait_in_line_locked(std::uint64_t weight, instant now) const {
    if (window_ == rate_window::sliding) return sliding_.wait_in_line(weight, now);
    return of_rule([&](const auto& rule, word w) { return rule.wait_in_line(w, weight, now); });
}

template <template <class> class Atomic, class Mutex>
rate_reading basic_shared_rate<Atomic, Mutex>::read(unsigned weight, instant now) const {
    const auto from_word = [&](const auto& rule, word w) { return rule.read(w, weight, now); };
    if (window_ != rate_window::sliding && (word_.load(std::memory_order_relaxed) & someone_waits) == 0)
        return of_rule(from_word);
    const std::scoped_lock lock{mutex_};
    if (window_ == rate_window::sliding) sliding_.forget_before(now);
    rate_reading seen = window_ == rate_window::sliding ? sliding_.read(weight, now) : of_rule(from_word);
    if (line_.empty()) return seen;
    seen.remaining = 0;
    if (seen.retry_after != forever)
        seen.retry_after = wait_in_line_locked(line_.weight_ahead_of(criticality::normal) + weight, now);
    return seen;
}

template <template <class> class Atomic, class Mutex>
duration basic_shared_rate<Atomic, Mutex>::wait_for(unsigned weight, instant now) const {
    if (window_ != rate_window::sliding)
        return of_rule([&](const auto& rule, word w) { return rule.wait_for(w, weight, now); });
    const std::scoped_lock lock{mutex_};
    return sliding_.wait_for(weight, now);
}

template <template <class> class Atomic, class Mutex>
unsigned basic_shared_rate<Atomic, Mutex>::queued() const noexcept {
    const std::scoped_lock lock{mutex_};
    return static_cast<unsigned>(line_.size());
}

template <template <class> class Atomic, class Mutex>
bool basic_shared_rate<Atomic, Mutex>::is_fresh(instant now) const noexcept {
    if (window_ != rate_window::sliding)
        return of_rule([&](const auto& rule, word w) { return (w & someone_waits) == 0 && rule.is_fresh(w, now); });
    const std::scoped_lock lock{mutex_};
    return line_.empty() && sliding_.is_fresh(now);
}

extern template class basic_shared_rate<>;

}  // namespace cutwater
