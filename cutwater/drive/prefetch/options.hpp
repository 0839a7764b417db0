// The knobs of a prefetcher, with the defaults in force.
//
//     cw::prefetch_options ahead{.name = "stock_ahead", .refresh_at = 0.7, .workers = 4};
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct prefetch_options {
    std::string name = "prefetch";
    double refresh_at = 0.8;
    double jitter = 0.3;
    duration first_within = 10s;
    duration least_pause = 1s;
    duration base_delay = 1s;
    duration max_delay = 1min;
    unsigned workers = 2;
    unsigned max_keys = 10'000;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the prefetcher's name in errors and events");
        visit("refresh_at", self.refresh_at, above_and_up_to(0.0, 1.0),
              "share of a value's fresh time that has passed, at most, when it is asked for again");
        visit("jitter", self.jitter, within(0.0, 1.0),
              "share of the fresh time by which that is earlier at random, so that keys do not all go at once");
        visit("first_within", self.first_within, within<duration>(0ns, 24h),
              "a key of which nothing is kept is asked for at a random time within so long; zero: at once");
        visit("least_pause", self.least_pause, within<duration>(1ms, 24h),
              "a key is due no more often than once in so long");
        visit("base_delay", self.base_delay, within<duration>(1ms, 24h),
              "the longest wait after a failure, twice as long after each further one");
        visit("max_delay", self.max_delay, within<duration>(1ms, 24h), "no wait after failures is longer");
        visit("workers", self.workers, within(1U, 1024U), "keys that are asked for at once");
        visit("max_keys", self.max_keys, within(1U, 500'000U), "keys that may be declared");
    }

    void cross_check(option_problems& problems) const {
        if (jitter > refresh_at)
            problems.push_back({"jitter", std::to_string(jitter), "at most refresh_at, " + std::to_string(refresh_at)});
        if (base_delay > max_delay)
            problems.push_back({"base_delay", to_text(base_delay), "at most max_delay, " + to_text(max_delay)});
    }
};

}  // namespace cutwater
