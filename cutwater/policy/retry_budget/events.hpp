// What a retry budget tells its listeners, through the call that meets it.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/policy/retry_budget/options.hpp"

namespace cutwater {

struct budget_exhausted {
    budget_mode mode{};
    double balance = 0.0;

    static constexpr event_kind kind{"budget_exhausted", severity::warning,
                                     "the first further attempt that is not paid for"};
    static void fields(auto& self, auto&& visit) {
        visit("mode", self.mode, "how the budget knows what it can pay for");
        visit("balance", self.balance, "what is there: further attempts, tokens, or stock");
    }
};

struct budget_recovered {
    budget_mode mode{};
    double balance = 0.0;

    static constexpr event_kind kind{"budget_recovered", severity::info,
                                     "it pays again, and half of what it can have is there"};
    static void fields(auto& self, auto&& visit) {
        visit("mode", self.mode, "how the budget knows what it can pay for");
        visit("balance", self.balance, "what is there: further attempts, tokens, or stock");
    }
};

}  // namespace cutwater
