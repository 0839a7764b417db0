// A set of endpoints that threads share: what `kernel.hpp` says, where nearly every call takes no lock.
//
// A call draws from the plan that was published last, is counted in flight at who was picked, and looks whether the plan has been the
// same meanwhile (a sequence lock). If so, it was sent at that moment; else it steps back and asks under the lock. Ends are counted in a word of
// the endpoint's, together with the epoch. Ejections, returns, comparisons and replacements are made under the lock, by the call that finds them due.
//
// Exact are epochs, failures in a row, ejections and calls in flight. Which of two is the less loaded is read while others come and go, and
// latencies are averages that may lose a sample. Ends that come while an interval is compared are counted in that one or in the next.
//
// Thread safety: every member, from any thread. `Atomic` and `Mutex` are the standard's, or a test's that stop at each step.
// Memory: a cache line or two for each endpoint, reused when the last call to one that has gone has ended.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "cutwater/core/tried_targets.hpp"
#include "cutwater/policy/endpoints/kernel.hpp"
#include "cutwater/policy/endpoints/shared_plan.hpp"

namespace cutwater {

/// A number that no other endpoint of the process has.
[[nodiscard]] std::uint32_t next_endpoint_id() noexcept;

/// A change, and the address that it is about.
struct told_change {
    endpoint_change what;
    std::string address;
    friend bool operator==(const told_change&, const told_change&) = default;
};
using told_changes = std::vector<told_change>;

template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_shared_endpoints {
    using slot = endpoint_slot<Atomic>;
    using published = published_plan<Atomic>;
    using view = plan_view<Atomic>;

public:
    /// `options` outlive it.
    explicit basic_shared_endpoints(const endpoints_options& options) : options_{&options}, ejections_{options} {
        buffers_.push_back(std::make_unique<published>(options.each.size()));
        plan_.store(buffers_.back().get(), std::memory_order_release);
        replace(options.each, instant::min());
    }

    class ticket {
    public:
        [[nodiscard]] std::string_view address() const noexcept { return at_->what.address; }
        [[nodiscard]] std::uint32_t id() const noexcept { return at_->id.load(std::memory_order_relaxed); }
        [[nodiscard]] std::uint16_t epoch() const noexcept { return epoch_; }

    private:
        friend class basic_shared_endpoints;
        slot* at_ = nullptr;
        std::uint16_t epoch_ = 0;
        instant began_{};
    };

    enum class quick : std::uint8_t { sent, refused, unknown };
    /// Without the lock; where that does not do, nothing has happened.
    [[nodiscard]] quick ask(ticket& out, instant now, random_source& dice, const tried_targets& tried) noexcept;
    /// Under the lock.
    [[nodiscard]] quick ask_slowly(ticket& out, instant now, random_source& dice, const tried_targets& tried,
                                   told_changes& changes);
    [[nodiscard]] bool refuses_none() const noexcept { return passes_.load(std::memory_order_relaxed) >= 1; }
    /// For a refusal: until more can be carried, as far as is known.
    [[nodiscard]] std::optional<duration> retry_after(instant now) const noexcept {
        const instant at{duration{more_at_.load(std::memory_order_relaxed)}};
        if (at == never) return {};
        return std::max(between(now, at), duration::zero());
    }

    /// What is to be told: mostly nothing. The call is in flight until it is released.
    [[nodiscard]] told_changes count(const ticket& t, endpoint_end how, instant now);
    void release(const ticket& t) noexcept { t.at_->in_flight.fetch_sub(1, std::memory_order_release); }

    /// It asked to be left alone: until then nobody is sent there, while there is another.
    void rest(const ticket& t, instant until) noexcept {
        t.at_->rest(until);
        raise_to(some_rest_until_, until);
    }
    /// Another attempt had won by then.
    void lose(const ticket& t, instant at) noexcept {
        if (!t.at_->look().takes(t.epoch_)) return;
        endpoint_latency e = t.at_->latency();
        e.learn_at_least(between(t.began_, at), at, options_->latency_memory);
        t.at_->put(e);
    }
    /// Whether there is one that does not rest.
    [[nodiscard]] bool has_awake(instant now) const;

    /// What it changes is told by the next call.
    void replace(const endpoint_list& list, instant now);
    [[nodiscard]] endpoints_reading read(instant now) const;

private:
    /// While it lives, calls that have drawn find that the plan has changed.
    class writing {
    public:
        explicit writing(basic_shared_endpoints& owner) noexcept : owner_{owner} { owner_.sequence_.fetch_add(1); }
        writing(const writing&) = delete;
        writing& operator=(const writing&) = delete;
        ~writing() { owner_.sequence_.fetch_add(1); }

    private:
        basic_shared_endpoints& owner_;
    };

    [[nodiscard]] bool is_last_straw_for(const endpoint_tally& t) const noexcept {
        return t.consecutive + 1U == options_->consecutive_failures;
    }
    [[nodiscard]] instant holds_until() const noexcept {
        return instant{duration{until_.load(std::memory_order_acquire)}};
    }
    [[nodiscard]] endpoint_load load_of(const slot& s, double weight, instant now) const noexcept;
    [[nodiscard]] std::optional<std::size_t> pick_from(const view& plan, instant now, random_source& dice,
                                                       const tried_targets& tried) const noexcept;
    void learn(const ticket& t, endpoint_end how, instant now) noexcept;
    [[nodiscard]] told_changes fail_slowly(const ticket& t, instant now);

    void advance_locked(instant now, endpoint_changes& changes);
    void publish_locked(instant now, endpoint_changes& changes);
    void begin_epochs_locked(const endpoint_changes& changes) noexcept;
    [[nodiscard]] published& buffer_locked(std::size_t size);
    void put_in_force_locked(std::vector<slot*> next, std::vector<endpoint_ejections::member> members,
                             const std::vector<slot*>& gone, instant now);
    void tell_locked(const endpoint_changes& changes, told_changes& to) const;

    const endpoints_options* options_;

    // what every call reads
    Atomic<std::uint64_t> sequence_{0};  // odd: something is being changed
    Atomic<published*> plan_{nullptr};
    Atomic<double> passes_{1};
    Atomic<duration::rep> until_{instant::min().time_since_epoch().count()};
    Atomic<duration::rep> some_rest_until_{instant::min().time_since_epoch().count()};
    Atomic<duration::rep> more_at_{never.time_since_epoch().count()};

    // what the holder of the lock touches
    mutable Mutex mutex_;
    endpoint_ejections ejections_;
    std::vector<slot*> set_;  // as its members
    endpoint_slots<Atomic> slots_;
    std::vector<std::unique_ptr<published>> buffers_;
    told_changes untold_;
};

using shared_endpoints = basic_shared_endpoints<>;

// ---- in ----

template <template <class> class Atomic, class Mutex>
endpoint_load basic_shared_endpoints<Atomic, Mutex>::load_of(const slot& s, double weight, instant now) const noexcept {
    const double in_flight = s.in_flight.load(std::memory_order_relaxed);
    if (options_->picker == endpoint_picker::least_latency)
        return {in_flight / weight, weight, s.latency().read(now, options_->latency_memory)};
    const double failed = s.latency().failures_as_calls(s.look().consecutive, now, options_->latency_memory);
    return {.waiting = (in_flight + failed) / weight, .weight = weight};
}

template <template <class> class Atomic, class Mutex>
std::optional<std::size_t> basic_shared_endpoints<Atomic, Mutex>::pick_from(const view& plan, instant now,
                                                                            random_source& dice,
                                                                            const tried_targets& tried) const noexcept {
    return pick(plan, dice,
                endpoint_mark{!tried.empty(), [&](std::size_t i) { return tried.contains(plan.at(i).number()); }},
                endpoint_mark{now.time_since_epoch().count() < some_rest_until_.load(std::memory_order_relaxed),
                              [&](std::size_t i) { return plan.at(i).rests_until() > now; }},
                [&](std::size_t i) { return load_of(plan.at(i), plan.weight(i), now); });
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_endpoints<Atomic, Mutex>::ask(ticket& out, instant now, random_source& dice,
                                                const tried_targets& tried) noexcept -> quick {
    const std::uint64_t before = sequence_.load(std::memory_order_acquire);
    if (before % 2 != 0 || now >= holds_until()) return quick::unknown;
    const view plan{*plan_.load(std::memory_order_acquire), passes_.load(std::memory_order_acquire)};
    const auto picked = pick_from(plan, now, dice, tried);
    if (!picked) return sequence_.load() == before ? quick::refused : quick::unknown;
    slot& s = plan.at(*picked);
    s.in_flight.fetch_add(
        1);  // before the sequence is read, in the order that all see: a slot that is reused has nobody in flight
    const std::uint16_t epoch = s.look().epoch;
    if (sequence_.load() != before) {
        s.in_flight.fetch_sub(1, std::memory_order_release);
        return quick::unknown;
    }
    out.at_ = &s;
    out.epoch_ = epoch;
    out.began_ = now;
    return quick::sent;
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_endpoints<Atomic, Mutex>::ask_slowly(ticket& out, instant now, random_source& dice,
                                                       const tried_targets& tried, told_changes& changes) -> quick {
    const std::scoped_lock lock{mutex_};
    changes = std::exchange(untold_, {});
    ejections_.stir(dice);
    endpoint_changes made;
    if (now >= holds_until()) advance_locked(now, made);
    tell_locked(made, changes);
    const view plan{*plan_.load(std::memory_order_acquire), passes_.load(std::memory_order_acquire)};
    const auto picked = pick_from(plan, now, dice, tried);
    if (!picked) return quick::refused;
    slot& s = plan.at(*picked);
    s.in_flight.fetch_add(1);
    out.at_ = &s;
    out.epoch_ = s.look().epoch;
    out.began_ = now;
    return quick::sent;
}

// ---- out ----

template <template <class> class Atomic, class Mutex>
told_changes basic_shared_endpoints<Atomic, Mutex>::count(const ticket& t, endpoint_end how, instant now) {
    if (how == endpoint_end::neutral) return {};
    bool is_last_straw = false;
    const auto counted = [&](const endpoint_tally& before) -> std::optional<endpoint_tally> {
        if (how == endpoint_end::success) return before.with_success();
        is_last_straw = is_last_straw_for(before);
        return is_last_straw ? std::nullopt : std::optional{before.with_failure()};
    };
    if (t.at_->change(t.epoch_, counted)) learn(t, how, now);
    return is_last_straw ? fail_slowly(t, now) : told_changes{};
}

template <template <class> class Atomic, class Mutex>
void basic_shared_endpoints<Atomic, Mutex>::learn(const ticket& t, endpoint_end how, instant now) noexcept {
    const duration took = std::max(between(t.began_, now), duration::zero());
    endpoint_latency e = t.at_->latency();
    e.learn(how == endpoint_end::failure ? std::max(took, options_->failure_penalty) : took, now,
            options_->latency_memory);
    t.at_->put(e);
}

/// The failure that would eject: nobody changes who is ejected while it is decided, but others may end here meanwhile.
template <template <class> class Atomic, class Mutex>
told_changes basic_shared_endpoints<Atomic, Mutex>::fail_slowly(const ticket& t, instant now) {
    const std::scoped_lock lock{mutex_};
    endpoint_changes made;
    told_changes told;
    const auto place = std::ranges::find(set_, t.at_);
    if (place == set_.end()) return told;
    const bool may_eject = ejections_.may_eject();
    const writing others_wait{*this};
    bool ejects = false;
    const auto failed = [&](const endpoint_tally& before) -> std::optional<endpoint_tally> {
        const bool is_last_straw = is_last_straw_for(before);
        ejects = is_last_straw && may_eject;
        if (ejects) return before.next_ejected();
        return is_last_straw ? before.with_failure().without_row() : before.with_failure();
    };
    if (!t.at_->change(t.epoch_, failed)) return told;
    if (!ejects) return learn(t, endpoint_end::failure, now), told;
    t.at_->put(endpoint_latency{});
    ejections_.eject(static_cast<std::size_t>(place - set_.begin()), ejection_cause::consecutive_failures, now, made);
    publish_locked(now, made);
    tell_locked(made, told);
    return told;
}

template <template <class> class Atomic, class Mutex>
bool basic_shared_endpoints<Atomic, Mutex>::has_awake(instant now) const {
    const std::scoped_lock lock{mutex_};
    const view plan{*plan_.load(std::memory_order_acquire), 1};
    for (std::size_t i = 0; i < plan.size(); ++i)
        if (plan.at(i).rests_until() <= now) return true;
    return false;
}

// ---- what time brings ----

template <template <class> class Atomic, class Mutex>
void basic_shared_endpoints<Atomic, Mutex>::advance_locked(instant now, endpoint_changes& changes) {
    const writing others_wait{*this};
    const bool compares = ejections_.is_interval_over(now);
    std::vector<endpoint_tally> tallies;
    tallies.reserve(set_.size());
    for (slot* const s : set_) {
        tallies.push_back(compares ? s->take_calls() : s->look());
    }
    ejections_.advance(now, tallies, changes);
    begin_epochs_locked(changes);
    publish_locked(now, changes);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_endpoints<Atomic, Mutex>::begin_epochs_locked(const endpoint_changes& changes) noexcept {
    for (const endpoint_change& c : changes) {
        if (c.what != endpoint_change::kind::ejected && c.what != endpoint_change::kind::returned) continue;
        slot& s = *set_[c.place];
        s.put(c.what == endpoint_change::kind::ejected ? s.look().next_ejected() : s.look().next_in_use());
        s.put(endpoint_latency{});
    }
}

template <template <class> class Atomic, class Mutex>
auto basic_shared_endpoints<Atomic, Mutex>::buffer_locked(std::size_t size) -> published& {
    if (buffers_.back()->entries.size() < size)
        buffers_.push_back(std::make_unique<published>(std::max(size, 2 * buffers_.back()->entries.size())));
    return *buffers_.back();
}

template <template <class> class Atomic, class Mutex>
void basic_shared_endpoints<Atomic, Mutex>::publish_locked(instant now, endpoint_changes& changes) {
    constexpr auto visible = std::memory_order_release;  // not before the sequence says that something changes
    const endpoint_plan made = ejections_.plan(now, changes);
    published& to = buffer_locked(made.size());
    to.show(made, set_);
    plan_.store(&to, visible);
    passes_.store(made.passes, visible);
    more_at_.store(made.more_at.time_since_epoch().count(), visible);
    until_.store(made.until.time_since_epoch().count(), visible);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_endpoints<Atomic, Mutex>::tell_locked(const endpoint_changes& changes, told_changes& to) const {
    for (const endpoint_change& c : changes) {
        const bool is_of_one = c.what == endpoint_change::kind::ejected || c.what == endpoint_change::kind::returned;
        to.push_back({c, is_of_one ? set_[c.place]->what.address : std::string{}});
    }
}

// ---- another set ----

/// Everything that takes long is done before calls are made to wait: what is new is not found by any of them yet.
template <template <class> class Atomic, class Mutex>
void basic_shared_endpoints<Atomic, Mutex>::replace(const endpoint_list& list, instant now) {
    std::unordered_map<std::string_view, std::size_t> place_of;
    place_of.reserve(list.size());
    std::vector<endpoint_ejections::member> members;
    members.reserve(list.size());
    for (const endpoint& e : list) {
        place_of.emplace(e.address, members.size());
        members.push_back({.weight = e.weight, .is_ours = options_->zone.empty() || e.zone == options_->zone});
    }
    std::vector<slot*> next(list.size());
    std::vector<slot*> gone;
    const std::scoped_lock lock{mutex_};
    for (std::size_t i = 0; i < set_.size(); ++i) {
        const auto stays = place_of.find(set_[i]->what.address);
        if (stays == place_of.end()) {
            gone.push_back(set_[i]);
            continue;
        }
        next[stays->second] = set_[i];
        members[stays->second].state = ejections_.members()[i].state;
    }
    slots_.look_from_the_start();
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (next[i] == nullptr) next[i] = &slots_.take(list[i], next_endpoint_id());
        // the address stays as it is: calls in flight read it
        next[i]->what.weight = list[i].weight;
        next[i]->what.zone = list[i].zone;
    }
    put_in_force_locked(std::move(next), std::move(members), gone, now);
}

template <template <class> class Atomic, class Mutex>
void basic_shared_endpoints<Atomic, Mutex>::put_in_force_locked(std::vector<slot*> next,
                                                                std::vector<endpoint_ejections::member> members,
                                                                const std::vector<slot*>& gone, instant now) {
    endpoint_changes changes;
    (void)buffer_locked(next.size());
    const writing others_wait{*this};
    for (slot* const s : gone) {
        s->is_used = false;
        s->put(s->look().next_ejected());
    }
    set_ = std::move(next);
    ejections_.replace(std::move(members), now, changes);
    begin_epochs_locked(changes);
    publish_locked(now, changes);
    tell_locked(changes, untold_);
    if (!untold_.empty()) until_.store(instant::min().time_since_epoch().count(), std::memory_order_release);
}

template <template <class> class Atomic, class Mutex>
endpoints_reading basic_shared_endpoints<Atomic, Mutex>::read(instant now) const {
    const std::scoped_lock lock{mutex_};
    endpoints_reading out{ejections_.panics(), ejections_.healthy(), passes_.load(std::memory_order_relaxed), {}};
    for (std::size_t i = 0; i < set_.size(); ++i) {
        const slot& s = *set_[i];
        out.each.push_back(reading_of(s.what, ejections_.members()[i].state, s.look()));
        out.each.back().in_flight = s.in_flight.load(std::memory_order_relaxed);
        out.each.back().latency = duration{static_cast<duration::rep>(s.latency().read(now, options_->latency_memory))};
    }
    return out;
}

extern template class basic_shared_endpoints<>;

}  // namespace cutwater
