// The knobs of a bulkhead, with the defaults in force.
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct bulkhead_options {
    std::string name = "bulkhead";
    unsigned max_concurrent = 10;
    unsigned max_queue = 0;
    duration max_wait = 1s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("max_concurrent", self.max_concurrent, within(1U, 1'000'000U), "calls inside at once");
        visit("max_queue", self.max_queue, within(0U, 1'000'000U),
              "calls that may wait for a permit, first come first served");
        visit("max_wait", self.max_wait, above_and_up_to<duration>(0ns, 24h),
              "how long one may wait, within its deadline");
    }
};

}  // namespace cutwater
