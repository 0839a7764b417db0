#include "cutwater/observe/log/sampling_kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using answer = sampling_kernel::answer;

constexpr instant start{1h};
constexpr sampling_limits few{.first = 2, .every = 3, .period = 1s};

TEST(sampling_kernel, lets_the_first_of_a_period_pass_then_one_in_so_many) {
    sampling_kernel kernel;
    std::vector<bool> passed;
    for (int i = 0; i < 9; ++i) passed.push_back(kernel.next(start, few).passes);
    EXPECT_EQ(passed, (std::vector{true, true, false, false, true, false, false, true, false}));
}

TEST(sampling_kernel, says_with_one_that_passes_how_many_were_left_out) {
    sampling_kernel kernel;
    std::vector<std::uint64_t> told;
    for (int i = 0; i < 8; ++i)
        if (const answer a = kernel.next(start, few); a.passes) told.push_back(a.left_out);
    EXPECT_EQ(told, (std::vector<std::uint64_t>{0, 0, 2, 2}));
}

TEST(sampling_kernel, begins_a_period_with_the_first_event_after_the_last_one) {
    sampling_kernel kernel;
    for (int i = 0; i < 4; ++i) (void)kernel.next(start, few);
    EXPECT_EQ(kernel.next(start + 1s - 1ns, few), (answer{.passes = true, .left_out = 2})) << "the fifth of the first";
    EXPECT_FALSE(kernel.next(start + 1s - 1ns, few).passes);
    EXPECT_EQ(kernel.next(start + 1s, few), (answer{.passes = true, .left_out = 1}));
    EXPECT_EQ(kernel.next(start + 24h, few), (answer{.passes = true, .left_out = 0}));
}

TEST(sampling_kernel, lets_none_but_the_first_pass_where_it_is_told_so) {
    sampling_kernel kernel;
    const sampling_limits only_first{.first = 1, .every = 0, .period = 1s};
    EXPECT_TRUE(kernel.next(start, only_first).passes);
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(kernel.next(start, only_first).passes);
    EXPECT_EQ(kernel.next(start + 1s, only_first).left_out, 1000U);
}

TEST(sampling_kernel, tells_what_was_left_out_once_and_only_after_its_period) {
    sampling_kernel kernel;
    for (int i = 0; i < 4; ++i) (void)kernel.next(start, few);
    EXPECT_EQ(kernel.take_left_out(start + 1s - 1ns, few), 0U);
    EXPECT_EQ(kernel.take_left_out(start + 1s, few), 2U);
    EXPECT_EQ(kernel.take_left_out(start + 2s, few), 0U);
    EXPECT_EQ(kernel.next(start + 2s, few), (answer{.passes = true, .left_out = 0}));
    EXPECT_EQ(sampling_kernel{}.take_left_out(start, few), 0U) << "of what never came";
}

TEST(sampling_kernel, ends_no_period_where_time_stands_still_or_steps_back) {
    sampling_kernel kernel;
    for (int i = 0; i < 3; ++i) (void)kernel.next(start, few);
    EXPECT_FALSE(kernel.next(start - 1h, few).passes);
    EXPECT_TRUE(kernel.next(start, few).passes) << "the fifth";
}

RC_GTEST_PROP(sampling_kernel, everything_passes_or_is_told_as_left_out, ()) {
    const sampling_limits limits{.first = *rc::gen::inRange(1U, 5U),
                                 .every = *rc::gen::inRange(0U, 5U),
                                 .period = std::chrono::milliseconds{*rc::gen::inRange(1, 50)}};
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20));
    sampling_kernel kernel;
    instant now = start;
    std::uint64_t passed = 0;
    std::uint64_t left_out = 0;
    for (const int ms : steps) {
        now = add(now, std::chrono::milliseconds{ms});
        if (ms % 5 == 0) left_out += kernel.take_left_out(now, limits);
        const answer a = kernel.next(now, limits);
        passed += a.passes ? 1 : 0;
        left_out += a.left_out;
    }
    left_out += kernel.take_left_out();
    RC_ASSERT(passed + left_out == steps.size());
}

}  // namespace
}  // namespace cutwater
