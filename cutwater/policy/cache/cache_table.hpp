// The values of a cache, and who is asking for one: shared by all calls.
//
// One call asks the dependency for a key (it *leads*); others who come meanwhile wait for what it gets (they *follow*). A leader that goes without an
// outcome hands over to who has waited longest. What is put or erased by hand overtakes the question that is under way: those who wait for it get its
// outcome, which is not kept, and who comes later asks anew.
//
// Thread safety: every member, from any thread; one lock for each shard, and no user code under it.
#pragma once

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cutwater/core/outcome.hpp"
#include "cutwater/core/waiter.hpp"
#include "cutwater/policy/cache/heap_bytes.hpp"
#include "cutwater/policy/cache/options.hpp"
#include "cutwater/policy/cache/s3_fifo.hpp"

namespace cutwater::detail {

/// A key that owns its texts.
class kept_key {
public:
    explicit kept_key(const cache_key& of) : operation_{of.operation}, tenant_size_{of.tenant.size()} {
        texts_.reserve(of.tenant.size() + of.asked.size());
        texts_.append(of.tenant).append(of.asked);
    }
    [[nodiscard]] cache_key view() const noexcept {
        const std::string_view all = texts_;
        return {.operation = operation_, .tenant = all.substr(0, tenant_size_), .asked = all.substr(tenant_size_)};
    }
    [[nodiscard]] std::size_t heap_bytes() const noexcept { return cutwater::heap_bytes(texts_); }

private:
    name operation_;
    std::size_t tenant_size_;
    std::string texts_;
};

/// One that is hashed once, for whoever chooses the shard and for the tables in it.
struct hashed_key {
    const cache_key& key;
    std::size_t hash;
};

[[nodiscard]] inline cache_key view_of(const cache_key& key) noexcept { return key; }
[[nodiscard]] inline cache_key view_of(const hashed_key& key) noexcept { return key.key; }
[[nodiscard]] inline cache_key view_of(const kept_key& key) noexcept { return key.view(); }

struct key_equal {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const noexcept { return view_of(a) == view_of(b); }
};
/// It does not say that it does not throw: of a hash that does, the standard library's tables keep none, and compute those of neighbours for each search.
template <class Hash>
struct key_hash {
    using is_transparent = void;
    std::size_t operator()(const hashed_key& key) const noexcept { return key.hash; }
    std::size_t operator()(const auto& key) const {
        const cache_key k = view_of(key);
        const std::size_t parts[] = {std::hash<name>{}(k.operation), Hash{}(k.tenant), Hash{}(k.asked)};
        std::size_t mixed = 0;
        for (const std::size_t part : parts) mixed = (mixed ^ part) * 0x9e3779b97f4a7c15U;
        return mixed ^ (mixed >> 32U);
    }
};

/// What is kept of an outcome: shared by all who get it, and copied for each.
template <class T>
struct kept_outcome_of {
    kept_outcome_of(outcome<T> what, instant when, duration fresh)
        : out{std::move(what)}, born{when}, fresh_for{fresh} {}

    /// Whether nobody has been told since `now` - `pause` that it is stale; who is told so tells somebody.
    [[nodiscard]] bool is_to_be_told(instant now, duration pause) const noexcept {
        duration::rep last = told_.load(std::memory_order_relaxed);
        if (last != 0 && between(instant{duration{last}}, now) < pause) return false;
        return told_.compare_exchange_strong(last, now.time_since_epoch().count(), std::memory_order_relaxed);
    }

    outcome<T> out;
    instant born;        ///< when it was the dependency's answer
    duration fresh_for;  ///< for a value

private:
    mutable std::atomic<duration::rep> told_{0};
};

template <class T, class Hash>
class cache_table {
public:
    using kept = std::shared_ptr<const kept_outcome_of<T>>;

    /// A question that is under way.
    struct flight {
        waiter_queue line;
        kept outcome;   // once it has come
        instant began;  // when whoever leads it began to ask
    };

