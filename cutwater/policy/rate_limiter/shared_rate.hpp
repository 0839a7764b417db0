// The permits of a rate limiter, shared by threads: one word for everybody, and a lock for those who wait.
//
// The word is the algorithm's, and its bit 0 says whether anybody waits. While nobody does, taking is one compare and swap.
// While somebody does, nobody takes past the line. A sliding window is no word: it takes the lock for everything.
//
// The line is served by whoever knows the time: one in it who looks, one who comes, one who gives back. Under the lock the first (of those that
// matter most the oldest) leaves if its time is over, is let in if its permits are there, and then the next. Everybody in line
// looks again when its own permits are due, and the first also when it has become that. So a permit wakes two at most; and where
// the first does not run, or several do not, whoever stands behind lets them in, and from then on looks when the first's are due.
//
// Time: instants come from one monotonic clock; those of concurrent calls may be a little out of order. `leave` has none: see there.
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
        : window_{o.window}, most_{o.most_at_once()}, rolling_{o.permits, o.per, o.burst, o.max_wait},
          fixed_{o.permits, o.per}, sliding_{o.permits, o.per}, line_{queue_rules{.max_length = o.max_queue}} {}

    /// Permits for one who would not overtake anybody.
    [[nodiscard]] std::optional<rate_slot> try_take(unsigned weight, instant now);
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
        std::optional<rate_slot> slot{};  ///< the permits that `w` waited for; it is then out of the queue
        instant next = never;             ///< when to look again
        std::optional<errc> turned_away{};
    };
    /// After `until` there are none any more, and what was granted goes back.
    [[nodiscard]] waiting look_again(waiter& w, instant now);

    /// Ends a wait. Permits that were granted in the meantime go back; of a rolling limit only those of the last that
    /// was let in by another, while nobody has taken any since: what is left comes back by itself.
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
    [[nodiscard]] bool never_has(unsigned weight) const noexcept { return weight > most_; }
    void give_back_locked(const rate_slot& unused, instant now) noexcept;
    [[nodiscard]] queueing push_locked(waiter& w, instant now, duration wait) noexcept;
    void left_locked(bool was_first) noexcept;

    struct service {
        std::optional<rate_slot> own{};  // of the one who serves
        bool is_for_others = false;      // somebody was let in who had not looked by himself
    };
    service serve_locked(instant now, waiter* self = nullptr);
    void serve_and_wake_locked(instant now) noexcept;
    void grant_locked(waiter& w, const rate_slot& slot) noexcept;
    [[nodiscard]] rate_slot granted_to(const waiter& w) const noexcept;
    void undo_locked(const waiter& w) noexcept;
    [[nodiscard]] instant next_look_locked(const waiter& w, instant now, bool serves_others) const;

    alignas(cache_line) Atomic<word> word_{gcra::fresh};
    const rate_window window_;
    const unsigned most_;
    const gcra rolling_;
    const fixed_window fixed_;

    mutable Mutex mutex_;
    sliding_window sliding_;
    waiting_line line_;
    std::uint64_t given_back_ = 0;
    const waiter* last_granted_ = nullptr;  // while nothing was given back since
};

using shared_rate = basic_shared_rate<>;

