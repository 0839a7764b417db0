// The knobs of an adaptive timeout, with the defaults in force.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/estimate/latency_estimate.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// How strained the system is: from 0, not at all, to 1. Asked every 100 ms at most, in the thread of a call, never under a lock.
using strain_signal = std::function<double()>;

struct adaptive_timeout_options {
    std::string name = "adaptive_timeout";
    double percentile = 0.99;
    double factor = 2.0;
    duration initial = 1s;
    duration floor = 10ms;
    duration ceiling = 10s;
    duration window = 1min;
    std::uint64_t min_samples = 100;
    strain_signal strain = {};
    std::shared_ptr<latency_estimate> estimate = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("percentile", self.percentile, within(0.5, 0.9999),
              "of the latencies of the window, what the limit follows");
        visit("factor", self.factor, within(1.0, 100.0), "how many times as long a call may take");
        visit("initial", self.initial, above_and_up_to<duration>(0ns, 1h), "the limit until there are enough samples");
        visit("floor", self.floor, above_and_up_to<duration>(0ns, 1h), "the limit is never shorter");
        visit("ceiling", self.ceiling, above_and_up_to<duration>(0ns, 1h), "nor longer");
        visit("window", self.window, within<duration>(100ms, 1h),
              "how far back it looks, forgotten a quarter at a time");
        visit("min_samples", self.min_samples, within<std::uint64_t>(1, 1'000'000'000),
              "calls in the window that are enough to follow them");
        visit("strain", self.strain, any_value,
              "says how strained the system is, from 0 to 1: the limit goes that share of the way to the floor");
        visit("estimate", self.estimate, any_value,
              "what it learns from and adds to, where others share it; has its own window");
    }

    void cross_check(option_problems& problems) const {
        if (floor > ceiling)
            problems.push_back({"floor", refused_text(floor), "at most ceiling, which is " + refused_text(ceiling)});
        else if (initial < floor || initial > ceiling)
            problems.push_back(
                {"initial", refused_text(initial),
                 "from floor to ceiling, which are " + refused_text(floor) + " and " + refused_text(ceiling)});
    }

    /// Those of its own estimate say nothing where it is given one.
    [[nodiscard]] bool applies(std::string_view option) const {
        return estimate == nullptr || (option != "window" && option != "min_samples");
    }
};

}  // namespace cutwater
