// The knobs of a circuit quorum, with the defaults in force.
//
//     cw::circuit_quorum_options inventory{.every = 1s, .stale_after = 5s, .quorum = 0.6, .min_instances = 3};
//
// All who share a circuit's state say the same `max_instances`; the rest each may choose for itself.
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct circuit_quorum_options {
    std::string name = "circuit_quorum";
    std::string key = {};
    duration every = 2s;
    double jitter = 0.2;
    duration stale_after = 10s;
    double quorum = 0.5;
    unsigned min_instances = 2;
    duration open_at_least = 5s;
    unsigned max_instances = 64;
    duration store_limit = 500ms;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("key", self.key, any_value,
              "what is shared: all with the same key are one fleet; empty: the breaker's name");
        visit("every", self.every, within<duration>(10ms, 1h),
              "how often an instance tells and hears, while it has calls");
        visit("jitter", self.jitter, within(0.0, 1.0), "share of `every` that is random, added");
        visit(
            "stale_after", self.stale_after, within<duration>(20ms, 24h),
            "an instance that has said nothing new for so long counts no more; after three times that it is forgotten");
        visit("quorum", self.quorum, above_and_up_to(0.0, 1.0),
              "share of the other instances that has to agree before it is heeded");
        visit("min_instances", self.min_instances, within(1U, 1000U), "and how many of them at the least");
        visit("open_at_least", self.open_at_least, within<duration>(0s, 24h),
              "how long a circuit of ours stays open whatever the others say");
        visit("max_instances", self.max_instances, within(2U, 1000U),
              "instances whose state is kept; more are left out");
        visit("store_limit", self.store_limit, within<duration>(1ms, 1min),
              "how long one question to the store may take");
    }

    [[nodiscard]] bool applies(std::string_view option) const { return option != "key" || !key.empty(); }

    void cross_check(option_problems& problems) const {
        const duration round = add(scale(every, 1 + jitter), store_limit);
        if (stale_after < add(round, round))
            problems.push_back({"stale_after", to_exact_text(stale_after),
                                "at least twice `every`, its jitter and store_limit: " + to_text(add(round, round))});
        if (min_instances >= max_instances)
            problems.push_back({"min_instances", to_text(min_instances),
                                "fewer than max_instances, which is " + to_text(max_instances)});
        if (key.size() > 500 || key.contains('\0'))
            problems.push_back({"key", to_text(key), "a key for a store: at most 500 bytes, none of them zero"});
    }
};

}  // namespace cutwater
