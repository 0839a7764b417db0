#include "cutwater/policy/cache/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cutwater {
namespace {

/// What a value of that age is, where it is fresh for 10s, then given for 5s while it is refreshed, and for 1h where that fails.
struct aged {
    std::string name;
    duration age{};
    duration max_age = forever;
    freshness is{};
};

const cache_options usual{.fresh_for = 10s, .stale_while_revalidate = 5s, .stale_if_error = 1h, .negative_for = 2s};

class cache_values : public ::testing::TestWithParam<aged> {};
TEST_P(cache_values, are_judged_by_their_age) {
    const aged& row = GetParam();
    EXPECT_EQ(cache_kernel{usual}.judge(row.age, 10s, row.max_age), row.is);
}
INSTANTIATE_TEST_SUITE_P(
    script, cache_values,
    ::testing::ValuesIn(std::vector<aged>{
        {.name = "new", .age = 0ns, .is = freshness::fresh},
        {.name = "until_it_is_no_longer_fresh", .age = 10s - 1ns, .is = freshness::fresh},
        {.name = "then_while_it_is_refreshed", .age = 10s, .is = freshness::revalidate},
        {.name = "until_that_is_over", .age = 15s - 1ns, .is = freshness::revalidate},
        {.name = "then_in_need", .age = 15s, .is = freshness::if_error},
        {.name = "until_that_is_over_too", .age = 1h + 10s - 1ns, .is = freshness::if_error},
        {.name = "then_not", .age = 1h + 10s, .is = freshness::expired},
        {.name = "no_older_than_the_call_allows", .age = 5s, .max_age = 4s, .is = freshness::expired},
        {.name = "as_old_as_it_allows", .age = 4s, .max_age = 4s, .is = freshness::fresh},
        {.name = "in_need_too", .age = 1min, .max_age = 59s, .is = freshness::expired},
        {.name = "zero_wants_the_dependencys_own", .age = 0ns, .max_age = 0ns, .is = freshness::expired},
    }),
    [](const auto& row) { return row.param.name; });

TEST(cache_kernel, a_failure_is_an_answer_for_as_long_as_the_options_say) {
    const cache_kernel kernel{usual};
    EXPECT_EQ(kernel.judge_negative(1s, forever), freshness::fresh);
    EXPECT_EQ(kernel.judge_negative(2s, forever), freshness::expired);
    EXPECT_EQ(kernel.judge_negative(1s, 500ms), freshness::expired);
}

RC_GTEST_PROP(cache_kernel, values_get_no_younger, ()) {
    const cache_options options{.fresh_for = duration{*rc::gen::inRange<std::int64_t>(0, 100)},
                                .stale_while_revalidate = duration{*rc::gen::inRange<std::int64_t>(0, 100)},
                                .stale_if_error = duration{*rc::gen::inRange<std::int64_t>(0, 100)}};
    const cache_kernel kernel{options};
    const duration age{*rc::gen::inRange<std::int64_t>(0, 250)};
    const duration older = age + duration{*rc::gen::inRange<std::int64_t>(0, 50)};
    RC_ASSERT(kernel.judge(age, options.fresh_for, forever) <= kernel.judge(older, options.fresh_for, forever));
    if (age >= kernel.useful_for()) RC_ASSERT(kernel.judge(age, options.fresh_for, forever) == freshness::expired);
}

RC_GTEST_PROP(cache_kernel, jitter_only_shortens, ()) {
    const double share = *rc::gen::inRange(0, 1000) / 1000.0;
    const duration given = cache_kernel{usual}.fresh_for(share);
    RC_ASSERT(given <= 10s && given >= 9s);
}

}  // namespace
}  // namespace cutwater
