// The knobs of a flight recorder.
//
//     cw::flight_recorder recorder{[](std::string_view) {}, {.last = 128, .dump_on = "circuit_opened, endpoints_panic_began"}};
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "cutwater/core/events.hpp"
#include "cutwater/core/options.hpp"

namespace cutwater {

struct flight_recorder_options {
    std::string name = "recorder";
    std::size_t last = 64;
    std::size_t max_layers = 64;
    severity min_level = severity::debug;
    std::string dump_on = "circuit_opened";
    duration dump_every = std::chrono::seconds{10};
    std::function<std::int64_t()> unix_ms = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in errors");
        visit("last", self.last, within(std::size_t{1}, std::size_t{1'000'000}),
              "decisions of each layer that are kept");
        visit("max_layers", self.max_layers, within(std::size_t{1}, std::size_t{100'000}),
              "layers that have a ring of their own; the others share one");
        visit("min_level", self.min_level, any_value, "what is below it is not kept");
        visit("dump_on", self.dump_on, any_value,
              "names of the events that have it dumped, with blanks or commas between; empty: none");
        visit("dump_every", self.dump_every, within<duration>(duration::zero(), std::chrono::hours{24}),
              "least time between two dumps that events have asked for");
        visit("unix_ms", self.unix_ms, any_value,
              "the wall clock, as a dump says when it was made; none: the system's");
    }
};

}  // namespace cutwater
