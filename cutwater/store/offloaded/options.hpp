// The knobs of an offloaded store, with the defaults in force.
//
//     cw::offloaded_options io{.threads = 2, .max_waiting = 500};
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

struct offloaded_options {
    std::string name = "offloaded";
    unsigned threads = 2;
    std::size_t max_waiting = 1'000;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the store's name in errors and events");
        visit("threads", self.threads, within(1U, 64U), "threads that ask the store behind it, one question each");
        visit("max_waiting", self.max_waiting, at_least(std::size_t{1}),
              "questions that wait for a thread; more are refused");
    }
};

}  // namespace cutwater
