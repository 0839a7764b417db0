// What a fallback tells its listeners.
//
// One event for each tier that was asked: it failed, or its value stands in for the failure. Their number beside the
// number of calls is the fallback rate, a signal of its own.
#pragma once

#include <string>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct fallback_used {
    name source;
    unsigned tier = 0;
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{{.of = &metrics::degraded, .detail_field = "source"},
                                        {.of = &metrics::rescued, .detail = "fallback"}};
    static constexpr event_kind kind{"fallback_used", severity::warning,
                                     "a function gave a value in place of a failure", measures};
    static void fields(auto& self, auto&& visit) {
        visit("source", self.source, "the tier's name");
        visit("tier", self.tier, "its place in the chain, from 1");
        visit("error_type", self.error_type, "the type of what it stands in for");
        visit("error_message", self.error_message, "its words");
    }
};

struct fallback_default_used {
    name source;
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{{.of = &metrics::degraded, .detail_field = "source"},
                                        {.of = &metrics::rescued, .detail = "fallback"}};
    static constexpr event_kind kind{"fallback_default_used", severity::error,
                                     "a constant, the safe default, stands in for a failure", measures};
    static void fields(auto& self, auto&& visit) {
        visit("source", self.source, "the tier's name");
        visit("error_type", self.error_type, "the type of what it stands in for");
        visit("error_message", self.error_message, "its words");
    }
};

struct fallback_failed {
    name source;
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{{.of = &metrics::fallback_failures, .detail_field = "source"}};
    static constexpr event_kind kind{"fallback_failed", severity::error, "a tier failed itself", measures};
    static void fields(auto& self, auto&& visit) {
        visit("source", self.source, "the tier's name");
        visit("error_type", self.error_type, "the type of how it failed");
        visit("error_message", self.error_message, "its words");
    }
};

}  // namespace cutwater
