#include "cutwater/drive/prefetch/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cutwater {
namespace {

constexpr instant start = instant{} + 1h;
constexpr double last_share = 1.0 - 0x1.0p-53;

const prefetch_options usual{
    .refresh_at = 0.8, .jitter = 0.3, .first_within = 10s, .least_pause = 1s, .base_delay = 2s, .max_delay = 20s};
const prefetch_kernel kernel{usual};

TEST(prefetch_kernel, a_key_without_a_value_is_asked_for_within_the_time_for_that) {
    EXPECT_EQ(kernel.first(start, 0.0), start);
    EXPECT_EQ(kernel.first(start, 0.5), start + 5s);
    EXPECT_LE(kernel.first(start, last_share), start + 10s);
}

TEST(prefetch_kernel, a_value_is_refreshed_in_the_last_part_of_its_fresh_time) {
    const cache_lifetime value{start, 100s};
    EXPECT_EQ(kernel.before_it_ends(value, {}, 0.0), start + 80s);
    EXPECT_EQ(kernel.before_it_ends(value, {}, 0.5), start + 65s);
    EXPECT_GE(kernel.before_it_ends(value, {}, last_share), start + 50s);
}

TEST(prefetch_kernel, but_never_sooner_after_the_last_time_than_the_least_pause) {
    EXPECT_EQ(kernel.before_it_ends({start, 100ms}, start + 10ms, 0.5), start + 1010ms);
    EXPECT_EQ(kernel.before_it_ends({start, 0ns}, start, 0.5), start + 1s);
    EXPECT_EQ(kernel.after_failure(start, start + 50s, 1, 0ns, 0.5), start + 51s);
}

/// How long a key waits after so many failures: from a half to the whole of a bound.
struct waited {
    std::string name;
    unsigned failures = 1;
    duration wish{};
    duration least{};
    duration most{};
};
class prefetch_failures : public ::testing::TestWithParam<waited> {};
TEST_P(prefetch_failures, are_waited_out_twice_as_long_each_time) {
    const waited& row = GetParam();
    EXPECT_EQ(between(start, kernel.after_failure(start, start - 1min, row.failures, row.wish, 0.0)), row.least);
    EXPECT_NEAR(
        static_cast<double>(
            between(start, kernel.after_failure(start, start - 1min, row.failures, row.wish, last_share)).count()),
        static_cast<double>(row.most.count()), 10);
}
INSTANTIATE_TEST_SUITE_P(script, prefetch_failures,
                         ::testing::ValuesIn(std::vector<waited>{
                             {.name = "the_first", .failures = 1, .least = 1s, .most = 2s},
                             {.name = "the_second", .failures = 2, .least = 2s, .most = 4s},
                             {.name = "the_fourth", .failures = 4, .least = 8s, .most = 16s},
                             {.name = "no_longer_than_the_longest", .failures = 5, .least = 10s, .most = 20s},
                             {.name = "T54_however_many", .failures = 4'000'000'000, .least = 10s, .most = 20s},
                             {.name = "a_wish_is_kept", .failures = 1, .wish = 5min, .least = 5min, .most = 5min},
                             {.name = "a_shorter_one_is_over", .failures = 2, .wish = 1s, .least = 2s, .most = 4s},
                         }),
                         [](const auto& row) { return row.param.name; });

RC_GTEST_PROP(prefetch_kernel, jitter_stays_within_its_bounds, ()) {
    prefetch_options options;
    options.refresh_at = *rc::gen::inRange(1, 101) / 100.0;
    options.jitter = *rc::gen::inRange(0, 101) / 100.0 * options.refresh_at;
    const prefetch_kernel any{options};
    const cache_lifetime value{start, duration{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000)}};
    const double share = *rc::gen::inRange(0, 1'000) / 1'000.0;
    const instant due = any.before_it_ends(value, std::nullopt, share);
    RC_ASSERT(due >= add(value.born, scale(value.fresh_for, options.refresh_at - options.jitter) - 2ns));
    RC_ASSERT(due <= add(value.born, scale(value.fresh_for, options.refresh_at)));
    RC_ASSERT(due <= add(value.born, value.fresh_for));
}

RC_GTEST_PROP(prefetch_kernel, T54_no_wait_overflows_or_is_shorter_than_the_least_pause, ()) {
    const auto failures = *rc::gen::arbitrary<unsigned>();
    const duration wish{*rc::gen::nonNegative<std::int64_t>()};
    const instant begun{duration{*rc::gen::nonNegative<std::int64_t>()}};
    const instant due = kernel.after_failure(begun, begun, failures, wish, *rc::gen::inRange(0, 1'000) / 1'000.0);
    RC_ASSERT(due >= add(begun, usual.least_pause));
    RC_ASSERT(due >= add(begun, wish));
}

TEST(prefetch_options_check, what_cannot_be_is_refused) {
    EXPECT_THAT((problems_of(prefetch_options{.refresh_at = 0.5, .jitter = 0.6})), ::testing::SizeIs(1));
    EXPECT_THAT((problems_of(prefetch_options{.base_delay = 2min})), ::testing::SizeIs(1));
    EXPECT_THAT((problems_of(prefetch_options{.refresh_at = 0.0, .jitter = 0.0, .least_pause = 0s, .workers = 0})),
                ::testing::SizeIs(3));
    EXPECT_THAT(problems_of(prefetch_options{}), ::testing::IsEmpty());
}

}  // namespace
}  // namespace cutwater
