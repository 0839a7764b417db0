// The knobs of a timeout, with the defaults in force.
//
//     cw::timeout_options each{.name = "attempt", .after = 500ms};
//
// There is no value for "no limit": leave the layer out.
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct timeout_options {
    std::string name = "timeout";
    duration after = 1s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("after", self.after, above_and_up_to<duration>(0ns, 24h * 365), "how long what is inside may take");
    }
};

}  // namespace cutwater
