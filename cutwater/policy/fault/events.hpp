// What fault injection tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/fault/injection.hpp"

namespace cutwater {

struct fault_injected {
    name rule{};
    fault_kind what = fault_kind::none;
    unsigned attempt = 0;
    duration wait{};

    static constexpr measure measures[]{{.of = &metrics::faults, .detail_field = "what"}};
    static constexpr event_kind kind{"fault_injected", severity::warning,
                                     "an attempt has a fault; of a wrong result, when the value has been changed",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("rule", self.rule, "the name of the rule");
        visit("what", self.what, "is done to it");
        visit("attempt", self.attempt, "of its call; 1 is the first");
        visit("wait", self.wait, "how long it is to be held first");
    }
};

}  // namespace cutwater
