// What a bulkhead tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct bulkhead_refused {
    unsigned max_concurrent = 0;
    unsigned queued = 0;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "full"}};
    static constexpr event_kind kind{"bulkhead_refused", severity::warning,
                                     "no permit is free and no place in the queue", measures};
    static void fields(auto& self, auto&& visit) {
        visit("max_concurrent", self.max_concurrent, "calls inside at once");
        visit("queued", self.queued, "calls that wait");
    }
};

struct bulkhead_queued {
    unsigned queued = 0;
    duration longest_wait{};

    static constexpr event_kind kind{"bulkhead_queued", severity::debug, "a call begins to wait for a permit"};
    static void fields(auto& self, auto&& visit) {
        visit("queued", self.queued, "calls that wait, this one included");
        visit("longest_wait", self.longest_wait, "when it gives up: max_wait, or its deadline");
    }
};

struct bulkhead_wait_ended {
    bool admitted = false;
    duration waited{};

    static constexpr measure measures[]{
        {.of = &metrics::queue_wait, .detail_field = "admitted", .value_field = "waited"}};
    static constexpr event_kind kind{"bulkhead_wait_ended", severity::debug,
                                     "a wait ends: by a permit, by time, or because what matters more came", measures};
    static void fields(auto& self, auto&& visit) {
        visit("admitted", self.admitted, "whether there was a permit in time");
        visit("waited", self.waited, "how long");
    }
};

}  // namespace cutwater
