// What a shared retry budget tells its listeners. What happens between calls is told by the next call that looks.
#pragma once

#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/policy/shared_retry_budget/options.hpp"

namespace cutwater {

struct shared_budget_exhausted {
    std::string_view reason{};
    double balance = 0.0;

    static constexpr event_kind kind{"shared_budget_exhausted", severity::warning,
                                     "the first further attempt that is not paid for"};
    static void fields(auto& self, auto&& visit) {
        visit(
            "reason", self.reason,
            "exhausted; leasing: the store has not answered yet; store_unavailable; share: of what this instance keeps "
            "while the store fails");
        visit("balance", self.balance, "further attempts that were in the store, as far as is known");
    }
};

struct shared_budget_recovered {
    unsigned in_hand = 0;

    static constexpr event_kind kind{"shared_budget_recovered", severity::info,
                                     "it pays again, and half of a lease is in hand"};
    static void fields(auto& self, auto&& visit) { visit("in_hand", self.in_hand, "further attempts in hand"); }
};

struct shared_budget_leased {
    unsigned attempts = 0;
    std::uint64_t originals = 0;
    unsigned questions = 0;
    duration took{};

    static constexpr event_kind kind{"shared_budget_leased", severity::debug,
                                     "the store was told of originals, and further attempts were taken from it"};
    static void fields(auto& self, auto&& visit) {
        visit("attempts", self.attempts, "how many were taken, since this was told last");
        visit("originals", self.originals, "how many it was told of");
        visit("questions", self.questions, "how often the store was asked for that");
        visit("took", self.took, "how long the latest took");
    }
};

struct shared_budget_store_failed {
    budget_without_store then{};
    std::string_view reason{};

    static constexpr event_kind kind{"shared_budget_store_failed", severity::error,
                                     "an outage begins: the store could not be asked; once for each"};
    static void fields(auto& self, auto&& visit) {
        visit("then", self.then, "what is paid for without it");
        visit("reason", self.reason, "the store's error");
    }
};

struct shared_budget_store_back {
    duration after{};

    static constexpr event_kind kind{"shared_budget_store_back", severity::info, "an outage is over"};
    static void fields(auto& self, auto&& visit) { visit("after", self.after, "how long it was"); }
};

}  // namespace cutwater
