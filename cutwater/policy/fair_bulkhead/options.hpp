// The knobs of a fair bulkhead, with the defaults in force.
#pragma once

#include <string>
#include <vector>

#include "cutwater/queue/queue_order.hpp"

namespace cutwater {

/// One of those who share a bulkhead, and how much of it is its own: `weight` in the sum of all weights.
struct tenant_share {
    std::string tenant;
    unsigned weight = 1;

    friend bool operator==(const tenant_share&, const tenant_share&) = default;
};

/// `gold: 3, silver: 1`.
[[nodiscard]] std::string to_text(const std::vector<tenant_share>& shares);

/// What is allowed is looked at as a whole, by `cross_check`.
struct each_tenant_once : anything {
    [[nodiscard]] static std::string text() {
        return "each tenant once, weights from 1 to 1000000, at most 64 tenants";
    }
};
inline constexpr each_tenant_once tenants_once{};

struct fair_bulkhead_options {
    std::string name = "fair_bulkhead";
    unsigned max_concurrent = 10;
    std::vector<tenant_share> shares{};
    unsigned others_weight = 1;
    double may_borrow = 1;
    unsigned max_queue = 0;
    duration max_wait = 1s;
    queue_order order = queue_order::fifo;
    duration queue_target = 5ms;
    duration queue_interval = 100ms;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("max_concurrent", self.max_concurrent, within(1U, 1'000'000U), "calls inside at once, of all tenants");
        visit("shares", self.shares, tenants_once, "the tenants that have a share of their own, and its weight");
        visit("others_weight", self.others_weight, within(0U, 1'000'000U),
              "the weight of all others together; 0: they have what they may borrow");
        visit("may_borrow", self.may_borrow, within(0.0, 1.0),
              "how much of each share the others may have while its owner does not want it");
        visit_queue_fields(self, visit);  // for each tenant
    }

    void cross_check(option_problems& problems) const;
    [[nodiscard]] bool applies(std::string_view option) const { return queue_option_applies(option, order); }

    static constexpr std::size_t most_shares = 64;
};

}  // namespace cutwater
