// What objectives tell of themselves. The layer of each is the objective's name.
#pragma once

#include <cstdint>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/observe/slo/kernel.hpp"

namespace cutwater {

struct slo_burning {
    slo_severity severity{};
    slo_window over{};
    double burn_rate = 0;
    double threshold = 0;
    std::int64_t bad = 0;
    std::int64_t calls = 0;
    double budget_left = 0;

    static constexpr measure measures[]{{.of = &metrics::slo_alerts, .detail_field = "severity"}};
    static constexpr event_kind kind{"slo_burning", cutwater::severity::error,
                                     "an error budget is spent too fast: users have seen it", measures};
    static void fields(auto& self, auto&& visit) {
        visit("severity", self.severity, "whether somebody is to be woken, or it can wait for a day");
        visit("over", self.over, "the long window of the rule");
        visit("burn_rate", self.burn_rate, "how fast in that window; at 1 the budget lasts as long as it is to");
        visit("threshold", self.threshold, "what is too fast");
        visit("bad", self.bad, "calls in that window that were bad");
        visit("calls", self.calls, "all that counted");
        visit("budget_left", self.budget_left, "share of the error budget; below 0 it is overspent");
    }
};

struct slo_recovered {
    slo_severity severity{};
    slo_window over{};
    duration lasted{};
    double budget_left = 0;

    static constexpr event_kind kind{"slo_recovered", cutwater::severity::info,
                                     "an error budget is no longer spent too fast"};
    static void fields(auto& self, auto&& visit) {
        visit("severity", self.severity, "of the alert that has ended");
        visit("over", self.over, "the long window of the rule");
        visit("lasted", self.lasted, "how long the alert was on");
        visit("budget_left", self.budget_left, "share of the error budget; below 0 it is overspent");
    }
};

}  // namespace cutwater
