// What a shared rate limiter tells its listeners. What happens between calls is told by the next call that looks.
#pragma once

#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/shared_rate_limiter/options.hpp"

namespace cutwater {

struct shared_limit_refused {
    std::string_view reason{};
    unsigned weight = 1;
    duration retry_after{};

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail_field = "reason"}};
    static constexpr event_kind kind{"shared_limit_refused", severity::warning, "a call is refused", measures};
    static void fields(auto& self, auto&& visit) {
        visit("reason", self.reason,
              "exhausted; contended: others came between again and again; too_heavy: it weighs more than the burst; "
              "queue_full; share: of what this instance keeps while the store fails");
        visit("weight", self.weight, "how many permits this call takes");
        visit("retry_after", self.retry_after, "until they are there, as far as is known; none: never");
    }
};

struct shared_limit_leased {
    unsigned permits = 0;
    unsigned questions = 0;
    duration took{};

    static constexpr event_kind kind{"shared_limit_leased", severity::debug, "permits were taken from the store"};
    static void fields(auto& self, auto&& visit) {
        visit("permits", self.permits, "how many, since this was told last");
        visit("questions", self.questions, "how often the store was asked for that");
        visit("took", self.took, "how long the latest took");
    }
};

struct shared_limit_store_failed {
    limit_without_store then{};
    std::string_view reason{};

    static constexpr measure measures[]{{.of = &metrics::store_failures}};
    static constexpr event_kind kind{"shared_limit_store_failed", severity::error,
                                     "an outage begins: the store could not be asked; once for each", measures};
    static void fields(auto& self, auto&& visit) {
        visit("then", self.then, "what the limit is without it: refused, unguarded, local");
        visit("reason", self.reason, "the store's error");
    }
};

struct shared_limit_store_back {
    duration after{};

    static constexpr event_kind kind{"shared_limit_store_back", severity::info, "an outage is over"};
    static void fields(auto& self, auto&& visit) { visit("after", self.after, "how long it was"); }
};

}  // namespace cutwater
