// What a throttle tells its listeners.
#pragma once

#include "cutwater/core/criticality.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct throttle_rejected {
    double probability = 0.0;
    std::uint64_t requests = 0;
    std::uint64_t accepts = 0;
    criticality importance = criticality::normal;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "throttled"}};
    static constexpr event_kind kind{"throttle_rejected", severity::warning, "a call is not sent", measures};
    static void fields(auto& self, auto&& visit) {
        visit("probability", self.probability, "with which it was rejected");
        visit("requests", self.requests,
              "calls in the window when the probability was computed, those that were not sent included");
        visit("accepts", self.accepts, "those of them that the dependency accepted");
        visit("importance", self.importance, "of the call");
    }
};

struct throttle_began {
    double probability = 0.0;
    std::uint64_t requests = 0;
    std::uint64_t accepts = 0;
    criticality importance = criticality::normal;

    static constexpr event_kind kind{"throttle_began", severity::warning, "it begins to reject"};
    static void fields(auto& self, auto&& visit) {
        visit("probability", self.probability, "with which it rejects now");
        visit("requests", self.requests, "calls in the window");
        visit("accepts", self.accepts, "those that the dependency accepted");
        visit("importance", self.importance, "of the call that it began with");
    }
};

struct throttle_ended {
    std::uint64_t requests = 0;
    std::uint64_t accepts = 0;
    criticality importance = criticality::normal;

    static constexpr event_kind kind{"throttle_ended", severity::info,
                                     "a bucket of the window has passed, and nothing is rejected any more"};
    static void fields(auto& self, auto&& visit) {
        visit("requests", self.requests, "calls in the window");
        visit("accepts", self.accepts, "those that the dependency accepted");
        visit("importance", self.importance, "of the call that it ended with");
    }
};

}  // namespace cutwater
