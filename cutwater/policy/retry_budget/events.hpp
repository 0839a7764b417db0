// What a retry budget tells its listeners, through the call that meets it.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/retry_budget/options.hpp"

namespace cutwater {

struct budget_exhausted {
    budget_mode mode{};
    double balance = 0.0;

    static constexpr measure measures[]{{.of = &metrics::budget_events, .detail = "exhausted"}};
    static constexpr event_kind kind{"budget_exhausted", severity::warning,
                                     "the first further attempt that is not paid for", measures};
    static void fields(auto& self, auto&& visit) {
        visit("mode", self.mode, "how the budget knows what it can pay for");
        visit("balance", self.balance, "what is there: further attempts, tokens, or stock");
    }
};

struct budget_recovered {
    budget_mode mode{};
    double balance = 0.0;

    static constexpr measure measures[]{{.of = &metrics::budget_events, .detail = "recovered"}};
    static constexpr event_kind kind{"budget_recovered", severity::info,
                                     "it pays again, and half of what it can have is there", measures};
    static void fields(auto& self, auto&& visit) {
        visit("mode", self.mode, "how the budget knows what it can pay for");
        visit("balance", self.balance, "what is there: further attempts, tokens, or stock");
    }
};

}  // namespace cutwater
