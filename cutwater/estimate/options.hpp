// The knobs of an estimate of latencies, with the defaults in force.
#pragma once

#include <cstdint>
#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct latency_estimate_options {
    std::string name = "latency";
    duration window = 1min;
    std::uint64_t min_samples = 100;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it where its options are refused");
        visit("window", self.window, within<duration>(100ms, 1h),
              "how far back it looks, forgotten a quarter at a time");
        visit("min_samples", self.min_samples, within<std::uint64_t>(1, 1'000'000'000),
              "samples in the window below which it says nothing");
    }
};

}  // namespace cutwater
