// The windows of a load shedder, one step at a time.

#include "cutwater/policy/load_shedder/shared_windows.hpp"

#include <gtest/gtest.h>

namespace cutwater {
namespace {

// what the header of load_shedder says of its memory
static_assert(sizeof(shared_windows) > 5 * 1024 && sizeof(shared_windows) <= 5.5 * 1024);

class windows_script : public ::testing::Test {
protected:
    void come(unsigned calls, std::size_t slot = 0) {
        for (unsigned i = 0; i < calls; ++i)
            in_ += windows.admit(level_of(criticality::normal), slot, random) ? 1U : 0U;
    }
    void leave(unsigned calls) {
        for (unsigned i = 0; i < calls; ++i) windows.leave();
    }
    /// How many were let in since it was last asked.
    [[nodiscard]] unsigned let_in() { return std::exchange(in_, 0U); }
    auto close(instant now, double load) {
        EXPECT_TRUE(windows.claim(now));
        return windows.close(now, load, random);
    }

    load_shedder_options options{.target_concurrent = 1'000'000};
    shared_windows windows{options};
    random_source random{7};
    const instant noon{12h};

private:
    unsigned in_ = 0;
};

TEST_F(windows_script, who_was_inside_before_and_is_no_more_has_ended) {
    come(5), leave(2);
    EXPECT_EQ(windows.take(0).ended, 2U);
    come(1), leave(3);
    EXPECT_EQ(windows.take(0).ended, 3U);
    leave(1);
    EXPECT_EQ(windows.take(0).ended, 1U);
    EXPECT_EQ(windows.take(0).ended, 0U);
}

TEST_F(windows_script, one_that_nobody_closed_for_long_counts_as_several) {
    EXPECT_FALSE(close(noon, 2)) << "nothing was seen before the first";
    come(1000), leave(1000);
    const auto began = close(noon + 1s, 2);
    ASSERT_TRUE(began);
    EXPECT_TRUE(began->sheds);
    EXPECT_DOUBLE_EQ(began->allowed, 90) << "a hundred in each of ten";
}

TEST_F(windows_script, the_highest_load_counts_whoever_says_it) {
    come(500'000);
    EXPECT_DOUBLE_EQ(windows.take(0.25).load, 0.5);
    EXPECT_DOUBLE_EQ(windows.take(0.75).load, 0.75);
}

TEST_F(windows_script, of_a_burst_no_more_are_let_in_than_twice_a_fair_share) {
    (void)close(noon, 2);
    come(100), leave(100);
    (void)close(noon + 100ms, 2);  // 90 are let in
    (void)let_in();
    constexpr std::size_t newcomer = 5;
    come(10'000, newcomer);
    EXPECT_EQ(let_in(), 181U) << "while no more than twice 90 were before it";
    (void)close(noon + 200ms, 2);
    come(100, newcomer);
    EXPECT_LT(let_in(), 30U) << "now it is known how many come";
}

TEST_F(windows_script, each_instance_has_a_seed_of_its_own) {
    EXPECT_EQ(windows.seed(), 0U);
    (void)close(noon, 0);
    const std::uint64_t seed = windows.seed();
    EXPECT_NE(seed, 0U);
    (void)close(noon + 1s, 0);
    EXPECT_EQ(windows.seed(), seed) << "for as long as it lives";
    shared_windows other{options};
    ASSERT_TRUE(other.claim(noon));
    (void)other.close(noon, 0, random);
    EXPECT_NE(other.seed(), seed);
}

}  // namespace
}  // namespace cutwater
