#include "cutwater/testing/virtual_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace cutwater::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class virtual_time_test : public ::testing::Test {
protected:
    [[nodiscard]] wait_end wait_for(duration d) { return time.wait(place, time.in(d), stop.get_token()); }

    virtual_time time;
    parker place;
    std::stop_source stop;
};

TEST_F(virtual_time_test, passes_only_when_somebody_waits) {
    EXPECT_EQ(time.elapsed(), 0s);
    EXPECT_EQ(wait_for(3h), wait_end::time);
    EXPECT_EQ(time.elapsed(), 3h);
    time.pass(1ns);
    EXPECT_EQ(time.elapsed(), 3h + 1ns);
    EXPECT_THAT(time.sleeps(), ElementsAre(3h));
}

TEST_F(virtual_time_test, what_is_scheduled_happens_in_order_and_on_time) {
    std::vector<duration> happened;
    const auto note = [&] { happened.push_back(time.elapsed()); };
    time.after(30ms, note);
    time.after(10ms, note);
    time.after(10ms, [&] {
        note();
        time.after(5ms, note);
    });
    EXPECT_EQ(time.next_scheduled(), time.in(10ms));
    EXPECT_EQ(wait_for(20ms), wait_end::time);
    EXPECT_THAT(happened, ElementsAre(10ms, 10ms, 15ms));
    time.pass(10ms);
    EXPECT_THAT(happened, ElementsAre(10ms, 10ms, 15ms, 30ms));
    EXPECT_FALSE(time.advance_to_next());
    EXPECT_EQ(time.next_scheduled(), std::nullopt);
}

TEST_F(virtual_time_test, a_wait_ends_when_it_is_woken) {
    time.after(5ms, [&] { place.wake(); });
    EXPECT_EQ(wait_for(1h), wait_end::woken);
    EXPECT_EQ(time.elapsed(), 5ms);
    place.wake();
    EXPECT_EQ(wait_for(1h), wait_end::woken) << "one that was woken before does not wait";
    EXPECT_EQ(time.elapsed(), 5ms);
}

TEST_F(virtual_time_test, T72_a_wait_ends_when_its_caller_cancels) {
    time.after(5ms, [&] { stop.request_stop(); });
    EXPECT_EQ(wait_for(1h), wait_end::cancelled);
    EXPECT_EQ(time.elapsed(), 5ms);
    EXPECT_EQ(wait_for(1h), wait_end::cancelled);
    EXPECT_THAT(time.sleeps(), ElementsAre(5ms, 0ms));
}

TEST_F(virtual_time_test, a_wait_that_would_never_end_is_an_error_and_not_a_test_that_hangs) {
    EXPECT_THROW((void)time.wait(place, never, stop.get_token()), std::logic_error);
    time.after(1h, [&] { place.wake(); });
    EXPECT_EQ(time.wait(place, never, stop.get_token()), wait_end::woken);
}

TEST_F(virtual_time_test, a_wait_whose_time_has_come_takes_none) {
    EXPECT_EQ(wait_for(0s), wait_end::time);
    EXPECT_EQ(wait_for(-1s), wait_end::time);
    EXPECT_EQ(time.elapsed(), 0s) << "and time does not go back";
}

TEST_F(virtual_time_test, counts_how_often_it_was_asked) {
    EXPECT_EQ(time.now(), virtual_time::start);
    (void)time.present();
    EXPECT_EQ(time.reads(), 1U);
    time.reset_reads();
    EXPECT_EQ(time.reads(), 0U);
}

TEST_F(virtual_time_test, its_chance_is_the_seeds) {
    virtual_time same{42};
    virtual_time other{43};
    const auto first = time.random()();
    EXPECT_EQ(same.random()(), first);
    EXPECT_NE(other.random()(), first);
}

}  // namespace
}  // namespace cutwater::testing