template <template <class> class Atomic, class Mutex>
std::optional<rate_slot> basic_shared_rate<Atomic, Mutex>::try_take(unsigned weight, instant now) {
    if (rate_slot slot; try_take_quickly(weight, now, slot)) return slot;
    if (window_ != rate_window::sliding && (word_.load(std::memory_order_relaxed) & someone_waits) == 0) return {};
    const std::scoped_lock lock{mutex_};
    serve_locked(now);
    const auto slot = line_.empty() ? take_locked(weight, now) : std::nullopt;
    return left_locked(false), slot;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::give_back(const rate_slot& unused, instant now) noexcept {
    const std::scoped_lock lock{mutex_};
    give_back_locked(unused, now);
    serve_and_wake_locked(now);
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_rate<Atomic, Mutex>::reserve(unsigned weight, instant now, duration longest)
    -> std::optional<reserved> {
    const std::scoped_lock lock{mutex_};
    serve_locked(now);
    reserved made{.given_back = given_back_};
    const auto slot = !line_.empty() ? std::nullopt  // nobody overtakes
                      : window_ == rate_window::rolling
                          ? alter([&](word& w) { return rolling_.reserve(w, weight, now, longest, made.wait); })
                          : take_locked(weight, now);
    left_locked(false);
    if (!slot) return {};
    made.slot = *slot;
    return made;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::cancel(const reserved& unused, instant now) noexcept {
    const std::scoped_lock lock{mutex_};
    const bool can_tell = window_ == rate_window::rolling && given_back_ == unused.given_back;
    if (!can_tell || !alter([&](word& w) { return gcra::undo(w, unused.slot); })) give_back_locked(unused.slot, now);
    serve_and_wake_locked(now);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::give_back_locked(const rate_slot& unused, instant now) noexcept {
    if (window_ == rate_window::sliding)
        sliding_.give_back(unused);
    else if (alter([&](word& w) {
                 const word before = w;
                 window_ == rate_window::fixed ? fixed_.give_back(w, unused, now) : rolling_.give_back(w, unused, now);
                 return w != before;
             })) {
        ++given_back_;
        last_granted_ = nullptr;
    }
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_rate<Atomic, Mutex>::take_or_queue(waiter& w, instant now, duration patience) -> queueing {
    const std::scoped_lock lock{mutex_};
    serve_locked(now);
    if (never_has(w.weight)) return left_locked(false), queueing{.what = answer::too_long, .wait = forever};
    for (const bool is_last_look : {false, true}) {
        const std::uint64_t ahead = line_.weight_ahead_of(w.importance);
        if (ahead == 0)
            if (const auto slot = take_locked(w.weight, now)) return left_locked(false), queueing{answer::taken, *slot};
        const duration wait = wait_in_line_locked(ahead + w.weight, now);
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
    if (w.turned_away()) return {.turned_away = w.turned_away()};
    const bool is_over = w.until < now;
    if (w.take_grant()) {
        if (!is_over) return {.slot = granted_to(w)};
        give_back_locked(granted_to(w), now);
    }
    if (is_over) {
        line_.remove(w);
        serve_and_wake_locked(now);
        return {.turned_away = errc::wait_timed_out};
    }
    const service given = serve_locked(now, &w);
    left_locked(false);
    if (given.own) return {.slot = given.own};
    return {.next = next_look_locked(w, now, given.is_for_others)};
}

/// Lets in whose permits are there; whose time is over leaves before. `left_locked` is to follow, when all is done that is to be one step:
/// until then nobody takes without the lock.
template <template <class> class Atomic, class Mutex>
auto basic_shared_rate<Atomic, Mutex>::serve_locked(instant now, waiter* self) -> service {
    service given;
    const waiter* const first = line_.first();
    while (waiter* const next = line_.next(now)) {
        const auto slot = take_locked(next->weight, now);
        if (!slot) break;
        if (next == self) {
            line_.remove(*next);
            given.own = slot;
        } else {
            grant_locked(*next, *slot);
            given.is_for_others = true;
        }
    }
    if (line_.first() != first && line_.first() != self) line_.wake_first();
    return given;
}

/// Where permits have come back, or the first has left: who is first then looks anew when its permits are due. It also looks by itself where the
/// memory is missing for what a sliding window remembers.
template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::serve_and_wake_locked(instant now) noexcept {
    try {
        serve_locked(now);
    } catch (...) {}  // NOLINT(bugprone-empty-catch)
    left_locked(true);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::grant_locked(waiter& w, const rate_slot& slot) noexcept {
    line_.grant(w);  // its mark is the line's until then
    w.mark = slot.mark;
    w.granted_at = slot.taken;
    last_granted_ = &w;
}

template <template <class> class Atomic, class Mutex>
rate_slot basic_shared_rate<Atomic, Mutex>::granted_to(const waiter& w) const noexcept {
    const bool rolls = window_ == rate_window::rolling;
    return {.mark = w.mark, .amount = rolls ? rolling_.amount_of(w.weight) : w.weight, .taken = w.granted_at};
}

/// When `w` has its turn, if nobody comes who matters more. Where others had to be let in by it, they do not look when it is time: it
/// looks for the first, too.
template <template <class> class Atomic, class Mutex>
instant basic_shared_rate<Atomic, Mutex>::next_look_locked(const waiter& w, instant now, bool serves_others) const {
    const std::uint64_t wanted = serves_others ? line_.first()->weight : line_.weight_before(w) + w.weight;
    return add(now, wait_in_line_locked(wanted, now));
}

template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    if (w.take_grant()) {
        undo_locked(w);
        return line_.wake_first();
    }
    if (!w.is_queued()) return;
    const bool was_first = line_.first() == &w;
    line_.remove(w);
    left_locked(was_first);
}

/// Takes back what was granted, where that can be told without the time.
template <template <class> class Atomic, class Mutex>
void basic_shared_rate<Atomic, Mutex>::undo_locked(const waiter& w) noexcept {
    const rate_slot slot = granted_to(w);
    switch (window_) {
        case rate_window::rolling:
            if (last_granted_ == &w) alter([&](word& seen) { return gcra::undo(seen, slot); });
            return;
        case rate_window::fixed:
            return void(alter([&](word& seen) { return fixed_.give_back(seen, slot, slot.taken), true; }));
        case rate_window::sliding: return sliding_.give_back(slot);
    }
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
