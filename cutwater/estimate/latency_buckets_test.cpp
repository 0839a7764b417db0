// Which latencies share a bucket, and how near its value is to them.

#include "cutwater/estimate/latency_buckets.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using buckets = latency_buckets;

TEST(latency_buckets, reach_from_half_a_microsecond_to_more_than_an_hour) {
    EXPECT_LE(buckets::shortest, 1us);
    EXPECT_GE(buckets::longest, 1h);
    EXPECT_EQ(buckets::of(buckets::shortest), 0U);
    EXPECT_EQ(buckets::of(buckets::longest), buckets::count - 1);
}

TEST(latency_buckets, what_is_beyond_either_end_is_in_the_last_one_there) {
    EXPECT_EQ(buckets::of(buckets::shortest - 1ns), 0U);
    EXPECT_EQ(buckets::of(0ns), 0U);
    EXPECT_EQ(buckets::of(duration::min()), 0U);
    EXPECT_EQ(buckets::of(buckets::longest + 1ns), buckets::count - 1);
    EXPECT_EQ(buckets::of(forever), buckets::count - 1);
}

TEST(latency_buckets, each_follows_upon_the_one_before) {
    std::size_t last = 0;
    for (duration d = buckets::shortest; d <= 2ms; d += 1ns) {
        const std::size_t b = buckets::of(d);
        ASSERT_TRUE(b == last || b == last + 1) << d.count();
        last = b;
    }
    for (std::size_t b = 1; b < buckets::count; ++b) ASSERT_GT(buckets::value_of(b), buckets::value_of(b - 1));
}

TEST(latency_buckets, the_value_of_each_is_in_it) {
    for (std::size_t b = 0; b < buckets::count; ++b) ASSERT_EQ(buckets::of(buckets::value_of(b)), b);
}

double error_of(duration d) {
    const auto ns = static_cast<double>(d.count());
    return std::abs(static_cast<double>(buckets::value_of(buckets::of(d)).count()) - ns) / ns;
}

TEST(latency_buckets, no_latency_up_to_two_milliseconds_is_further_from_its_value_than_two_percent) {
    for (duration d = buckets::shortest; d <= 2ms; d += 1ns) ASSERT_LE(error_of(d), 0.02) << d.count();
}

RC_GTEST_PROP(latency_buckets, no_latency_is_further_from_its_value_than_two_percent, ()) {
    const auto bits = *rc::gen::inRange(10U, 42U);
    const duration d{*rc::gen::inRange<duration::rep>(duration::rep{1} << (bits - 1), duration::rep{1} << bits)};
    RC_ASSERT(error_of(d) <= 0.02);
    if (d > 100us) RC_ASSERT(error_of(d) <= buckets::relative_error * 1.001);
}

}  // namespace
}  // namespace cutwater
