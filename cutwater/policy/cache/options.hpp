// The knobs of a cache, with the defaults in force.
//
//     cw::cache_options prices{.name = "prices", .fresh_for = 10s, .stale_if_error = 1h};
//
// The functions may be empty; those that are set are called from every thread that runs the pipeline, never under a lock.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cutwater/core/name.hpp"
#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// Which value it is: of an operation, for what the call's `fingerprint` says, and for one tenant where the cache keeps them apart.
struct cache_key {
    name operation{};
    std::string_view tenant{};
    std::string_view asked{};

    friend bool operator==(const cache_key&, const cache_key&) = default;
};

/// Whose values they are.
enum class cache_scope : std::uint8_t {
    shared,      ///< the same for all tenants
    per_tenant,  ///< a tenant never gets another's
};
[[nodiscard]] constexpr std::string_view to_text(cache_scope s) noexcept {
    constexpr std::string_view texts[] = {"shared", "per_tenant"};
    return s <= cache_scope::per_tenant ? texts[static_cast<std::uint8_t>(s)] : "unknown";
}

struct cache_options {
    std::string name = "cache";
    duration fresh_for = 1min;
    duration stale_while_revalidate = 0s;
    duration stale_if_error = 1h;
    duration negative_for = 0s;
    std::size_t max_entries = 10'000;
    std::size_t max_bytes = 64'000'000;
    double jitter = 0.1;
    cache_scope scope = cache_scope::per_tenant;
    duration store_limit = 1s;
    std::function<void(const cache_key&)> on_stale = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors, events and results");
        visit("fresh_for", self.fresh_for, within<duration>(0ns, 8760h),
              "how long a value is as good as the dependency's own");
        visit("stale_while_revalidate", self.stale_while_revalidate, within<duration>(0ns, 8760h),
              "for how long after that it is given while one call asks for another");
        visit("stale_if_error", self.stale_if_error, within<duration>(0ns, 8760h),
              "for how long after it was fresh it is given where the dependency fails or one of our policies refuses");
        visit("negative_for", self.negative_for, within<duration>(0ns, 24h),
              "how long a permanent failure is an answer, too; zero: it is asked for each time");
        visit("max_entries", self.max_entries, within(std::size_t{1}, std::size_t{1'000'000'000}),
              "room for so many values");
        visit("max_bytes", self.max_bytes, at_least(std::size_t{1}),
              "room for so many bytes: keys, values with what they own, and what keeping them takes; what is larger "
              "than a "
              "tenth is not kept");
        visit("jitter", self.jitter, within(0.0, 1.0),
              "share of fresh_for by which each value's time is shortened at random, so that they do not end together");
        visit("scope", self.scope, within(cache_scope::shared, cache_scope::per_tenant), "whose values they are");
        visit("store_limit", self.store_limit, within<duration>(1ms, 1min),
              "how long one question to the durable tier may take, and no longer than half of what the call has left; "
              "then "
              "it is a miss, or not written");
        visit("on_stale", self.on_stale, any_value,
              "has a value refreshed elsewhere that is stale and may be given; without it the call that finds it so "
              "asks itself");
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        return option != "on_stale" || stale_while_revalidate > duration::zero();
    }
};

}  // namespace cutwater
