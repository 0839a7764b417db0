// The permits of a fair bulkhead, shared by threads: one word for everybody, a counter for each tenant, and a lock for those who wait.
//
// While nobody waits a permit is taken by one compare and swap on the word; the tenant's counter follows. While somebody waits nobody passes: what
// comes back is handed on under the lock, to the tenant that the kernel's rule says. A counter may lag behind the word by the calls that are
// being let in at this instant, and so may the choice of who is next; bounds and order within a tenant are exact. Where tenants may not borrow
// everything the bound of each, and what is kept for the others, is checked under the lock, by every call.
//
// Time: who knows it is judged by it; `leave` and `give_back` without one go by the instant that was spoken of last.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each step.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "cutwater/core/moment.hpp"
#include "cutwater/core/striped.hpp"
#include "cutwater/policy/fair_bulkhead/kernel.hpp"
#include "cutwater/queue/shared_permits.hpp"
#include "cutwater/queue/waiting_line.hpp"

namespace cutwater {

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_shared_shares {
public:
    using answer = typename basic_shared_permits<Atomic, Mutex>::answer;
    using wait_state = typename basic_shared_permits<Atomic, Mutex>::wait_state;

    basic_shared_shares(const std::vector<tenant_bounds>& tenants, unsigned limit, const queue_rules& rules)
        : limit_{limit} {
        for (const tenant_bounds& bounds : tenants) {
            tenants_.emplace_back(bounds, rules);
            is_bounded_ = is_bounded_ || bounds.kept > 0 || bounds.most < limit;
        }
    }

    [[nodiscard]] bool try_take(std::size_t tenant) noexcept {
        if (is_bounded_) [[unlikely]]
            return try_take_bounded(tenant);
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        while (has_room(seen)) {
            if (!word_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed))
                continue;
            tenants_[tenant].in_use.fetch_add(1, std::memory_order_relaxed);
            return true;
        }
        return false;
    }

    /// Reads the time only where somebody waits.
    void give_back(std::size_t tenant, moment& now) noexcept {
        if (put_back(tenant)) [[unlikely]]
            hand_on(now.get());
    }
    /// What was granted to `w`.
    void give_back(const waiter& w, moment& now) noexcept { give_back(w.group, now); }
    /// For one who does not know the time.
    void give_back(std::size_t tenant) noexcept {
        if (put_back(tenant)) [[unlikely]]
            hand_on();
    }

    /// Takes a permit that has become free, or queues `w`, whose `group` is its tenant, and whose `until` and `importance` are set.
    [[nodiscard]] answer take_or_queue(waiter& w, instant now) noexcept;
    [[nodiscard]] wait_state look(waiter& w) noexcept;
    void leave(waiter& w) noexcept;

    [[nodiscard]] unsigned limit() const noexcept { return limit_; }
    [[nodiscard]] const tenant_bounds& bounds(std::size_t tenant) const noexcept { return tenants_[tenant].bounds; }
    [[nodiscard]] unsigned in_use() const noexcept { return in_use_of(word_.load(std::memory_order_relaxed)); }
    [[nodiscard]] unsigned in_use(std::size_t tenant) const noexcept {
        return tenants_[tenant].in_use.load(std::memory_order_relaxed);
    }
    [[nodiscard]] unsigned queued() const noexcept;

private:
    struct alignas(cache_line) tenant_state {
        tenant_state(const tenant_bounds& b, const queue_rules& rules) noexcept : bounds{b}, line{rules} {}
        Atomic<unsigned> in_use{0};
        const tenant_bounds bounds;
        waiting_line line;
        tenant_turns turns{};
    };

    static constexpr std::uint64_t someone_waits = std::uint64_t{1} << 63U;
    [[nodiscard]] static unsigned in_use_of(std::uint64_t word) noexcept { return static_cast<unsigned>(word); }
    [[nodiscard]] bool has_room(std::uint64_t word) const noexcept {
        return (word & someone_waits) == 0 && in_use_of(word) < limit_;
    }

    /// Whether somebody waits for it.
    [[nodiscard]] bool put_back(std::size_t tenant) noexcept {
        tenants_[tenant].in_use.fetch_sub(1, std::memory_order_relaxed);
        return (word_.fetch_sub(1, std::memory_order_release) & someone_waits) != 0;
    }
    [[nodiscard]] bool try_take_bounded(std::size_t tenant) noexcept;
    [[nodiscard]] free_permits free_locked() const noexcept;
    [[nodiscard]] bool may_pass_locked(tenant_state& t) noexcept;
    void take_locked(tenant_state& t) noexcept;
    void hand_on(std::optional<instant> now = {}) noexcept;
    void hand_on_locked() noexcept;
    [[nodiscard]] tenant_state* next_locked() noexcept;
    [[nodiscard]] bool nobody_waits_locked() const noexcept;

    alignas(cache_line) Atomic<std::uint64_t> word_{0};
    const unsigned limit_;
    bool is_bounded_ = false;
    mutable Mutex mutex_;
    instant now_{};  // what was spoken of last; nobody waits before anybody has
    turns_so_far turns_;
    std::deque<tenant_state> tenants_;
};

