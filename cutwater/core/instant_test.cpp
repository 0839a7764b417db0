#include "cutwater/core/instant.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr duration most = duration::max();
constexpr duration least = duration::min();

static_assert(add(instant{}, 250ms) == instant{250ms}, "arithmetic on time is known to the compiler");

template <class Clock>
concept can_be_read = requires { Clock::now(); };
static_assert(!can_be_read<timeline>, "a kernel that asks for the time is not to compile");
static_assert(can_be_read<std::chrono::steady_clock>, "the check itself can tell");

TEST(instant, a_sum_of_durations_saturates_at_both_ends) {
    EXPECT_EQ(add(1s, 2s), 3s);
    EXPECT_EQ(add(most, 1ns), most);
    EXPECT_EQ(add(most, most), most);
    EXPECT_EQ(add(least, -1ns), least);
    EXPECT_EQ(add(least, least), least);
    EXPECT_EQ(add(most, least), -1ns);
    EXPECT_EQ(add(least, most), -1ns);
}

TEST(instant, never_moved_by_anything_is_never) {
    for (const duration d : {least, duration{-1s}, duration{0s}, duration{1s}, most}) EXPECT_EQ(add(never, d), never);
}

TEST(instant, no_delay_is_so_long_that_it_wraps) {
    EXPECT_EQ(add(instant{}, forever), never);
    EXPECT_EQ(add(instant{1s}, forever), never);
    EXPECT_LT(add(instant{-1s}, forever), never) << "292 years from a second before zero";
    EXPECT_EQ(add(instant::min(), least), instant::min());
}

TEST(instant, the_way_to_never_is_forever) {
    EXPECT_EQ(between(instant{}, never), forever);
    EXPECT_EQ(between(instant::min(), never), forever);
    EXPECT_EQ(between(never, never), forever) << "what has no deadline has no end, however late it is";
}

TEST(instant, a_difference_saturates_at_both_ends) {
    EXPECT_EQ(between(instant{1s}, instant{3s}), 2s);
    EXPECT_EQ(between(instant{3s}, instant{1s}), -2s);
    EXPECT_EQ(between(instant::min(), instant{1s}), most);
    EXPECT_EQ(between(instant{1s}, instant::min()), least);
    EXPECT_EQ(between(never, instant::min()), least);
}

TEST(instant, scaling_saturates_at_both_ends) {
    EXPECT_EQ(scale(100ms, 1.5), 150ms);
    EXPECT_EQ(scale(100ms, 0.0), 0s);
    EXPECT_EQ(scale(most, 2.0), most);
    EXPECT_EQ(scale(most, 1.0), most) << "the nearest double is one more than the largest count";
    EXPECT_EQ(scale(least, 2.0), least);
    EXPECT_EQ(scale(least, 1.0), least);
    EXPECT_EQ(scale(1ns, 1e300), most);
    EXPECT_EQ(scale(-1ns, 1e300), least);
}

TEST(instant, scaling_by_what_is_no_number_is_forever_and_not_undefined) {
    EXPECT_EQ(scale(1s, std::numeric_limits<double>::infinity()), forever);
    EXPECT_EQ(scale(1s, std::numeric_limits<double>::quiet_NaN()), forever);
    EXPECT_EQ(scale(0s, std::numeric_limits<double>::infinity()), forever) << "a caller that means zero says zero";
}

// ---- the same, for any numbers: against arithmetic in 128 bits ----

__extension__ using wide = __int128;

duration clamped(wide exact) {
    return duration{static_cast<duration::rep>(std::clamp(exact, wide{least.count()}, wide{most.count()}))};
}

/// Any count, and the ends of the range more often than chance would have it.
duration any_duration() {
    const auto count = *rc::gen::weightedOneOf<duration::rep>({
        {4, rc::gen::arbitrary<duration::rep>()},
        {1,
         rc::gen::element<duration::rep>(0, 1, -1, most.count(), most.count() - 1, least.count(), least.count() + 1)},
        {1, rc::gen::inRange<duration::rep>(least.count(), most.count())},
    });
    return duration{count};
}

RC_GTEST_PROP(instant_property, a_sum_is_the_exact_one_or_the_nearest_end, ()) {
    const duration a = any_duration();
    const duration b = any_duration();
    RC_ASSERT(add(a, b) == clamped(wide{a.count()} + b.count()));
    RC_ASSERT(add(a, b) == add(b, a));
}

RC_GTEST_PROP(instant_property, a_difference_is_the_exact_one_or_the_nearest_end, ()) {
    const instant from{any_duration()};
    const instant to{any_duration()};
    RC_PRE(to != never);
    RC_ASSERT(between(from, to) == clamped(wide{to.time_since_epoch().count()} - from.time_since_epoch().count()));
}

RC_GTEST_PROP(instant_property, adding_what_lies_between_leads_there, ()) {
    const instant from{any_duration()};
    const instant to{any_duration()};
    const duration way = between(from, to);
    RC_PRE(way != most && way != least && from != never);
    RC_ASSERT(add(from, way) == to);
}

RC_GTEST_PROP(instant_property, later_starts_and_longer_waits_never_end_earlier, ()) {
    std::vector<duration> d{any_duration(), any_duration()};
    std::vector<instant> t{instant{any_duration()}, instant{any_duration()}};
    std::ranges::sort(d);
    std::ranges::sort(t);
    RC_ASSERT(add(t[0], d[0]) <= add(t[1], d[1]));
}

RC_GTEST_PROP(instant_property, scaling_is_monotonic_and_keeps_the_sign, ()) {
    const duration d = any_duration();
    const double factor = *rc::gen::map(rc::gen::inRange(0, 4'000'000), [](int n) { return n / 1000.0; });
    const duration scaled = scale(d, factor);
    const auto size = [](duration of) { return std::abs(static_cast<double>(of.count())); };
    RC_ASSERT((d < duration::zero()) == (scaled < duration::zero()) || scaled == duration::zero());
    RC_ASSERT((factor >= 1.0) == (size(scaled) >= size(d)) || scaled == d);
}

}  // namespace
}  // namespace cutwater
