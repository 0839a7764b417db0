// What threads share of a set of endpoints: what is counted of each, and the plan that calls are sent by.
//
// Thread safety: as each member says. `Atomic` is the standard's, or a test's that stops at each step.
#pragma once

#include <bit>
#include <deque>
#include <vector>

#include "cutwater/core/striped.hpp"
#include "cutwater/policy/endpoints/options.hpp"
#include "cutwater/policy/endpoints/plan.hpp"
#include "cutwater/policy/endpoints/tally.hpp"

namespace cutwater {

/// To the later of both.
template <template <class> class Atomic>
void raise_to(Atomic<duration::rep>& what, instant to) noexcept {
    const duration::rep wanted = to.time_since_epoch().count();
    duration::rep seen = what.load(std::memory_order_relaxed);
    while (seen < wanted && !what.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) {}
}

/// One endpoint. Its words are written by any thread, epochs by the holder of the set's lock alone.
template <template <class> class Atomic>
class alignas(cache_line) endpoint_slot {
public:
    Atomic<std::uint32_t> in_flight{0};
    Atomic<std::uint32_t> id{0};

private:  // with those above, and where the address is, all that a call touches: one cache line
    Atomic<std::uint64_t> tally_{0};
    Atomic<duration::rep> rests_until_{instant::min().time_since_epoch().count()};
    Atomic<double> latency_{0};
    Atomic<duration::rep> latency_at_{0};

public:
    [[nodiscard]] std::uint32_t number() const noexcept { return id.load(std::memory_order_relaxed); }
    endpoint what;         // its address is written while nobody is in flight, and read by those who are
    bool is_used = false;  // of the holder of the lock

    [[nodiscard]] endpoint_tally look() const noexcept {
        return std::bit_cast<endpoint_tally>(tally_.load(std::memory_order_acquire));
    }
    void put(const endpoint_tally& t) noexcept {
        tally_.store(std::bit_cast<std::uint64_t>(t), std::memory_order_release);
    }

    /// Puts what `step` makes of the tally; false where it gives nothing, or where the tally does not take that epoch.
    template <class Step>
    [[nodiscard]] bool change(std::uint16_t epoch, Step&& step) noexcept {
        std::uint64_t seen = tally_.load(std::memory_order_acquire);
        for (;;) {
            const auto t = std::bit_cast<endpoint_tally>(seen);
            if (!t.takes(epoch)) return false;
            const std::optional<endpoint_tally> next = step(t);
            if (!next) return false;
            if (tally_.compare_exchange_weak(seen, std::bit_cast<std::uint64_t>(*next), std::memory_order_acq_rel,
                                             std::memory_order_acquire))
                return true;
        }
    }
    /// What was counted in the interval, which ends.
    endpoint_tally take_calls() noexcept {
        std::uint64_t seen = tally_.load(std::memory_order_acquire);
        const auto emptied = [&] {
            return std::bit_cast<std::uint64_t>(std::bit_cast<endpoint_tally>(seen).without_calls());
        };
        while (!tally_.compare_exchange_weak(seen, emptied(), std::memory_order_acq_rel, std::memory_order_acquire)) {}
        return std::bit_cast<endpoint_tally>(seen);
    }

    /// An average: two threads that learn at once may lose a sample.
    [[nodiscard]] endpoint_latency latency() const noexcept {
        return {.ns = latency_.load(std::memory_order_relaxed),
                .at = instant{duration{latency_at_.load(std::memory_order_relaxed)}}};
    }
    void put(const endpoint_latency& e) noexcept {
        latency_.store(e.ns, std::memory_order_relaxed);
        latency_at_.store(e.at.time_since_epoch().count(), std::memory_order_relaxed);
    }

    /// Until when it asked to be left alone; never less than another has said.
    [[nodiscard]] instant rests_until() const noexcept {
        return instant{duration{rests_until_.load(std::memory_order_relaxed)}};
    }
    void rest(instant until) noexcept { raise_to(rests_until_, until); }
    void wake() noexcept { rests_until_.store(instant::min().time_since_epoch().count(), std::memory_order_relaxed); }
};

/// A plan as threads see it: written by the holder of the lock, read by all. Never freed while they may.
template <template <class> class Atomic>
struct published_plan {
    struct entry {
        Atomic<endpoint_slot<Atomic>*> at{nullptr};
        Atomic<double> weight{1};
        Atomic<double> upto{0};
    };
    explicit published_plan(std::size_t capacity) : entries(capacity) {}

    /// `set`: the endpoints, by their places. The plan has room.
    void show(const endpoint_plan& made, const std::vector<endpoint_slot<Atomic>*>& set) noexcept {
        constexpr auto visible = std::memory_order_release;
        for (std::size_t i = 0; i < made.size(); ++i) {
            entries[i].at.store(set[made.entries[i].place], visible);
            entries[i].weight.store(made.entries[i].weight, visible);
            entries[i].upto.store(made.entries[i].upto, visible);
        }
        count.store(made.size(), visible);
        ours.store(made.ours, visible);
        stays.store(made.stays, visible);
        is_even.store(made.is_even ? 1 : 0, visible);
    }

    std::vector<entry> entries;
    Atomic<std::size_t> count{0};
    Atomic<std::size_t> ours{0};
    Atomic<double> stays{1};
    Atomic<std::uint32_t> is_even{1};
};

/// The endpoints of sets past and present. Those that have gone are reused when nobody is in flight there any more.
template <template <class> class Atomic>
class endpoint_slots {
public:
    using slot = endpoint_slot<Atomic>;

    /// One that is free, or a new one, that nobody else can find yet; what is asked for at once is looked for once.
    [[nodiscard]] slot& take(const endpoint& what, std::uint32_t id) {
        while (next_ < all_.size() && (all_[next_].is_used || all_[next_].in_flight.load() != 0)) ++next_;
        slot& s = next_ < all_.size() ? all_[next_] : all_.emplace_back();
        ++next_;
        s.what = what;
        s.is_used = true;
        s.id.store(id, std::memory_order_relaxed);
        s.put(s.look().next_in_use());
        s.put(endpoint_latency{});
        s.wake();
        return s;
    }
    void look_from_the_start() noexcept { next_ = 0; }

private:
    std::deque<slot> all_;
    std::size_t next_ = 0;
};

/// One look at it, for `pick`. It may be torn: who has used it looks afterwards whether it has changed.
template <template <class> class Atomic>
struct plan_view {
    plan_view(const published_plan<Atomic>& p, double passing) noexcept
        : from{&p}, count{p.count.load(std::memory_order_acquire)},
          ours{std::min(count, p.ours.load(std::memory_order_acquire))}, stays{p.stays.load(std::memory_order_acquire)},
          passes{passing}, is_even{p.is_even.load(std::memory_order_acquire) != 0} {}

    [[nodiscard]] std::size_t size() const noexcept { return count; }
    [[nodiscard]] double upto(std::size_t i) const noexcept {
        return from->entries[i].upto.load(std::memory_order_acquire);
    }
    [[nodiscard]] double weight(std::size_t i) const noexcept {
        return from->entries[i].weight.load(std::memory_order_acquire);
    }
    [[nodiscard]] endpoint_slot<Atomic>& at(std::size_t i) const noexcept {
        return *from->entries[i].at.load(std::memory_order_acquire);
    }

    const published_plan<Atomic>* from;
    std::size_t count;
    std::size_t ours;
    double stays;
    double passes;
    bool is_even;
};

}  // namespace cutwater
