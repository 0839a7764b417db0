#include <gtest/gtest.h>

#include <thread>

#include "cutwater/drive/sync/parker.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

const instant long_ago = instant{};

TEST(parker, a_time_that_has_come_is_not_waited_for) {
    parker place;
    EXPECT_EQ(place.wait(long_ago, {}), wait_end::time);
    EXPECT_EQ(place.wait(instant::min(), {}), wait_end::time);
    EXPECT_EQ(place.wait(now(), {}), wait_end::time);
}

TEST(parker, one_that_was_woken_before_does_not_wait) {
    parker place;
    place.wake();
    place.wake();
    EXPECT_EQ(place.wait(never, {}), wait_end::woken);
    EXPECT_EQ(place.wait(long_ago, {}), wait_end::time) << "it is woken once";
    place.wake();
    EXPECT_TRUE(place.take_wake());
    EXPECT_FALSE(place.take_wake());
}

TEST(parker, one_whose_caller_has_cancelled_does_not_wait) {
    parker place;
    std::stop_source caller;
    caller.request_stop();
    EXPECT_EQ(place.wait(never, caller.get_token()), wait_end::cancelled);
    place.wake();
    EXPECT_EQ(place.wait(never, caller.get_token()), wait_end::woken) << "what it waited for goes first";
}

TEST(parker, is_woken_from_another_thread) {
    parker place;
    const std::jthread wakes{[&] { place.wake(); }};
    EXPECT_EQ(place.wait(never, {}), wait_end::woken);
}

TEST(parker, T72_a_wait_ends_when_another_thread_cancels) {
    parker place;
    std::stop_source caller;
    const std::jthread cancels{[&] { caller.request_stop(); }};
    EXPECT_EQ(place.wait(never, caller.get_token()), wait_end::cancelled);
}

TEST(parker, a_wake_and_a_cancellation_at_once_end_one_wait_each) {
    for (int i = 0; i < 200; ++i) {
        parker place;
        std::stop_source caller;
        wait_end first = wait_end::time;
        {
            const std::jthread wakes{[&] { place.wake(); }};
            const std::jthread cancels{[&] { caller.request_stop(); }};
            first = place.wait(never, caller.get_token());
        }
        const wait_end second = place.wait(long_ago, caller.get_token());
        EXPECT_EQ(second, first == wait_end::woken ? wait_end::cancelled : wait_end::woken);
    }
}

TEST(parker, may_go_as_soon_as_it_is_woken) {
    for (int i = 0; i < 200; ++i) {
        late<parker> place;
        place.emplace();
        const std::jthread wakes{[&] { place->wake(); }};
        EXPECT_EQ(place->wait(never, {}), wait_end::woken);
        place.reset();
    }
}

TEST(blocking_parking, makes_its_parker_once_and_when_it_is_needed) {
    blocking_parking place;
    waker& first = place.prepare();
    EXPECT_EQ(&first, &place.get());
    EXPECT_EQ(&first, &place.prepare());
}

TEST(this_thread_waits, on_the_machines_clock_in_this_thread) {
    parker place;
    EXPECT_EQ(&this_thread.lent(), &this_machine);
    EXPECT_EQ(this_thread.wait(place, long_ago, {}), wait_end::time);
}

}  // namespace
}  // namespace cutwater
