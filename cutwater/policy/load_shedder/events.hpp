// What a load shedder tells its listeners.
#pragma once

#include "cutwater/core/criticality.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct load_shed {
    criticality importance = criticality::normal;
    double load = 0;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail_field = "importance"}};
    static constexpr event_kind kind{"load_shed", severity::warning,
                                     "a call is refused, so that what matters more is served", measures};
    static void fields(auto& self, auto&& visit) {
        visit("importance", self.importance, "how much it matters");
        visit("load", self.load, "the load of the last window; 1 is as much as there should be");
    }
};

struct shedding_began {
    double load = 0;
    double allowed = 0;

    static constexpr event_kind kind{"shedding_began", severity::warning, "there is more to do than can be done"};
    static void fields(auto& self, auto&& visit) {
        visit("load", self.load, "the load of the last window; 1 is as much as there should be");
        visit("allowed", self.allowed, "calls that are let in in the next window");
    }
};

struct shedding_ended {
    double load = 0;

    static constexpr event_kind kind{"shedding_ended", severity::info, "everybody is let in again"};
    static void fields(auto& self, auto&& visit) { visit("load", self.load, "the load of the last window"); }
};

}  // namespace cutwater
