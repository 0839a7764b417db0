// What counts in an epoch, and how long it is, as a script.

#include "cutwater/policy/concurrency_limiter/shared_epochs.hpp"

#include <gtest/gtest.h>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr auto nobody = [](unsigned) {};

/// Epochs of 200 ms at most, in which calls count from 10 ms on.
class one_epoch : public ::testing::Test {
protected:
    one_epoch() { (void)epochs.close(noon, random, nobody); }
    void close_at(instant t) {
        (void)epochs.close(t, random, [this](unsigned limit) { set = limit; });
    }

    const instant noon{12h};
    shared_epochs epochs{concurrency_limiter_options{
        .rule = limit_rule::aimd, .initial_limit = 10, .window = 20ms, .max_window = 200ms, .min_samples = 3}};
    random_source random{1};
    unsigned set = 0;
};

TEST_F(one_epoch, is_longer_where_too_few_calls_have_ended_and_never_longer_than_its_most) {
    const auto mark = epochs.begin(noon + 10ms, 10);
    epochs.answered(mark, 1ms);
    instant t = noon;
    for (; set == 0 && t < noon + 1s; t += 1ms)
        if (epochs.is_over(t)) close_at(t);
    EXPECT_EQ(t - 1ms, noon + 200ms);
    EXPECT_EQ(set, 11U);
}

TEST_F(one_epoch, counts_what_begins_in_its_middle_and_nothing_else) {
    EXPECT_EQ(epochs.begin(noon + 9ms, 1), 0U);
    EXPECT_NE(epochs.begin(noon + 10ms, 1), 0U);
    EXPECT_NE(epochs.begin(noon + 29ms, 1), 0U);
    EXPECT_EQ(epochs.begin(noon + 30ms, 1), 0U);
}

TEST_F(one_epoch, takes_no_sample_of_the_one_before) {
    const auto early = epochs.begin(noon + 10ms, 1);
    for (int i = 0; i < 3; ++i) epochs.answered(epochs.begin(noon + 10ms, 1), 1ms);
    close_at(noon + 200ms);
    epochs.answered(early, 1ms);
    EXPECT_EQ(epochs.seen(noon + 210ms).answered, 0U);
    EXPECT_EQ(epochs.seen(noon + 210ms).most_in_flight, 0U) << "T83: nor how many there were";
}

TEST_F(one_epoch, knows_how_old_the_calls_are_that_do_not_end) {
    (void)epochs.begin(noon + 10ms, 1);  // never ends
    epochs.answered(epochs.begin(noon + 10ms, 2), 1ms);
    EXPECT_EQ(epochs.seen(noon + 40ms).age, 30ms);
    close_at(noon + 40ms);  // too few: it goes on
    (void)epochs.begin(noon + 41ms, 2);
    EXPECT_EQ(epochs.seen(noon + 100ms).outstanding, 2U);
    EXPECT_EQ(epochs.seen(noon + 100ms).age, (90ms + 60ms) / 2)
        << "one as old as the epoch, one as old as its second part";
}

TEST_F(one_epoch, a_call_that_ran_out_of_time_is_a_drop_where_it_had_more_than_it_takes) {
    for (int i = 0; i < 3; ++i) epochs.answered(epochs.begin(noon + 10ms, 1), 10ms);
    close_at(noon + 200ms);
    const auto mark = epochs.begin(noon + 215ms, 1);
    ASSERT_NE(mark, 0U);
    epochs.ran_out(mark, 12ms);
    EXPECT_EQ(epochs.seen(noon + 220ms).dropped, 0U);
    epochs.ran_out(epochs.begin(noon + 215ms, 1), 20ms);
    EXPECT_EQ(epochs.seen(noon + 220ms).dropped, 1U);
}

}  // namespace
}  // namespace cutwater
