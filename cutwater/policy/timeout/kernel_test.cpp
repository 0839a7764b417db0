// What is right for a timeout: when what is inside must have ended.

#include "cutwater/policy/timeout/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cutwater {
namespace {

constexpr instant noon{12h};

TEST(timeout_kernel, the_deadline_is_the_limit_from_now) {
    EXPECT_EQ(timeout_kernel{500ms}.deadline_for(noon), noon + 500ms);
    EXPECT_EQ(timeout_kernel{1ns}.deadline_for(noon), noon + 1ns);
    EXPECT_EQ(timeout_kernel{500ms}.limit(), 500ms);
}

TEST(timeout_kernel, a_deadline_past_all_time_is_none) {
    EXPECT_EQ(timeout_kernel{1s}.deadline_for(never - 1ns), never);
    EXPECT_EQ(timeout_kernel{1s}.deadline_for(never), never);
    EXPECT_EQ(timeout_kernel{forever}.deadline_for(noon), never);
}

RC_GTEST_PROP(timeout_kernel, is_never_before_now_and_never_further_than_the_limit, ()) {
    const duration limit{*rc::gen::inRange<duration::rep>(1, duration::max().count())};
    const instant now{duration{*rc::gen::inRange<duration::rep>(0, duration::max().count())}};
    const instant deadline = timeout_kernel{limit}.deadline_for(now);
    RC_ASSERT(deadline > now);
    RC_ASSERT(deadline == never || deadline - now == limit);
}

}  // namespace
}  // namespace cutwater
