// Answers that were given before, in place of asking again: fresh ones always, older ones where the dependency fails.
//
//     cw::cache<stock> known{{.name = "stock", .fresh_for = 10s, .stale_if_error = 1h}};
//     cw::pipeline inventory{cw::ref(known), cw::retry{}, cw::timeout{500ms}};
//     auto pieces = inventory.run({.operation = "get_stock", .fingerprint = sku}, f);
//     if (pieces && !pieces.source().empty()) show(pieces.source());                      // "stock"; pieces.age() is how old
//     if (pieces.is_degraded()) …                                                         // it is no longer fresh, or the default
//
//     cw::cache<stock> three_tiers{{.name = "stock"}, stock::unknown()};                  // live, stale, safe default
//     cw::memory_store cells;                                                             // or SQLite, PostgreSQL, Redis
//     cw::cache<std::string> durable{{.name = "pages"}, cells};                           // survives a restart, in a store
//
// Contract. What a value is of is said by the call: its operation, its `fingerprint`, and its tenant unless the options say that values are shared. A call
// without a fingerprint passes by. A fresh value is the answer, and nobody is asked. Else one call asks, however many want to know: those who
// come meanwhile wait for its outcome, and get a copy; where it goes without one (cancelled, destroyed, past its own deadline), the next
// asks. For `stale_while_revalidate` they do not wait but have the stale value at once. Where asking fails, by a transient failure or a refusal
// of ours, a value is given that was fresh no longer ago than `stale_if_error`; where there is none, the safe default, if there is one. What is
// older than the call's own `max_age` is given to no call. Nor does it share the answer to a question that began longer ago than that: it waits for the end
// of that one, and asks, together with others who wait. So with zero the question is always from after the call came; what it gets is kept, and it has no
// default either. A failure is shared, whenever the question began.
//
// Only a success is kept, and, where `negative_for` says so, a permanent failure. A value comes out as a copy, marked with the cache's name and its age; one that
// is not fresh, or the default, is `is_degraded`. The default is not kept.
//
// In a store values last as long as they may be given, and are found again after a restart with the age that they have then. A store that fails, or bytes
// that cannot be read or have changed, are a miss and an event; one that is slow takes at most half of the time that a call has left. Writing is not waited for; a store that
// blocks, though, blocks who asks it, for two questions within `store_limit` each and the call's deadline: it belongs behind `offloaded_store`. A write that fails is told with this call or a later one.
//
// It stands outside of what it saves: retries, breakers, limits. A call for a key from inside of the question for it waits for itself, until its deadline.
// Thread safety: every member, from any thread. Lifetime: the store outlives the cache.
// `Hash`: of keys; where strangers choose them, take one that they cannot foresee (`cw::sip_hash` of component keyed).
// Cost: a hit is a hash table's search under the lock of one shard in 8, and the copy.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/cache/cache_session.hpp"
#include "cutwater/policy/cache/durable_tier.hpp"

namespace cutwater {

template <class T, class Codec = cell_codec<T>, class Hash = std::hash<std::string_view>>
class cache {
    static_assert(!std::is_void_v<T> && std::copy_constructible<T>, "cutwater::cache: a value is handed out as a copy");
    using table = detail::cache_table<T, Hash>;

public:
    static constexpr std::string_view kind = "cache";
    static constexpr bool remembers = true;
    template <class U>
    static constexpr bool gives = std::same_as<T, U>;
    template <class U>
    using session = detail::cache_session<cache, T>;

    /// What of it counts towards `max_bytes`; by default its size as an object, and what it owns on the heap (heap_bytes.hpp).
    using sizer = std::function<std::size_t(const T&)>;

    /// Throws `invalid_options`.
    explicit cache(cache_options options = {}) : cache{std::move(options), std::nullopt, nullptr} {}
    cache(cache_options options, T safe_default) : cache{std::move(options), std::move(safe_default), nullptr} {}
    cache(cache_options options, cell_store& durable)
        requires has_cell_codec<T> || (!std::same_as<Codec, cell_codec<T>>)
        : cache{std::move(options), std::nullopt, &durable} {}
    cache(cache_options options, cell_store& durable, T safe_default)
        requires has_cell_codec<T> || (!std::same_as<Codec, cell_codec<T>>)
        : cache{std::move(options), std::move(safe_default), &durable} {}
    cache(const cache&) = delete;
    cache& operator=(const cache&) = delete;
    ~cache() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const cache_options& options() const noexcept { return options_; }

