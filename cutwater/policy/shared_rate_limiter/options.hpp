// The knobs of a shared rate limiter, with the defaults in force.
//
//     cw::shared_rate_limiter_options partner{.name = "partner api", .permits = 100, .per = 1s, .burst = 100, .lease = 10};
//
// All who share a limit say the same `permits`, `per` and `burst`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/policy/shared_rate_limiter/kernel.hpp"
#include "cutwater/store/cell.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What a limit is whose store cannot be asked.
enum class limit_without_store : std::uint8_t {
    refused,    ///< fail closed: `errc::store_unavailable`
    unguarded,  ///< fail open: every call is admitted
    local,      ///< each instance by itself keeps its share of the rate
};
[[nodiscard]] constexpr std::string_view to_text(limit_without_store w) noexcept {
    constexpr std::string_view texts[] = {"refused", "unguarded", "local"};
    return w <= limit_without_store::local ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

struct shared_rate_limiter_options {
    std::string name = "shared_rate_limiter";
    std::string key = {};
    unsigned permits = 100;
    duration per = 1s;
    unsigned burst = 10;
    unsigned lease = 5;
    duration lease_for = 0s;
    unsigned max_queue = 1000;
    duration max_wait = 1s;
    limit_without_store without_store = limit_without_store::refused;
    unsigned instances = 1;
    duration store_limit = 100ms;
    duration retry_store_every = 1s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("key", self.key, any_value, "what is shared: all with the same key share one limit; empty: the name");
        visit("permits", self.permits, within(1U, 1'000'000'000U), "permits in each `per`, of all who share them");
        visit("per", self.per, within<duration>(1us, 24h * 31), "the time that `permits` are for");
        visit("burst", self.burst, within(1U, 1'000'000'000U), "permits that may be taken at once after a quiet time");
        visit("lease", self.lease, within(1U, 1'000'000U),
              "permits that an instance has in hand at the most; more are fewer questions, and a looser bound");
        visit("lease_for", self.lease_for, within<duration>(0s, 24h),
              "how long it may use them; 0s: as long as they take to come back, or twice store_limit if that is more");
        visit("max_queue", self.max_queue, within(1U, 1'000'000U), "calls that may wait for the store's answer");
        visit("max_wait", self.max_wait, above_and_up_to<duration>(0ns, 24h), "how long one may wait for it");
        visit("without_store", self.without_store, within(limit_without_store::refused, limit_without_store::local),
              "what the limit is when the store cannot be asked");
        visit("instances", self.instances, within(1U, 100'000U), "how many share it: then each keeps that part of it");
        visit("store_limit", self.store_limit, within<duration>(1ms, 1min),
              "how long one question to the store may take");
        visit("retry_store_every", self.retry_store_every, within<duration>(1ms, 1h),
              "how often a store that fails is asked again");
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "instances") return without_store == limit_without_store::local;
        return option != "key" || !key.empty();
    }

    /// How long what is leased may be used.
    [[nodiscard]] duration usable_for() const {
        if (lease_for > duration::zero()) return lease_for;
        return std::max(rule().refill_of(lease), 2 * store_limit);
    }
    [[nodiscard]] shared_rate_limiter_kernel rule() const { return {permits, per, burst}; }
    /// What one instance keeps by itself.
    [[nodiscard]] shared_rate_limiter_kernel share() const { return {permits, per, burst, instances}; }
    [[nodiscard]] std::string cell_key() const { return "rate/" + (key.empty() ? name : key); }

    void cross_check(option_problems& problems) const {
        const double interval = static_cast<double>(per.count()) / std::max(1U, permits);
        const auto is_too_long = [&](unsigned times) {
            return interval * times > static_cast<double>(longest_refill.count());
        };
        if (interval < 1)
            problems.push_back({"permits", to_text(permits), "at most one in a nanosecond, with this `per`"});
        if (is_too_long(burst))
            problems.push_back({"burst", to_text(burst), "what comes back within fifty days, at permits and per"});
        else if (applies("instances") && is_too_long(instances))
            problems.push_back({"instances", to_text(instances), "so many that each has a permit within fifty days"});
        if (lease > burst)
            problems.push_back({"lease", to_text(lease), "at most the burst, which is " + to_text(burst)});
        if (lease_for != duration::zero() && lease_for <= store_limit)
            problems.push_back({"lease_for", to_exact_text(lease_for),
                                "0s, or more than store_limit: what is leased is counted from the question on"});
        const std::string cell = cell_key();
        if (cell.size() > max_cell_key || cell.contains('\0'))
            problems.push_back({key.empty() ? "name" : "key", to_text(key.empty() ? name : key),
                                "a key for a store: at most 500 bytes, none of them zero"});
    }

    static constexpr duration longest_refill = 24h * 50;
};

}  // namespace cutwater
