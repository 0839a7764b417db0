// The knobs of a circuit breaker, with the defaults in force.
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What the failure rate is taken over.
enum class breaker_window : std::uint8_t {
    time,         ///< the calls of the last `window_time`: right at any traffic
    count,        ///< the last `window_calls` calls: cheapest, but remembers for ever where traffic is thin
    consecutive,  ///< no rate: `consecutive_failures` in a row, reset by any success
};

[[nodiscard]] constexpr std::string_view to_text(breaker_window w) noexcept {
    constexpr std::string_view texts[] = {"time", "count", "consecutive"};
    return w <= breaker_window::consecutive ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

/// Whether the breaker decides for itself.
enum class breaker_mode : std::uint8_t {
    automatic,      ///< opens and closes by what it sees
    forced_open,    ///< refuses every call until told otherwise
    forced_closed,  ///< admits every call and goes on measuring
    metrics_only,   ///< admits every call, measures, and says when it would have opened: for trying options out
    disabled,       ///< admits every call and measures nothing
};

[[nodiscard]] constexpr std::string_view to_text(breaker_mode m) noexcept {
    constexpr std::string_view texts[] = {"automatic", "forced_open", "forced_closed", "metrics_only", "disabled"};
    return m <= breaker_mode::disabled ? texts[static_cast<std::uint8_t>(m)] : "unknown";
}

/// Whose fault an attempt is that the caller's own deadline cut short.
enum class deadline_blame : std::uint8_t { nobody, dependency };

[[nodiscard]] constexpr std::string_view to_text(deadline_blame b) noexcept {
    constexpr std::string_view texts[] = {"nobody", "dependency"};
    return b <= deadline_blame::dependency ? texts[static_cast<std::uint8_t>(b)] : "unknown";
}

struct circuit_breaker_options {
    std::string name = "circuit_breaker";
    breaker_mode mode = breaker_mode::automatic;
    breaker_window window = breaker_window::time;
    duration window_time = 10s;
    unsigned window_buckets = 10;
    unsigned window_calls = 100;
    unsigned minimum_calls = 10;
    double failure_rate = 0.5;
    duration slow_after = forever;
    double slow_rate = 1.0;
    unsigned consecutive_failures = 5;
    duration open_for = 30s;
    double open_growth = 1.0;
    duration open_max = 5min;
    double open_jitter = 0.0;
    duration healthy_after = 1min;
    unsigned probes = 3;
    unsigned probe_successes = 2;
    duration probe_lease = 30s;
    duration ramp_for = 0s;
    deadline_blame caller_deadline = deadline_blame::nobody;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names the dependency in errors and events");
        visit("mode", self.mode, within(breaker_mode::automatic, breaker_mode::disabled),
              "automatic, or what it is forced to");
        visit("window", self.window, within(breaker_window::time, breaker_window::consecutive),
              "what the rate is taken over: time, count, or consecutive failures");
        visit("window_time", self.window_time, within<duration>(1ms, 24h), "time window: how far back it looks");
        visit("window_buckets", self.window_buckets, within(1U, 1000U), "time window: parts that it forgets at once");
        visit("window_calls", self.window_calls, within(1U, 1'000'000U), "count window: how many calls it looks at");
        visit("minimum_calls", self.minimum_calls, at_least(1U),
              "calls in the window below which no rate opens the circuit");
        visit("failure_rate", self.failure_rate, above_and_up_to(0.0, 1.0),
              "opens at this share of failures, or above");
        visit("slow_after", self.slow_after, more_than(duration::zero()),
              "a call this long is slow; none: not measured");
        visit("slow_rate", self.slow_rate, above_and_up_to(0.0, 1.0), "opens at this share of slow calls, or above");
        visit("consecutive_failures", self.consecutive_failures, at_least(1U),
              "consecutive: opens at this many in a row");
        visit("open_for", self.open_for, within<duration>(1ms, 24h),
              "how long the circuit stays open before it probes");
        visit("open_growth", self.open_growth, within(1.0, 10.0),
              "factor on each opening after another, until it was healthy");
        visit("open_max", self.open_max, within<duration>(1ms, 24h), "the longest that it stays open");
        visit("open_jitter", self.open_jitter, within(0.0, 1.0), "share of the open time that is random, added");
        visit("healthy_after", self.healthy_after, within<duration>(0ms, 24h),
              "closed this long, the growth starts anew");
        visit("probes", self.probes, within(1U, 64U), "half-open: calls let through to find out");
        visit("probe_successes", self.probe_successes, within(1U, 64U),
              "half-open: successes among them that close it");
        visit("probe_lease", self.probe_lease, within<duration>(1ms, 24h),
              "half-open: a probe unheard of this long is replaced");
        visit("ramp_for", self.ramp_for, within<duration>(0ms, 24h),
              "after closing: time in which traffic grows back to all");
        visit("caller_deadline", self.caller_deadline, within(deadline_blame::nobody, deadline_blame::dependency),
              "whose fault is an attempt cut by the caller's deadline");
    }

    /// Whether a window of this kind looks at it.
    [[nodiscard]] bool applies(std::string_view option) const {
        const bool in_a_row = window == breaker_window::consecutive;
        if (option == "consecutive_failures") return in_a_row;
        if (option == "window_calls") return window == breaker_window::count;
        if (option == "window_time" || option == "window_buckets") return window == breaker_window::time;
        if (option == "slow_rate") return !in_a_row && slow_after != forever;
        return !in_a_row || (option != "minimum_calls" && option != "failure_rate");
    }

    /// Where each key has one: a count remembers for ever, so none would make room for another.
    void check_keyed(option_problems& problems) const {
        if (window == breaker_window::count)
            problems.push_back({"window", "count", "time or consecutive: a key with a count is never forgotten"});
    }
    void cross_check(option_problems& problems) const {
        if (window == breaker_window::count && minimum_calls > window_calls)
            problems.push_back(
                {"minimum_calls", to_text(minimum_calls), "at most window_calls, " + to_text(window_calls)});
        if (probe_successes > probes)
            problems.push_back({"probe_successes", to_text(probe_successes), "at most probes, " + to_text(probes)});
        if (open_max < open_for)
            problems.push_back({"open_max", to_exact_text(open_max), "at least open_for, " + to_exact_text(open_for)});
        if (window_buckets > 0 && window_time >= 1ms && window_time / window_buckets < 1ms)
            problems.push_back({"window_buckets", to_text(window_buckets),
                                "buckets of 1ms or more in window_time, " + to_text(window_time)});
    }
};

}  // namespace cutwater
