#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "cutwater/drive/clock/clock.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

TEST(clock, does_not_go_back) {
    const instant first = now();
    const instant second = this_machine.now();
    EXPECT_LE(first, second);
    EXPECT_LE(add(second, 1h), in(1h));
    EXPECT_EQ(in(forever), never);
}

TEST(clock, an_instant_is_the_same_on_the_steady_clock) {
    EXPECT_EQ(to_steady(instant{}), steady::time_point{});
    EXPECT_EQ(to_steady(instant{1s}), steady::time_point{1s});
    EXPECT_EQ(to_steady(instant{-1s}), steady::time_point{-1s});
}

TEST(clock, never_is_far_ahead_but_can_still_be_added_to) {
    const steady::time_point far = to_steady(never);
    EXPECT_EQ(far.time_since_epoch(), std::chrono::years{200});
    EXPECT_GT(far + std::chrono::years{50}, far) << "timers do their sums with it";
    EXPECT_EQ(to_steady(instant::max() - 1ns), far);
    EXPECT_EQ(to_steady(instant::min()).time_since_epoch(), duration::min());
}

TEST(clock, each_thread_has_chance_of_its_own) {
    random_source& mine = this_machine.random();
    EXPECT_EQ(&mine, &this_machine.random());
    const auto here = mine();
    auto there = here;
    const void* place = &mine;
    std::jthread{[&] {
        place = &this_machine.random();
        there = this_machine.random()();
    }}.join();
    EXPECT_NE(place, &mine);
    EXPECT_NE(there, here);
}

/// What the machine's next number in this thread would be.
std::uint64_t next_number() {
    random_source copy = this_machine.random();
    return copy();
}

TEST(clock, a_child_of_fork_does_not_draw_in_step_with_its_parent) {
    const std::uint64_t parents = next_number();
    EXPECT_EXIT(std::_Exit(this_machine.random()() == parents ? 1 : 0), ::testing::ExitedWithCode(0), "");
    EXPECT_EQ(this_machine.random()(), parents) << "and the parent goes on as if nothing had been";
}

}  // namespace
}  // namespace cutwater