using shared_shares = basic_shared_shares<>;

template <template <class> class Atomic, class Mutex>
bool basic_shared_shares<Atomic, Mutex>::try_take_bounded(std::size_t tenant) noexcept {
    const std::scoped_lock lock{mutex_};
    tenant_state& own = tenants_[tenant];
    if (!may_pass_locked(own)) return false;
    take_locked(own);
    return true;
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_shares<Atomic, Mutex>::take_or_queue(waiter& w, instant now) noexcept -> answer {
    const std::scoped_lock lock{mutex_};
    now_ = now;
    tenant_state& own = tenants_[w.group];
    if (own.bounds.most == 0) return answer::full;
    // From here on a permit that comes back is handed on under the lock that we hold. One may have come back before.
    word_.fetch_or(someone_waits, std::memory_order_acq_rel);
    if (may_pass_locked(own)) {
        take_locked(own);
        hand_on_locked();
        return answer::taken;
    }
    if (own.line.empty()) own.turns.begins_to_wait(turns_);
    const bool queued = own.line.push(w, now_);
    hand_on_locked();
    return queued ? answer::queued : answer::full;
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_shares<Atomic, Mutex>::look(waiter& w) noexcept -> wait_state {
    const std::scoped_lock lock{mutex_};
    if (w.take_grant()) return wait_state::granted;
    return w.turned_away() ? wait_state::turned_away : wait_state::waits;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_shares<Atomic, Mutex>::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    tenants_[w.group].line.remove(w);
    if (w.take_grant()) (void)put_back(w.group);
    hand_on_locked();
}

template <template <class> class Atomic, class Mutex>
unsigned basic_shared_shares<Atomic, Mutex>::queued() const noexcept {
    const std::scoped_lock lock{mutex_};
    std::size_t all = 0;
    for (const tenant_state& t : tenants_) all += t.line.size();
    return static_cast<unsigned>(all);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_shares<Atomic, Mutex>::take_locked(tenant_state& t) noexcept {
    word_.fetch_add(1, std::memory_order_acq_rel);
    t.in_use.fetch_add(1, std::memory_order_relaxed);
}

/// Calls go without the lock. They take themselves off their tenant's count first, so that what is free and is kept for it is never seen only in part.
template <template <class> class Atomic, class Mutex>
free_permits basic_shared_shares<Atomic, Mutex>::free_locked() const noexcept {
    free_permits free{.all = limit_ - in_use_of(word_.load(std::memory_order_acquire))};
    if (!is_bounded_) return free;
    for (const tenant_state& t : tenants_) free.keep_for(t.bounds, t.in_use.load(std::memory_order_relaxed));
    return free;
}

/// Whether there is room for a newcomer that passes nobody of its own, and nobody who only waits to be handed a permit.
template <template <class> class Atomic, class Mutex>
bool basic_shared_shares<Atomic, Mutex>::may_pass_locked(tenant_state& t) noexcept {
    return t.line.empty() && free_locked().has_one_for(t.bounds, t.in_use.load(std::memory_order_relaxed)) &&
           next_locked() == nullptr;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_shares<Atomic, Mutex>::hand_on(std::optional<instant> now) noexcept {
    const std::scoped_lock lock{mutex_};
    if (now) now_ = *now;
    hand_on_locked();
}

/// Of those who wait and may have one more.
template <template <class> class Atomic, class Mutex>
auto basic_shared_shares<Atomic, Mutex>::next_locked() noexcept -> tenant_state* {
    const free_permits left = free_locked();
    tenant_state* next = nullptr;
    tenant_claim its;
    for (tenant_state& t : tenants_) {
        const tenant_claim claim{t.bounds, t.in_use.load(std::memory_order_relaxed), t.turns.next(turns_)};
        if (t.line.empty() || !left.has_one_for(t.bounds, claim.in_use)) continue;
        if (next != nullptr && !claim.goes_before(its)) continue;
        next = &t;
        its = claim;
    }
    return next;
}

template <template <class> class Atomic, class Mutex>
void basic_shared_shares<Atomic, Mutex>::hand_on_locked() noexcept {
    while (tenant_state* const lucky = next_locked()) {
        waiter* const next = lucky->line.next(now_);
        if (next == nullptr) continue;  // all of it had waited too long: its line is empty now
        take_locked(*lucky);
        lucky->turns.take(lucky->bounds.weight, turns_);
        lucky->line.grant(*next);
    }
    if (nobody_waits_locked()) word_.fetch_and(~someone_waits, std::memory_order_acq_rel);
}

template <template <class> class Atomic, class Mutex>
bool basic_shared_shares<Atomic, Mutex>::nobody_waits_locked() const noexcept {
    return std::ranges::all_of(tenants_, [](const tenant_state& t) { return t.line.empty(); });
}

extern template class basic_shared_shares<>;

}  // namespace cutwater
