// What a concurrency limiter tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct concurrency_refused {
    unsigned limit = 0;
    unsigned queued = 0;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "full"}};
    static constexpr event_kind kind{
        "concurrency_refused", severity::warning,
        "as many calls as the limit allows are under way, and there is no place in the queue", measures};
    static void fields(auto& self, auto&& visit) {
        visit("limit", self.limit, "calls at once");
        visit("queued", self.queued, "calls that wait");
    }
};

struct concurrency_queued {
    unsigned queued = 0;
    duration longest_wait{};

    static constexpr event_kind kind{"concurrency_queued", severity::debug, "a call begins to wait for a permit"};
    static void fields(auto& self, auto&& visit) {
        visit("queued", self.queued, "calls that wait, this one included");
        visit("longest_wait", self.longest_wait, "when it gives up: max_wait, or its deadline");
    }
};

struct concurrency_wait_ended {
    bool admitted = false;
    duration waited{};

    static constexpr measure measures[]{
        {.of = &metrics::queue_wait, .detail_field = "admitted", .value_field = "waited"}};
    static constexpr event_kind kind{"concurrency_wait_ended", severity::debug,
                                     "a wait ends: by a permit, by time, or because what matters more came", measures};
    static void fields(auto& self, auto&& visit) {
        visit("admitted", self.admitted, "whether there was a permit in time");
        visit("waited", self.waited, "how long");
    }
};

struct concurrency_limit_moved {
    unsigned limit = 0;
    unsigned before = 0;
    duration latency{};
    duration idle_latency{};
    bool probing = false;

    static constexpr measure measures[]{{.of = &metrics::limit_changes}};
    static constexpr event_kind kind{"concurrency_limit_moved", severity::info, "the limit is another from now on",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("limit", self.limit, "the limit in force from now on");
        visit("before", self.before, "the one before");
        visit("latency", self.latency, "how long a typical call took; 0s where none was answered");
        visit("idle_latency", self.idle_latency,
              "what it is taken to be with nobody waiting; 0s where that is not known");
        visit("probing", self.probing,
              "whether it is lowered for a moment to see the idle latency, or raised again after that");
    }
};

}  // namespace cutwater
