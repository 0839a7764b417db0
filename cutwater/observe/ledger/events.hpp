// What `tell_attempts` tells.
#pragma once

#include <string>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/verdict.hpp"

namespace cutwater {

struct attempt_ended {
    duration took{};
    verdict meaning{};
    std::string outcome;
    std::string_view target;

    static constexpr event_kind kind{"attempt_ended", severity::debug, "an attempt is over"};
    static void fields(auto& self, auto&& visit) {
        visit("took", self.took, "how long it was under way; what stands further in is in it");
        visit("meaning", self.meaning, "the verdict on what came out");
        visit("outcome", self.outcome, "what went wrong, in words; empty where nothing did");
        visit("target", self.target, "where it went; empty: nobody has said");
    }
};

}  // namespace cutwater
