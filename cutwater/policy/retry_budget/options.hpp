// The knobs of a retry budget, with the defaults in force. `mode` says which of them have an effect.
//
//     cw::retry_budget_options careful{.name = "search", .ratio = 0.1};
//     cw::retry_budget_options as_grpc_does{.name = "search", .mode = cw::budget_mode::token_bucket, .max_tokens = 10};
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// How a budget knows what it can pay for.
enum class budget_mode : std::uint8_t {
    ratio,         ///< a share of the originals of a window, and a floor
    token_bucket,  ///< gRPC's retry throttling: while failures are few beside the successes
    cost,          ///< the AWS SDKs' retry quota: a stock that retries take from and successes fill
};

[[nodiscard]] constexpr std::string_view to_text(budget_mode m) noexcept {
    constexpr std::string_view texts[] = {"ratio", "token_bucket", "cost"};
    return m <= budget_mode::cost ? texts[static_cast<std::uint8_t>(m)] : "unknown";
}

struct retry_budget_options {
    std::string name = "retry_budget";
    budget_mode mode = budget_mode::ratio;
    double ratio = 0.2;
    duration window = 10s;
    double min_per_second = 3.0;
    double max_tokens = 10.0;
    double token_ratio = 0.1;
    unsigned capacity = 500;
    unsigned retry_cost = 5;
    unsigned timeout_cost = 10;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names the budget in events and in the options of those that it pays for");
        visit("mode", self.mode, within(budget_mode::ratio, budget_mode::cost), "how it knows what it can pay for");
        visit("ratio", self.ratio, within(0.0, 10.0), "ratio: further attempts for each original");
        visit("window", self.window, within<duration>(1s, 1h),
              "ratio: how long an original can pay for one, forgotten a twentieth at a time");
        visit("min_per_second", self.min_per_second, within(0.0, 1e6),
              "ratio: further attempts a second beside those, for where there are few originals");
        visit("max_tokens", self.max_tokens, within(1.0, 1e6),
              "token_bucket: tokens at most; further attempts are made while there are more than half of them");
        visit("token_ratio", self.token_ratio, within(0.001, 1000.0),
              "token_bucket: tokens that a success brings; a failure takes 1");
        visit("capacity", self.capacity, within(1U, 1'000'000'000U), "cost: the stock at most");
        visit("retry_cost", self.retry_cost, within(1U, 1'000'000U), "cost: what a further attempt takes from it");
        visit("timeout_cost", self.timeout_cost, within(1U, 1'000'000U), "cost: what it takes after a timeout");
    }

    /// Whether an option has an effect in the mode that is chosen.
    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "ratio" || option == "window" || option == "min_per_second") return mode == budget_mode::ratio;
        if (option == "max_tokens" || option == "token_ratio") return mode == budget_mode::token_bucket;
        if (option == "capacity" || option == "retry_cost" || option == "timeout_cost")
            return mode == budget_mode::cost;
        return true;
    }

    static constexpr double least_floor = 1e-9;  // one in 32 years: of less, none comes while a process lives

    void cross_check(option_problems& problems) const {
        if (min_per_second > 0 && min_per_second < least_floor)
            problems.push_back({"min_per_second", to_text(min_per_second), "0 for none, or at least 1e-09"});
        if (mode != budget_mode::cost) return;
        if (retry_cost > capacity)
            problems.push_back({"retry_cost", to_text(retry_cost), "at most capacity, " + to_text(capacity)});
        if (timeout_cost > capacity)
            problems.push_back({"timeout_cost", to_text(timeout_cost), "at most capacity, " + to_text(capacity)});
    }
};

}  // namespace cutwater
