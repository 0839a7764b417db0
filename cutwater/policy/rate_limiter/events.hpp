// What a rate limiter tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct rate_refused {
    unsigned permits = 0;
    duration per{};
    unsigned weight = 1;
    duration retry_after{};

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "rate"}};
    static constexpr event_kind kind{"rate_refused", severity::warning,
                                     "no permit is there, and no place in the queue or no patience to wait for it",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("permits", self.permits, "permits in each `per`");
        visit("per", self.per, "the time that they are for");
        visit("weight", self.weight, "how many this call takes");
        visit("retry_after", self.retry_after, "until they are there");
    }
};

struct rate_too_heavy {
    unsigned weight = 1;
    unsigned most = 0;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "too_heavy"}};
    static constexpr event_kind kind{"rate_too_heavy", severity::warning,
                                     "a call is refused that weighs more than there ever is at once: it never passes",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("weight", self.weight, "how many permits this call takes");
        visit("most", self.most, "how many there are at once at the most");
    }
};

struct rate_queued {
    unsigned queued = 0;
    duration expected_wait{};

    static constexpr event_kind kind{"rate_queued", severity::debug, "a call begins to wait for a permit"};
    static void fields(auto& self, auto&& visit) {
        visit("queued", self.queued, "calls that wait, this one included");
        visit("expected_wait", self.expected_wait,
              "until its permit comes, if nobody leaves, and nobody comes who matters more");
    }
};

struct rate_wait_ended {
    bool admitted = false;
    duration waited{};

    static constexpr measure measures[]{
        {.of = &metrics::queue_wait, .detail_field = "admitted", .value_field = "waited"}};
    static constexpr event_kind kind{"rate_wait_ended", severity::debug,
                                     "a wait ends: by a permit, by time, or because what matters more came", measures};
    static void fields(auto& self, auto&& visit) {
        visit("admitted", self.admitted, "whether there was a permit in time");
        visit("waited", self.waited, "how long");
    }
};

}  // namespace cutwater