    explicit cache_table(const cache_options& options) {
        const std::size_t shards = options.max_entries < 1'024 ? 1 : most_shards;
        const auto part = [shards](std::size_t of, std::size_t i) { return of / shards + (i < of % shards ? 1 : 0); };
        shards_.reserve(shards);
        for (std::size_t i = 0; i < shards; ++i)
            shards_.push_back(
                std::make_unique<shard>(s3_fifo_limits{.entries = part(options.max_entries, i),
                                                       .cost = part(options.max_bytes, i),
                                                       .largest = std::max<std::size_t>(options.max_bytes / 10, 1)}));
    }

    [[nodiscard]] kept find(const cache_key& key) {
        const hashed_key hashed{key, hash{}(key)};
        shard& in = shard_of(hashed);
        const std::scoped_lock held{in.lock};
        const kept* const found = in.values.find(hashed);
        return found == nullptr ? nullptr : *found;
    }

    /// The same, and nobody has asked for it.
    [[nodiscard]] kept peek(const cache_key& key) const {
        const shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        const kept* const found = in.values.peek(key);
        return found == nullptr ? nullptr : *found;
    }

    /// What a call finds that has `seen` what was kept, and wants a newer one: with neither, it leads now.
    struct question {
        std::shared_ptr<flight> under_way;  ///< on which it may wait, or which it leads
        kept newer;                         ///< that has come meanwhile
        bool leads = false;
    };
    [[nodiscard]] question lead_or_find(const cache_key& key, const kept& seen, instant now) {
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        const auto found = in.flights.find(key);
        if (found != in.flights.end()) return {found->second, nullptr};
        if (const kept* const there = in.values.peek(key); there != nullptr && *there != seen) return {nullptr, *there};
        std::shared_ptr<flight> own = std::make_shared<flight>();
        own->began = now;
        in.flights.emplace(kept_key{key}, own);
        return {.under_way = std::move(own), .newer = nullptr, .leads = true};
    }

    /// Waits for `on`; false where it has landed meanwhile, or was overtaken.
    [[nodiscard]] bool follow(const cache_key& key, flight& on, waiter& w) {
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        if (!is_current(in, key, on)) return false;
        on.line.push(w);
        return true;
    }

    /// How a wait stands.
    enum class followed : std::uint8_t {
        waiting,
        landed,  ///< the flight has its outcome
        leads,   ///< it was handed over
    };
    [[nodiscard]] followed look(const cache_key& key, flight& on, waiter& w, instant now) {
        const std::scoped_lock held{shard_of(key).lock};
        if (w.is_queued()) return followed::waiting;
        (void)w.take_grant();
        if (on.outcome) return followed::landed;
        on.began = now;
        return followed::leads;
    }

    /// Waits no longer. Who was to lead and does not hands over.
    void leave(const cache_key& key, flight& on, waiter& w) noexcept {
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        on.line.remove(w);
        if (w.take_grant() && !on.outcome) hand_over(in, key, on);
    }

    /// What became of an outcome.
    enum class landing : std::uint8_t {
        done,  ///< and it is kept, where it is to be
        too_large,
        overtaken,  ///< a value was put or erased meanwhile: it is not kept
    };
    /// The leader has an outcome: those who wait get it. `begin_change` is called where it was not overtaken, in the order of the values: under the lock.
    template <class Begin>
    landing land(const cache_key& key, flight& on, kept outcome, std::optional<std::size_t> bytes_to_keep,
                 Begin&& begin_change) {
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        const bool was_overtaken = !is_current(in, key, on);
        if (!was_overtaken) begin_change();
        const bool fits = was_overtaken || !bytes_to_keep || keep(in, key, outcome, *bytes_to_keep);
        arrive(on, std::move(outcome));
        if (was_overtaken) return landing::overtaken;
        in.flights.erase(in.flights.find(key));
        return fits ? landing::done : landing::too_large;
    }