    /// Has `size` say how large values are. Before the first call.
    cache& sized_by(sizer size) { return size_ = std::move(size), *this; }

    /// By hand: what is kept for a key; a value is put there as if it had just come; it is forgotten, here and in the store. A question that is under way
    /// when a value is put, forgotten or cleared is answered to those who wait for it, and its answer is not kept.
    [[nodiscard]] std::optional<T> peek(const cache_key& key);
    /// Of a success that is kept for a key; nothing where there is none. Looking is not asking: it keeps nothing from leaving.
    [[nodiscard]] std::optional<cache_lifetime> lifetime(const cache_key& key) const;
    void put(const cache_key& of, T value, instant now);
    void forget(const cache_key& of);
    void clear() { table_.clear(); }  ///< of memory
    [[nodiscard]] std::size_t size() const { return table_.size(); }
    [[nodiscard]] std::size_t bytes() const { return table_.bytes(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::entries, static_cast<double>(size()));
        seen(metrics::cache_bytes, static_cast<double>(bytes()));
    }

private:
    friend detail::cache_session<cache, T>;

    cache(cache_options options, std::optional<T> safe_default, cell_store* durable)
        : options_{validated(kind, std::move(options))}, layer_{options_.name}, default_{std::move(safe_default)},
          tier_{durable, layer_}, table_{options_} {}

    /// Where values are shared, no tenant has one.
    [[nodiscard]] cache_key own(cache_key key) const noexcept {
        if (options_.scope == cache_scope::shared) key.tenant = {};
        return key;
    }
    [[nodiscard]] std::size_t size_of(const T& value) const {
        return size_ ? size_(value) : sizeof value + heap_bytes(value);
    }
    /// Of a failure its words and its history; what boxes they are in is theirs alone to know.
    [[nodiscard]] std::size_t size_of(const outcome<T>& out) const {
        if (out.has_value()) return size_of(*out.result());
        std::size_t bytes = sizeof(T) + out.failure().message().size();
        for (const attempt_record& each : out.failure().history()) bytes += sizeof each + heap_bytes(each.text);
        return bytes;
    }

    cache_options options_;
    name layer_;
    std::optional<T> default_;
    detail::durable_tier<T, Codec> tier_;
    sizer size_;
    table table_;
};

template <class T, class Codec, class Hash>
std::optional<T> cache<T, Codec, Hash>::peek(const cache_key& key) {
    const auto kept = table_.find(own(key));
    return kept && kept->out.is_success() ? std::optional<T>{*kept->out.result()} : std::nullopt;
}

template <class T, class Codec, class Hash>
std::optional<cache_lifetime> cache<T, Codec, Hash>::lifetime(const cache_key& key) const {
    const auto kept = table_.peek(own(key));
    if (!kept || !kept->out.is_success()) return std::nullopt;
    return cache_lifetime{kept->born, kept->fresh_for};
}

template <class T, class Codec, class Hash>
void cache<T, Codec, Hash>::put(const cache_key& of, T value, instant now) {
    const cache_key key = own(of);
    using kept_outcome = detail::kept_outcome_of<T>;
    outcome<T> out{std::in_place, std::move(value)};
    const auto kept = std::make_shared<const kept_outcome>(std::move(out), now, options_.fresh_for);
    const std::size_t bytes = size_of(kept->out);
    detail::tier_change change = tier_.change(key);
    table_.put(key, kept, bytes, [&] { change.begin_write(); });
    tier_.write(std::move(change), *kept->out.result(), cache_kernel{options_}.useful_for(), options_.store_limit);
}

template <class T, class Codec, class Hash>
void cache<T, Codec, Hash>::forget(const cache_key& of) {
    const cache_key key = own(of);
    detail::tier_change change = tier_.change(key);
    table_.erase(key, [&] { change.begin_erasure(); });
    std::move(change).erase(options_.store_limit);
}

}  // namespace cutwater
