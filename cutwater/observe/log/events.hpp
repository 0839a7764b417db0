// What the sampling listener tells of itself.
#pragma once

#include <string_view>

#include "cutwater/core/events.hpp"

namespace cutwater {

/// Of those that came after it no one passed that could have told.
struct events_suppressed {
    std::string_view suppressed_event;
    std::uint64_t suppressed = 0;

    static constexpr event_kind kind{"events_suppressed", severity::warning,
                                     "a period is over in which events of a kind were left out"};
    static void fields(auto& self, auto&& visit) {
        visit("suppressed_event", self.suppressed_event, "the name of their kind; empty: of kinds that had no room");
        visit("suppressed", self.suppressed, "how many, since the last one that passed");
    }
};

}  // namespace cutwater
