// The knobs of health, with the defaults in force.
//
//     cw::check_options database{.name = "database", .importance = cw::check_importance::critical, .timeout = 2s};
#pragma once

#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/health/kernel.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct health_options {
    std::string name = "health";
    duration drain_for = 10s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "whose health it is, on its pages and in its events");
        visit("drain_for", self.drain_for, within<duration>(0s, 1h),
              "how long requests may still come after readiness is down, since balancers learn it late");
    }
};

/// Whether startup waits for a check.
enum class startup_effect : std::uint8_t { none, waits };
[[nodiscard]] constexpr std::string_view to_text(startup_effect e) noexcept {
    constexpr std::string_view texts[] = {"none", "waits"};
    return e <= startup_effect::waits ? texts[static_cast<std::uint8_t>(e)] : "unknown";
}

struct check_options {
    std::string name = "check";
    check_importance importance = check_importance::normal;
    duration timeout = 5s;
    duration period = 10s;
    double jitter = 0.2;
    unsigned worse_after = 2;
    unsigned better_after = 2;
    duration stale_after = 0s;
    readiness_effect readiness = readiness_effect::none;
    duration unready_after = 1min;
    duration unready_spread = 5min;
    startup_effect startup = startup_effect::none;
    std::string what_to_do = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it on the pages and in events; one of few");
        visit("importance", self.importance, within(check_importance::critical, check_importance::optional),
              "what it is to the whole: down with it, degraded by it, or not touched");
        visit(
            "timeout", self.timeout, within<duration>(1ms, 10min),
            "how long a run may take; then it has failed. Also how long it may wait for a thread before that is told");
        visit("period", self.period, within<duration>(10ms, 24h), "from one run to the next");
        visit("jitter", self.jitter, within(0.0, 0.9),
              "share of the period by which a run may come earlier, by chance: so that replicas do not ask in step");
        visit("worse_after", self.worse_after, within(1U, 1000U),
              "results in a row that are worse than the status, until it is");
        visit("better_after", self.better_after, within(1U, 1000U), "the same for better ones");
        visit("stale_after", self.stale_after, within<duration>(0s, 24h),
              "age at which a result is none any more; 0s: three periods and the timeout");
        visit("readiness", self.readiness, within(readiness_effect::none, readiness_effect::shared),
              "what it is to readiness that this is unhealthy");
        visit("unready_after", self.unready_after, within<duration>(0s, 24h),
              "shared: how long it is unhealthy before the first replica leaves");
        visit("unready_spread", self.unready_spread, within<duration>(0s, 24h),
              "shared: the time over which replicas leave, each at a moment that it draws");
        visit("startup", self.startup, within(startup_effect::none, startup_effect::waits),
              "whether startup waits until this has worked once");
        visit("what_to_do", self.what_to_do, any_value, "for whoever is on call, where the result itself says nothing");
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "unready_after" || option == "unready_spread") return readiness == readiness_effect::shared;
        return option != "what_to_do" || !what_to_do.empty();
    }

    void cross_check(option_problems& problems) const {
        if (stale_after != duration::zero() && stale_after < period + timeout)
            problems.push_back(
                {"stale_after", to_exact_text(stale_after), "0s, or at least period and timeout together"});
    }

    [[nodiscard]] health_thresholds thresholds(health_status worst = health_status::unhealthy) const {
        return {worse_after, better_after, stale_after == duration::zero() ? 3 * period + timeout : stale_after, worst};
    }
    [[nodiscard]] leaving_rule leaving() const { return {readiness, unready_after, unready_spread}; }
};

struct heartbeat_options {
    std::string name = "heartbeat";
    duration within = 30s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it on the pages");
        visit("within", self.within, cutwater::within<duration>(10ms, 1h),
              "longest time between two beats; after it the process is not alive");
    }
};

struct watch_options {
    duration period = 1s;
    duration full_for = 10s;
    double rejecting = 0.1;
    check_importance importance = check_importance::normal;

    static void fields(auto& self, auto&& visit) {
        visit("period", self.period, within<duration>(10ms, 1h), "how often what is watched is looked at");
        visit("full_for", self.full_for, within<duration>(0s, 1h),
              "how long a gate is full, at each look, before that is worth a word");
        visit("rejecting", self.rejecting, above_and_up_to(0.0, 1.0),
              "share of calls that a throttle turns away, from which on that is worth a word");
        visit("importance", self.importance, within(check_importance::normal, check_importance::optional),
              "whether the whole is degraded by it");
    }
};

}  // namespace cutwater
