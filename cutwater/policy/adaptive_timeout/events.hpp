// What an adaptive timeout tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct adaptive_timed_out {
    duration limit{};

    static constexpr measure measures[]{{.of = &metrics::timeouts}};
    static constexpr event_kind kind{"adaptive_timed_out", severity::warning, "the limit ended what was inside",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("limit", self.limit, "the limit that was in force for this call");
    }
};

struct adaptive_limit_changed {
    duration from{};
    duration to{};
    duration percentile{};
    double strain = 0;

    static constexpr measure measures[]{{.of = &metrics::limit_changes}};
    static constexpr event_kind kind{"adaptive_limit_changed", severity::info,
                                     "the limit has become longer or shorter by a quarter since this was last told",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("from", self.from, "the limit that was told last; at first the initial one");
        visit("to", self.to, "the limit from now on");
        visit("percentile", self.percentile, "of the latencies, which it follows; 0s where there are too few of them");
        visit("strain", self.strain, "of the system, from 0 to 1, where a signal says it");
    }
};

}  // namespace cutwater
