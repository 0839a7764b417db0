// Fault injection in a simulated world: waits are of its time, and a call that is gone leaves no trace.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/send.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;

fault_options drill_with(injection what) {
    return {.name = "drill", .rules = {{.name = "it", .what = std::move(what)}}, .armed = arming::on};
}

/// The result of one call, and when it came.
struct told {
    std::string result;
    duration at;
    friend bool operator==(const told&, const told&) = default;
};

class fault_in_a_world : public ::testing::Test {
protected:
    template <class Pipeline>
    void send_through(Pipeline& through, const call_options& said = nothing_said) {
        sim::send<int>(
            here, through, said,
            [this](const attempt&, sim::reply<int> answer) { here.after(10ms, [=] { answer.give(7); }); },
            [this](const result<int>& r) {
                results.push_back({r ? std::to_string(*r) : r.error().message(), here.elapsed()});
            });
    }

    sim::world here;
    std::vector<told> results;
};

TEST_F(fault_in_a_world, latency_takes_the_worlds_time) {
    fault drill{drill_with(injection::latency(fault_latency::constant(50ms)))};
    pipeline guarded{ref(drill)};
    send_through(guarded);
    here.run();
    EXPECT_THAT(results, ElementsAre(told{"7", 60ms}));
}

TEST_F(fault_in_a_world, a_hang_ends_with_its_timeout_and_is_tried_again) {
    fault drill{drill_with(injection::hang())};
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 100ms, .jitter = jitter::none}},
                     timeout{{.name = "attempt", .after = 1s}}, ref(drill)};
    send_through(guarded);
    here.run();
    EXPECT_THAT(
        results,
        ElementsAre(told{"attempt: injected: hang, cut short by the deadline (limit 1s), after 2 attempts", 2100ms}));
}

TEST_F(fault_in_a_world, disarming_frees_what_hangs) {
    fault drill{drill_with(injection::hang())};
    pipeline guarded{ref(drill)};
    send_through(guarded);
    send_through(guarded);
    here.after(1s, [&] { drill.disarm(); });
    here.run();
    EXPECT_THAT(results, ElementsAre(told{"7", 1010ms}, told{"7", 1010ms}));
}

TEST_F(fault_in_a_world, a_cancelled_call_leaves_its_hang) {
    fault drill{drill_with(injection::hang())};
    pipeline guarded{ref(drill)};
    std::stop_source caller;
    send_through(guarded, {.stop = caller.get_token()});
    here.after(1s, [&] { caller.request_stop(); });
    here.run();
    EXPECT_THAT(results, ElementsAre(told{"drill: the caller cancelled the call", 1s}));
    EXPECT_EQ(drill.held(), 0U);
}

TEST(fault_and_worlds, a_call_that_is_destroyed_while_it_is_held_takes_its_place_with_it) {
    fault drill{drill_with(injection::hang())};
    pipeline guarded{ref(drill)};
    any_pipeline<int> chosen{ref(drill)};
    {
        sim::world here;
        const auto nobody_answers = [](const attempt&, const sim::reply<int>&) {};
        sim::send<int>(here, guarded, nothing_said, nobody_answers, [](const result<int>&) {});
        sim::send<int>(here, chosen, nothing_said, nobody_answers, [](const result<int>&) {});
        EXPECT_EQ(drill.held(), 2U);
    }
    EXPECT_EQ(drill.held(), 0U);
    drill.disarm();
}

}  // namespace
}  // namespace cutwater
