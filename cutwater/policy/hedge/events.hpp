// What a hedge tells its listeners. A call whose first attempt is its outcome, before another has begun, is told by none.
#pragma once

#include <cstdint>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/verdict.hpp"

namespace cutwater {

/// Why another attempt begins beside those that are under way.
enum class hedge_cause : std::uint8_t {
    delay,    ///< those that are under way take too long
    failure,  ///< one has failed
};

[[nodiscard]] constexpr std::string_view to_text(hedge_cause c) noexcept {
    constexpr std::string_view texts[] = {"delay", "failure"};
    return c <= hedge_cause::failure ? texts[static_cast<std::uint8_t>(c)] : "unknown";
}

struct hedge_begun {
    unsigned under_way = 0;
    hedge_cause cause{};
    duration after{};

    static constexpr measure measures[]{{.of = &metrics::hedges, .detail_field = "cause"}};
    static constexpr event_kind kind{"hedge_begun", severity::info, "another attempt begins", measures};
    static void fields(auto& self, auto&& visit) {
        visit("under_way", self.under_way, "attempts that are under way now, this one included");
        visit("cause", self.cause, "delay: the others take too long; failure: one has failed");
        visit("after", self.after, "since the call's first attempt began");
    }
};

struct hedge_suppressed {
    unsigned under_way = 0;

    static constexpr measure measures[]{{.of = &metrics::budget_suppressed}};
    static constexpr event_kind kind{"hedge_suppressed", severity::info, "the budget has nothing for another attempt",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("under_way", self.under_way, "attempts that are under way, and go on");
    }
};

struct hedge_ended {
    unsigned begun = 0;
    unsigned given_up = 0;
    verdict meaning{};

    static constexpr event_kind kind{"hedge_ended", severity::info, "a call that was hedged has its outcome"};
    static void fields(auto& self, auto&& visit) {
        visit("begun", self.begun, "attempts that were begun");
        visit("given_up", self.given_up, "attempts that are still under way, and are cancelled now");
        visit("meaning", self.meaning, "the verdict on the outcome");
    }
};

}  // namespace cutwater
