// What a health monitor tells its listener. The layer of each is the monitor's name.
#pragma once

#include <string>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/health/kernel.hpp"

namespace cutwater {

namespace metrics {
inline constexpr metric health_changes{"cutwater_health_changes_total", metric_type::counter,
                                       "Times that the status of a check became another, by what it became.", "to"};
inline constexpr metric health_hangs{"cutwater_health_hangs_total", metric_type::counter,
                                     "Runs of checks that were given up on.", "check"};
inline constexpr metric health{"cutwater_health", metric_type::gauge,
                               "How a check is: 1 healthy, 0.5 degraded, 0 unhealthy.", "check"};
inline constexpr metric health_probe{"cutwater_health_probe", metric_type::gauge,
                                     "1 where a probe passes (live, ready, started), else 0.", "probe"};
}  // namespace metrics

struct health_worsened {
    std::string check{};
    health_status to{};
    std::string detail{};
    std::string what_to_do{};

    static constexpr measure measures[]{{.of = &metrics::health_changes, .detail_field = "to"}};
    static constexpr event_kind kind{"health_worsened", severity::warning, "a check's status is worse than it was",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("check", self.check, "which");
        visit("to", self.to, "what it is now");
        visit("detail", self.detail, "what was seen");
        visit("what_to_do", self.what_to_do, "for whoever is on call");
    }
};

struct health_improved {
    std::string check{};
    health_status to{};
    duration after{};

    static constexpr measure measures[]{{.of = &metrics::health_changes, .detail_field = "to"}};
    static constexpr event_kind kind{"health_improved", severity::info, "a check's status is better than it was",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("check", self.check, "which");
        visit("to", self.to, "what it is now");
        visit("after", self.after, "how long it was what it was before");
    }
};

struct health_check_hung {
    std::string check{};
    duration timeout{};
    bool had_begun = false;

    static constexpr measure measures[]{{.of = &metrics::health_hangs, .detail_field = "check"}};
    static constexpr event_kind kind{"health_check_hung", severity::error,
                                     "a run of a check is given up on; there is no other before it returns", measures};
    static void fields(auto& self, auto&& visit) {
        visit("check", self.check, "which");
        visit("timeout", self.timeout, "how long it had");
        visit("had_begun", self.had_begun, "whether it hangs itself; else no thread was free for it");
    }
};

struct health_check_returned {
    std::string check{};
    duration after{};

    static constexpr event_kind kind{"health_check_returned", severity::info,
                                     "a run that was given up on has ended: the check is asked again"};
    static void fields(auto& self, auto&& visit) {
        visit("check", self.check, "which");
        visit("after", self.after, "how long it took");
    }
};

struct readiness_changed {
    bool is_ready = false;
    std::string because{};

    static constexpr event_kind kind{"readiness_changed", severity::warning,
                                     "the process begins to take requests, or no longer does"};
    static void fields(auto& self, auto&& visit) {
        visit("is_ready", self.is_ready, "whether it does now");
        visit("because", self.because, "what is in the way");
    }
};

}  // namespace cutwater
