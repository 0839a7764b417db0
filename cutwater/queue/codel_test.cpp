// The rule for queues that stand, as a script; what each step of folly's `CodelTest` expects is in the first four.

#include "cutwater/queue/codel.hpp"

#include <gtest/gtest.h>

namespace cutwater::codel_tests {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

/// Target 5 ms, interval 100 ms, as in folly.
class codel_rule : public ::testing::Test {
protected:
    bool turns_away(duration delay, duration at) { return rule.should_turn_away(delay, noon + at); }

    codel rule{5ms, 100ms};
};

TEST_F(codel_rule, basic) {
    EXPECT_FALSE(turns_away(100ms, 110ms));
    EXPECT_FALSE(turns_away(50ms, 200ms)) << "the first of an interval never is";
    EXPECT_TRUE(turns_away(50ms, 200ms));
    EXPECT_FALSE(turns_away(2ms, 310ms)) << "the interval before was overloaded, but 2 ms are not long";
    EXPECT_TRUE(turns_away(20ms, 400ms)) << "more than twice the target";
}

TEST_F(codel_rule, one_request_is_not_turned_away) { EXPECT_FALSE(turns_away(20ms, 0ms)); }

TEST_F(codel_rule, load_is_the_least_delay_in_twice_the_target) {
    EXPECT_EQ(rule.load(), 0);
    EXPECT_FALSE(turns_away(40ms, 0ms));
    EXPECT_EQ(rule.load(), 1);
    codel other{5ms, 100ms};
    EXPECT_FALSE(other.should_turn_away(7ms, noon));
    EXPECT_DOUBLE_EQ(other.load(), 0.7);
    EXPECT_FALSE(other.should_turn_away(2ms, noon));
    EXPECT_DOUBLE_EQ(other.load(), 0.2);
    EXPECT_FALSE(other.should_turn_away(10ms, noon));
    EXPECT_DOUBLE_EQ(other.load(), 0.2) << "the least";
}

TEST_F(codel_rule, a_load_that_falls_is_let_in) {
    EXPECT_FALSE(turns_away(20ms, 0ms));
    EXPECT_FALSE(turns_away(4ms, 90ms));
}

TEST_F(codel_rule, an_interval_in_which_somebody_hardly_waited_is_not_overloaded) {
    EXPECT_FALSE(turns_away(0ms, 0ms));
    EXPECT_FALSE(turns_away(50ms, 10ms));
    EXPECT_FALSE(turns_away(5ms, 50ms));
    EXPECT_FALSE(turns_away(80ms, 120ms));
    EXPECT_FALSE(turns_away(80ms, 130ms));
    EXPECT_FALSE(rule.is_overloaded());
}

TEST_F(codel_rule, exactly_twice_the_target_is_still_served) {
    EXPECT_FALSE(turns_away(6ms, 10ms));
    EXPECT_FALSE(turns_away(6ms, 120ms));
    EXPECT_TRUE(rule.is_overloaded());
    EXPECT_FALSE(turns_away(10ms, 130ms));
    EXPECT_TRUE(turns_away(10ms + 1ns, 130ms));
}

TEST_F(codel_rule, after_a_long_quiet_time_the_last_interval_still_counts_once) {
    EXPECT_FALSE(turns_away(50ms, 10ms));
    EXPECT_FALSE(turns_away(50ms, 20ms));
    EXPECT_FALSE(turns_away(0ms, 1h)) << "the first of an interval";
    EXPECT_TRUE(rule.is_overloaded());
    EXPECT_FALSE(turns_away(0ms, 1h + 101ms));
    EXPECT_FALSE(rule.is_overloaded());
}

TEST_F(codel_rule, a_queue_that_was_empty_is_not_overloaded) {
    EXPECT_FALSE(turns_away(50ms, 10ms));
    EXPECT_FALSE(turns_away(50ms, 20ms));
    EXPECT_TRUE(turns_away(50ms, 30ms));
    rule.drained();
    EXPECT_FALSE(rule.is_overloaded());
    EXPECT_FALSE(turns_away(50ms, 131ms)) << "an interval begins";
    EXPECT_FALSE(turns_away(50ms, 231ms)) << "and goes on: whether it stands is not known yet";
    EXPECT_FALSE(turns_away(50ms, 232ms)) << "the first of the next";
    EXPECT_TRUE(turns_away(50ms, 233ms));
}

}  // namespace
}  // namespace cutwater::codel_tests
