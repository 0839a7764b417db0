// The knobs of a bulkhead, with the defaults in force.
#pragma once

#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/queue/queue_order.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct bulkhead_options {
    std::string name = "bulkhead";
    unsigned max_concurrent = 10;
    unsigned max_queue = 0;
    duration max_wait = 1s;
    queue_order order = queue_order::fifo;
    duration queue_target = 5ms;
    duration queue_interval = 100ms;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("max_concurrent", self.max_concurrent, within(1U, 1'000'000U), "calls inside at once");
        visit_queue_fields(self, visit);
    }

    void cross_check(option_problems& problems) const { cross_check_queue(*this, problems); }
    [[nodiscard]] bool applies(std::string_view option) const { return queue_option_applies(option, order); }
};

}  // namespace cutwater
