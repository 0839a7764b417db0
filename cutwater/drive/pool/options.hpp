// The knobs of a worker pool, with the defaults in force.
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct worker_pool_options {
    std::string name = "worker_pool";
    unsigned threads = 4;
    unsigned max_queue = 16;
    duration max_wait = 1s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("threads", self.threads, within(1U, 1024U), "calls that run at once, orphans included");
        visit("max_queue", self.max_queue, within(0U, 1'000'000U),
              "calls that wait for a thread, first come first served");
        visit("max_wait", self.max_wait, above_and_up_to<duration>(0ns, 24h),
              "how long one may wait for a thread, within its deadline");
    }
};

}  // namespace cutwater
