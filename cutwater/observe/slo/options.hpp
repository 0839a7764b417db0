// An objective: which share of the calls of some operations is to be good, and how fast, over how many days.
//
//     cw::slo_options orders{.name = "orders", .operations = {"place_order"}, .target = 0.999, .latency = 250ms};
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/options.hpp"

namespace cutwater {

/// What a result is that is not the dependency's own: a fallback's, or a stale one.
enum class degraded_result : std::uint8_t { good, bad };
[[nodiscard]] constexpr std::string_view to_text(degraded_result d) noexcept {
    constexpr std::string_view texts[] = {"good", "bad"};
    return d <= degraded_result::bad ? texts[static_cast<std::uint8_t>(d)] : "unknown";
}

/// What a call is that ends as `ignored`: the caller's own deadline ran out, the program has a bug, what was asked was refused.
enum class ignored_call : std::uint8_t { neither, bad };
[[nodiscard]] constexpr std::string_view to_text(ignored_call i) noexcept {
    constexpr std::string_view texts[] = {"neither", "bad"};
    return i <= ignored_call::bad ? texts[static_cast<std::uint8_t>(i)] : "unknown";
}

struct slo_options {
    std::string name = "objective";
    std::vector<std::string> operations = {};  ///< empty: every one
    double target = 0.999;
    duration latency = forever;
    duration window = std::chrono::days{30};
    std::uint64_t min_calls = 20;
    degraded_result degraded = degraded_result::good;
    ignored_call ignored = ignored_call::bad;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in events, metrics and alerts");
        visit("target", self.target, within(0.5, 0.99999), "share of the calls that is to be good");
        visit("latency", self.latency, more_than<duration>(duration::zero()),
              "a success that takes longer is bad; `none`: however long");
        visit("window", self.window, within<duration>(std::chrono::days{1}, std::chrono::days{90}),
              "the time over which the target holds, and its error budget lasts");
        visit("min_calls", self.min_calls, within(std::uint64_t{1}, std::uint64_t{1'000'000'000}),
              "calls in an alert's long window; with fewer it says nothing");
        visit("degraded", self.degraded, within(degraded_result::good, degraded_result::bad),
              "what a success is whose result is a fallback's, or stale; `bad` not beside a latency");
        visit("ignored", self.ignored, within(ignored_call::neither, ignored_call::bad),
              "what a call is that ends as `ignored`: `neither` where that is only what users have done wrong");
    }

    void cross_check(option_problems& problems) const {
        for (const std::string& each : operations)
            if (each.empty()) problems.push_back({"operations", "one that is empty", "names of operations"});
        if (degraded == degraded_result::bad && latency != forever)
            problems.push_back(
                {"degraded", "bad beside a latency",
                 "bad in an objective of its own, without one: a late degraded result would count twice"});
    }

    /// Share of the calls that may be bad.
    [[nodiscard]] double allowance() const noexcept { return 1 - target; }
};

}  // namespace cutwater
