// What a circuit quorum tells its listeners. What happens between calls is told by the next call that looks.
#pragma once

#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/circuit_quorum/kernel.hpp"

namespace cutwater {

struct circuit_quorum_heeded {
    circuit_advice advice{};
    unsigned agree = 0;
    unsigned of = 0;

    static constexpr measure measures[]{{.of = &metrics::circuit_changes, .detail = "advised"}};
    static constexpr event_kind kind{"circuit_quorum_heeded", severity::warning,
                                     "the circuit is half-open on the others' advice: its probes decide", measures};
    static void fields(auto& self, auto&& visit) {
        visit("advice", self.advice, "what the others are, where ours was the contrary");
        visit("agree", self.agree, "how many of them are");
        visit("of", self.of, "of how many that are fresh");
    }
};

struct circuit_quorum_unreadable {
    unsigned lines = 0;

    static constexpr event_kind kind{"circuit_quorum_unreadable", severity::warning,
                                     "something in the cell could not be read, and was passed over"};
    static void fields(auto& self, auto&& visit) { visit("lines", self.lines, "how many, since this was told last"); }
};

struct circuit_quorum_full {
    unsigned instances = 0;

    static constexpr event_kind kind{"circuit_quorum_full", severity::warning,
                                     "there is no room for this instance's own state; once, until there is"};
    static void fields(auto& self, auto&& visit) { visit("instances", self.instances, "how many are there"); }
};

struct circuit_quorum_store_failed {
    std::string_view reason{};

    static constexpr measure measures[]{{.of = &metrics::store_failures}};
    static constexpr event_kind kind{"circuit_quorum_store_failed", severity::warning,
                                     "an outage begins: the store could not be asked, and the breaker goes on alone; "
                                     "once for each",
                                     measures};
    static void fields(auto& self, auto&& visit) { visit("reason", self.reason, "the store's error"); }
};

struct circuit_quorum_store_back {
    duration after{};

    static constexpr event_kind kind{"circuit_quorum_store_back", severity::info, "an outage is over"};
    static void fields(auto& self, auto&& visit) { visit("after", self.after, "how long it was"); }
};

}  // namespace cutwater
