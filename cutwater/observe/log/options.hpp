// The knobs of what stands around a log: a sink aside, and a sampling listener in front.
//
//     cw::async_sink aside{std::clog, {.max_bytes = 1 << 20}};
//     cw::json_log log{std::ref(aside)};
//     cw::sampled fewer{log, {.first = 5, .every = 1000}};
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

struct async_sink_options {
    std::string name = "log";
    std::size_t max_bytes = 4'194'304;
    /// Makes the line that says that some were dropped; none: one of `json_log`'s form, from the system's clock.
    std::function<std::string(std::uint64_t dropped)> notice = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the logger of its own lines, and its name in errors");
        visit("max_bytes", self.max_bytes, within(std::size_t{1'024}, std::size_t{1'073'741'824}),
              "bytes of lines that may wait to be written; twice that is the most memory it takes");
        visit("notice", self.notice, any_value, "makes the line that says how many were dropped; none: as JSON");
    }
};

struct sampled_options {
    std::string name = "sampled";
    unsigned first = 10;
    unsigned every = 100;
    duration period = std::chrono::seconds{1};
    std::size_t max_kinds = 1'000;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in errors");
        visit("first", self.first, within(1U, 1'000'000'000U), "events of a kind that pass in each period");
        visit("every", self.every, within(0U, 1'000'000'000U), "then one in so many; 0: none");
        visit("period", self.period, within<duration>(std::chrono::milliseconds{1}, std::chrono::hours{24}),
              "how long a period is, from its first event on");
        visit("max_kinds", self.max_kinds, within(std::size_t{1}, std::size_t{1'000'000}),
              "kinds of events, by layer and operation, that are told apart; the others share one count");
    }
};

}  // namespace cutwater