    /// The leader has found an older value, and goes on: those who wait get it and may wait again, for the flight that it leads then.
    void show(const cache_key& key, std::shared_ptr<flight>& on, kept older, std::size_t bytes, instant now) {
        std::shared_ptr<flight> next = std::make_shared<flight>();
        next->began = now;
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        if (!is_current(in, key, *on)) return;
        (void)keep(in, key, older, bytes);
        in.flights.find(key)->second = next;
        arrive(*on, std::move(older));
        on = std::move(next);
    }

    /// The leader goes without.
    void hand_over(const cache_key& key, flight& on) noexcept {
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        hand_over(in, key, on);
    }

    template <class Begin>
    bool put(const cache_key& key, kept outcome, std::size_t bytes, Begin&& begin_change) {
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        begin_change();
        overtake(in, key);
        return keep(in, key, std::move(outcome), bytes);
    }
    template <class Begin>
    bool erase(const cache_key& key, Begin&& begin_change) {
        shard& in = shard_of(key);
        const std::scoped_lock held{in.lock};
        begin_change();
        overtake(in, key);
        return in.values.erase(key);
    }
    void clear() {
        for (const auto& each : shards_) {
            const std::scoped_lock held{each->lock};
            each->flights.clear();
            each->values.clear();
        }
    }

    [[nodiscard]] std::size_t size() const {
        return sum([](const shard& each) { return each.values.size(); });
    }
    [[nodiscard]] std::size_t bytes() const {
        return sum([](const shard& each) { return each.values.cost(); });
    }

private:
    static constexpr std::size_t most_shards = 8;  // a tenth of all has room in one of them
    using hash = key_hash<Hash>;
    using kept_values = s3_fifo<kept_key, kept, hash, key_equal>;
    /// What keeping a value takes beside itself and its key's texts.
    static constexpr std::size_t beside =
        kept_values::bytes_an_entry + sizeof(kept_outcome_of<T>) - sizeof(T) + 2 * sizeof(void*);

    struct alignas(64) shard {
        explicit shard(s3_fifo_limits most) : values{most} {}
        mutable std::mutex lock;
        kept_values values;
        std::unordered_map<kept_key, std::shared_ptr<flight>, hash, key_equal> flights;
    };

    [[nodiscard]] shard& shard_of(const hashed_key& key) const noexcept {
        return shards_.size() == 1 ? *shards_.front() : *shards_[(key.hash >> 20U) % most_shards];
    }
    [[nodiscard]] shard& shard_of(const cache_key& key) const { return shard_of(hashed_key{key, hash{}(key)}); }
    static bool keep(shard& in, const cache_key& key, kept outcome, std::size_t bytes) {
        kept_key own{key};
        const std::size_t own_bytes = beside + own.heap_bytes();
        const std::size_t cost = bytes + std::min(own_bytes, std::numeric_limits<std::size_t>::max() - bytes);
        return in.values.put(std::move(own), std::move(outcome), cost);
    }
    /// Whether the question for `key` that is under way is this one.
    [[nodiscard]] static bool is_current(const shard& in, const cache_key& key, const flight& on) {
        const auto found = in.flights.find(key);
        return found != in.flights.end() && found->second.get() == &on;
    }
    static void overtake(shard& in, const cache_key& key) {
        if (const auto found = in.flights.find(key); found != in.flights.end()) in.flights.erase(found);
    }
    static void arrive(flight& on, kept outcome) noexcept {
        on.outcome = std::move(outcome);
        while (!on.line.empty()) on.line.grant_first();
    }
    static void hand_over(shard& in, const cache_key& key, flight& on) noexcept {
        if (!on.line.empty())
            on.line.grant_first();
        else if (is_current(in, key, on))
            in.flights.erase(in.flights.find(key));
    }
    template <class Count>
    [[nodiscard]] std::size_t sum(Count&& count) const {
        std::size_t all = 0;
        for (const auto& each : shards_) {
            const std::scoped_lock held{each->lock};
            all += count(*each);
        }
        return all;
    }

    std::vector<std::unique_ptr<shard>> shards_;
};

}  // namespace cutwater::detail
