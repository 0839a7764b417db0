#include "cutwater/policy/concurrency_limiter/idle_latency.hpp"

#include <gtest/gtest.h>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

TEST(idle_latency_guess, begins_with_the_first_window) {
    idle_latency idle;
    EXPECT_EQ(idle.value(), 0ms);
    idle.note(10ms);
    EXPECT_EQ(idle.value(), 10ms);
}

TEST(idle_latency_guess, T81_one_lucky_window_or_two_do_not_spoil_it) {
    idle_latency idle;
    idle.note(10ms);
    for (int i = 0; i < 100; ++i) {
        idle.note(1ms);
        idle.note(2ms);
        idle.note(10ms);
    }
    EXPECT_EQ(idle.value(), 10ms);
}

TEST(idle_latency_guess, is_lowered_to_what_three_windows_in_a_row_stay_below) {
    idle_latency idle;
    idle.note(10ms);
    idle.note(6ms);
    idle.note(8ms);
    idle.note(7ms);
    EXPECT_EQ(idle.value(), 8ms);
}

TEST(idle_latency_guess, T81_drift_does_not_raise_it) {
    idle_latency idle;
    for (duration d = 10ms; d < 1s; d += 1ms) idle.note(d);
    EXPECT_EQ(idle.value(), 10ms);
}

TEST(idle_latency_guess, is_raised_by_a_probe_in_which_latency_does_not_fall) {
    idle_latency idle;
    idle.note(10ms);
    idle.begin_probe(30ms);
    EXPECT_TRUE(idle.is_probing());
    EXPECT_FALSE(idle.probe(29ms));
    EXPECT_FALSE(idle.is_probing());
    EXPECT_EQ(idle.value(), 29ms);
}

TEST(idle_latency_guess, T81_a_probe_goes_on_while_latency_falls_so_a_queue_is_not_taken_for_slowness) {
    idle_latency idle;
    idle.note(80ms);
    idle.begin_probe(80ms);
    EXPECT_TRUE(idle.probe(40ms));
    EXPECT_TRUE(idle.probe(20ms));
    EXPECT_TRUE(idle.probe(11ms));
    EXPECT_FALSE(idle.probe(10ms));
    EXPECT_EQ(idle.value(), 10ms);
}

TEST(idle_latency_guess, a_probe_that_can_go_no_lower_ends_with_what_it_has_seen) {
    idle_latency idle;
    idle.note(80ms);
    idle.begin_probe(80ms);
    EXPECT_TRUE(idle.probe(40ms));
    idle.end_probe();
    EXPECT_EQ(idle.value(), 40ms);
    EXPECT_FALSE(idle.is_probing());
}

TEST(idle_latency_guess, a_probe_that_sees_nothing_changes_nothing) {
    idle_latency idle;
    idle.note(10ms);
    idle.begin_probe(80ms);
    idle.abandon_probe();
    EXPECT_EQ(idle.value(), 10ms);
    EXPECT_FALSE(idle.is_probing());
}

TEST(idle_latency_guess, noise_in_a_probe_is_no_queue) {
    idle_latency idle;
    idle.note(10ms);
    idle.begin_probe(12ms);
    EXPECT_FALSE(idle.probe(10ms)) << "by a sixth";
    EXPECT_EQ(idle.value(), 10ms);
}

}  // namespace
}  // namespace cutwater
