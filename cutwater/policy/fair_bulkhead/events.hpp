// What a fair bulkhead tells its listeners.
#pragma once

#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct fair_bulkhead_refused {
    std::string_view tenant{};
    unsigned max_concurrent = 0;
    unsigned share = 0;
    unsigned most = 0;
    unsigned in_use = 0;
    unsigned queued = 0;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "full"}};
    static constexpr event_kind kind{"fair_bulkhead_refused", severity::warning,
                                     "there is no permit for this tenant and no place in its queue", measures};
    static void fields(auto& self, auto&& visit) {
        visit("tenant", self.tenant, "its name, or `others`");
        visit("max_concurrent", self.max_concurrent, "calls inside at once, of all tenants");
        visit("share", self.share, "permits that are this tenant's own");
        visit("most", self.most, "permits that this tenant may have with what it may borrow; 0: it never has one");
        visit("in_use", self.in_use, "permits that this tenant has");
        visit("queued", self.queued, "calls that wait, of all tenants");
    }
};

struct fair_bulkhead_queued {
    unsigned queued = 0;
    duration longest_wait{};

    static constexpr event_kind kind{"fair_bulkhead_queued", severity::debug, "a call begins to wait for a permit"};
    static void fields(auto& self, auto&& visit) {
        visit("queued", self.queued, "calls that wait, of all tenants, this one included");
        visit("longest_wait", self.longest_wait, "when it gives up: max_wait, or its deadline");
    }
};

struct fair_bulkhead_wait_ended {
    bool admitted = false;
    duration waited{};

    static constexpr measure measures[]{
        {.of = &metrics::queue_wait, .detail_field = "admitted", .value_field = "waited"}};
    static constexpr event_kind kind{"fair_bulkhead_wait_ended", severity::debug,
                                     "a wait ends: by a permit, by time, or because what matters more came", measures};
    static void fields(auto& self, auto&& visit) {
        visit("admitted", self.admitted, "whether there was a permit in time");
        visit("waited", self.waited, "how long");
    }
};

}  // namespace cutwater
