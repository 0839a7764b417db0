// The knobs of a hedge, with the defaults in force.
//
//     cw::hedge_options quick{.max_attempts = 3, .delay = 20ms};
//
// The functions may be empty; those that are set are called from every thread that runs the pipeline, never under a lock.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/options.hpp"
#include "cutwater/estimate/latency_estimate.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct hedge_options {
    std::string name = "hedge";
    unsigned max_attempts = 2;
    duration delay = 100ms;
    duration min_delay = 1ms;
    duration max_retry_after = 1min;
    idempotency unstated_means = idempotency::not_idempotent;
    attempt_budget* budget = nullptr;
    double percentile = 0.95;
    std::shared_ptr<latency_estimate> estimate = {};
    std::function<duration()> delay_by = {};
    std::function<bool(const observation&)> should_go_on = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("max_attempts", self.max_attempts, within(1U, 100U), "attempts in all, the first included");
        visit("delay", self.delay, within<duration>(1ms, 24h),
              "how long an attempt may take before another is begun beside it; at least min_delay");
        visit("min_delay", self.min_delay, within<duration>(1ms, 24h), "floor under the delay, wherever it is from");
        visit("max_retry_after", self.max_retry_after, within<duration>(0ns, 24h),
              "longest wish of the dependency's that is waited for; after a longer one no further attempt begins");
        visit("unstated_means", self.unstated_means, within(idempotency::idempotent, idempotency::not_idempotent),
              "what a call is that states no idempotency; only what is idempotent is hedged");
        visit("budget", self.budget, any_value,
              "what further attempts are paid from; without it they are bounded by max_attempts alone");
        visit("percentile", self.percentile, within(0.5, 0.9999),
              "of what calls take, where there is an estimate: the delay");
        visit("estimate", self.estimate, any_value,
              "gives the delay once it says something, in place of `delay`: an adaptive timeout inside feeds it");
        visit("delay_by", self.delay_by, any_value,
              "gives the delay, in place of `delay`: a percentile that is tracked");
        visit("should_go_on", self.should_go_on, any_value,
              "whether a failure leaves the call to its other attempts, in place of the rule that what is transient "
              "does");
    }

    void cross_check(option_problems& problems) const {
        if (!delay_by && delay < min_delay)
            problems.push_back({"delay", to_exact_text(delay), "at least min_delay, " + to_exact_text(min_delay)});
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "percentile" || option == "estimate") return estimate != nullptr && !delay_by;
        return option != "delay" || !delay_by;
    }
};

}  // namespace cutwater
