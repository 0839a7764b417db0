// The knobs of a throttle, with the defaults in force.
//
//     cw::throttle_options eager{.name = "search", .k = 1.5, .window = 10s};
//
// `should_count` may be empty; where it is set it is called from every thread that runs the pipeline, never under a lock. If it
// throws, its call fails with `errc::callback_failed`, and counts for nothing.
#pragma once

#include <functional>
#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// Whose calls are counted together.
enum class throttle_windows : std::uint8_t {
    shared,          ///< all of them
    by_criticality,  ///< those of one criticality: what matters more is judged by what became of its like, and by nothing else
};

[[nodiscard]] constexpr std::string_view to_text(throttle_windows w) noexcept {
    constexpr std::string_view texts[] = {"shared", "by_criticality"};
    return w <= throttle_windows::by_criticality ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

struct throttle_options {
    std::string name = "throttle";
    double k = 2.0;
    duration window = 30s;
    double max_rejection = 0.9;
    unsigned min_calls = 10;
    throttle_windows windows = throttle_windows::shared;
    std::function<bool(const observation&)> should_count = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names the dependency in errors and events");
        visit("k", self.k, within(1.0, 100.0),
              "calls that may be made for each that is accepted; 2 lets through twice what the dependency takes");
        visit("window", self.window, within<duration>(30ms, 24h),
              "how far back it looks, forgotten a thirtieth at a time");
        visit("max_rejection", self.max_rejection, within(0.0, 0.99),
              "the largest probability of a rejection; what passes is how a recovery is found out");
        visit("min_calls", self.min_calls, within(1U, 1'000'000'000U),
              "calls in the window below which nothing is rejected");
        visit("windows", self.windows, within(throttle_windows::shared, throttle_windows::by_criticality),
              "one window for all calls, or one for each criticality");
        visit("should_count", self.should_count, any_value,
              "which failures count as not accepted, in place of the rule that what is transient does");
    }
};

}  // namespace cutwater
