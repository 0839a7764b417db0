// The knobs of a fallback, with the defaults in force.
#pragma once

#include <functional>
#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

struct fallback_options {
    std::string name = "fallback";
    std::function<bool(const observation&)> should_handle = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("should_handle", self.should_handle, any_value,
              "which failures it stands in for; none: all but cancellations and bugs");
    }
};

}  // namespace cutwater
