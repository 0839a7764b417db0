// The knobs of a shared retry budget, with the defaults in force.
//
//     cw::shared_retry_budget_options search{.name = "search", .ratio = 0.1, .min_per_second = 10, .capacity = 200, .lease = 10};
//
// All who share a budget say the same `ratio`, `min_per_second` and `capacity`.
#pragma once

#include <cstdint>
#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/policy/shared_retry_budget/kernel.hpp"
#include "cutwater/store/cell.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What a budget pays for whose store cannot be asked.
enum class budget_without_store : std::uint8_t {
    refused,  ///< nothing: there are no further attempts but for those in hand
    local,    ///< each instance by itself: its own originals' ratio, and its share of the floor
};
[[nodiscard]] constexpr std::string_view to_text(budget_without_store w) noexcept {
    constexpr std::string_view texts[] = {"refused", "local"};
    return w <= budget_without_store::local ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

struct shared_retry_budget_options {
    std::string name = "shared_retry_budget";
    std::string key = {};
    double ratio = 0.2;
    duration window = 10s;
    double min_per_second = 3.0;
    unsigned capacity = 100;
    unsigned lease = 5;
    duration lease_for = 30s;
    budget_without_store without_store = budget_without_store::refused;
    unsigned instances = 1;
    duration store_limit = 100ms;
    duration retry_store_every = 1s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names the budget in events and in the options of those that it pays for");
        visit("key", self.key, any_value, "what is shared: all with the same key share one budget; empty: the name");
        visit("ratio", self.ratio, within(0.0, 10.0), "further attempts for each original, whoever makes them");
        visit("window", self.window, within<duration>(1s, 1h),
              "how long an original can pay that the store was not told of; it is told ten times in that time, and "
              "with each lease");
        visit("min_per_second", self.min_per_second, within(0.0, 1e6),
              "further attempts a second beside those, of all instances together");
        visit("capacity", self.capacity, within(1U, 1'000'000U),
              "further attempts that can be saved up, of all together");
        visit(
            "lease", self.lease, within(1U, 100'000U),
            "further attempts that an instance has in hand at the most; more are fewer questions, and a looser bound");
        visit("lease_for", self.lease_for, within<duration>(2ms, 24h),
              "how long it may use them; then they are given back with the next question");
        visit("without_store", self.without_store, within(budget_without_store::refused, budget_without_store::local),
              "what it pays for when the store cannot be asked");
        visit("instances", self.instances, within(1U, 100'000U),
              "how many share it: then each keeps that part of floor and capacity");
        visit("store_limit", self.store_limit, within<duration>(1ms, 1min),
              "how long one question to the store may take");
        visit("retry_store_every", self.retry_store_every, within<duration>(1ms, 1h),
              "how often a store that fails is asked again");
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "instances") return without_store == budget_without_store::local;
        return option != "key" || !key.empty();
    }

    [[nodiscard]] shared_retry_budget_kernel rule(unsigned parts = 1) const {
        return shared_retry_budget_kernel{{.ratio = ratio, .min_per_second = min_per_second, .capacity = capacity},
                                          parts};
    }
    /// What one instance keeps by itself.
    [[nodiscard]] shared_retry_budget_kernel share() const { return rule(instances); }
    [[nodiscard]] std::string cell_key() const { return "retries/" + (key.empty() ? name : key); }
    /// How often the store is told of originals where nothing is wanted of it.
    [[nodiscard]] duration tells_every() const { return window / 10; }

    void cross_check(option_problems& problems) const {
        if (lease > capacity)
            problems.push_back({"lease", to_text(lease), "at most capacity, which is " + to_text(capacity)});
        if (lease_for <= store_limit)
            problems.push_back({"lease_for", to_exact_text(lease_for),
                                "more than store_limit: what is leased is counted from the question on"});
        const std::string cell = cell_key();
        if (cell.size() > max_cell_key || cell.contains('\0'))
            problems.push_back({key.empty() ? "name" : "key", to_text(key.empty() ? name : key),
                                "a key for a store: at most 500 bytes, none of them zero"});
    }
};

}  // namespace cutwater
