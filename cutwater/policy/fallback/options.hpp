// The knobs of a fallback, with the defaults in force.
//
//     cw::fallback_options quiet{.name = "visitors", .on_fallback = [&](const cw::error& e, cw::name) { ++lost; }};
//
// The functions may be empty; those that are set are called from every thread that runs the pipeline, never under a
// lock. One that throws fails its call with `errc::callback_failed`.
#pragma once

#include <functional>
#include <string>

#include "cutwater/core/options.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

struct fallback_options {
    std::string name = "fallback";
    std::function<bool(const observation&)> should_handle = {};
    std::function<void(const error& instead_of, cutwater::name source)> on_fallback = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("should_handle", self.should_handle, any_value,
              "which failures it stands in for; none: all but cancellations and bugs");
        visit("on_fallback", self.on_fallback, any_value, "called before a tier's value is put in a failure's place");
    }
};

}  // namespace cutwater
