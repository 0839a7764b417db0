// What a set of endpoints tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/endpoints/reading.hpp"

namespace cutwater {

struct endpoint_ejected {
    std::string_view endpoint;
    ejection_cause cause{};
    duration how_long{};
    unsigned in_a_row = 0;
    unsigned ejected = 0;
    unsigned of = 0;

    static constexpr measure measures[]{{.of = &metrics::ejections, .detail_field = "cause"}};
    static constexpr event_kind kind{"endpoint_ejected", severity::warning, "an endpoint gets no calls for a while",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("endpoint", self.endpoint, "its address");
        visit("cause", self.cause, "consecutive_failures, success_rate (below the others'), failure_share");
        visit("how_long", self.how_long, "until it gets calls again");
        visit("in_a_row", self.in_a_row, "ejections that it has not yet worked off, this one included");
        visit("ejected", self.ejected, "endpoints that are ejected now");
        visit("of", self.of, "endpoints in all");
    }
};

struct endpoint_returned {
    std::string_view endpoint;
    duration ramp{};
    unsigned ejected = 0;
    unsigned of = 0;

    static constexpr measure measures[]{{.of = &metrics::endpoint_returns}};
    static constexpr event_kind kind{"endpoint_returned", severity::info, "an endpoint gets calls again", measures};
    static void fields(auto& self, auto&& visit) {
        visit("endpoint", self.endpoint, "its address");
        visit("ramp", self.ramp, "until it has its full weight");
        visit("ejected", self.ejected, "endpoints that are ejected still");
        visit("of", self.of, "endpoints in all");
    }
};

struct endpoints_panic_began {
    unsigned ejected = 0;
    unsigned of = 0;

    static constexpr measure measures[]{{.of = &metrics::panics}};
    static constexpr event_kind kind{"endpoints_panic_began", severity::error,
                                     "so few endpoints are healthy that all are used, the ejected too", measures};
    static void fields(auto& self, auto&& visit) {
        visit("ejected", self.ejected, "endpoints that are ejected, and used");
        visit("of", self.of, "endpoints in all");
    }
};

struct endpoints_panic_ended {
    unsigned ejected = 0;
    unsigned of = 0;

    static constexpr event_kind kind{"endpoints_panic_ended", severity::info,
                                     "only those are used that are not ejected"};
    static void fields(auto& self, auto&& visit) {
        visit("ejected", self.ejected, "endpoints that are ejected, and not used any more");
        visit("of", self.of, "endpoints in all");
    }
};

struct endpoint_refused {
    unsigned ejected = 0;
    unsigned of = 0;
    duration retry_after{};

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "no_endpoint"}};
    static constexpr event_kind kind{"endpoint_refused", severity::warning,
                                     "a call is refused: none is healthy, or too few to carry it", measures};
    static void fields(auto& self, auto&& visit) {
        visit("ejected", self.ejected, "endpoints that are ejected");
        visit("of", self.of, "endpoints in all");
        visit("retry_after", self.retry_after, "until more of them are used");
    }
};

}  // namespace cutwater
