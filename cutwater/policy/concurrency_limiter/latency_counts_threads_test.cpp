#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "cutwater/policy/concurrency_limiter/latency_counts.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using latency_counts = basic_latency_counts<>;

TEST(counted_latencies, of_nothing_are_nothing) {
    latency_counts counts;
    const latency_summary all = counts.take();
    EXPECT_EQ(all.count, 0U);
    EXPECT_EQ(all.mean, 0ms);
}

TEST(counted_latencies, are_taken_once) {
    latency_counts counts;
    counts.add(10ms);
    EXPECT_EQ(counts.look().count, 1U);
    EXPECT_EQ(counts.take().count, 1U);
    EXPECT_EQ(counts.look().count, 0U);
    EXPECT_EQ(counts.take().count, 0U);
}

TEST(counted_latencies, say_how_well_their_mean_is_known) {
    latency_counts counts;
    for (int i = 0; i < 100; ++i) counts.add(10ms);
    EXPECT_NEAR(counts.take().standard_error, 0, 1e-6);
    for (int i = 0; i < 50; ++i) counts.add(10ms), counts.add(30ms);
    EXPECT_NEAR(counts.look().standard_error, 0.05, 0.002) << "a deviation of 10 ms, of a hundred, to a mean of 20";
}

TEST(counted_latencies, what_is_out_of_range_counts_as_the_nearest) {
    EXPECT_EQ(latency_counts::bin_of(-1h), 0U);
    EXPECT_EQ(latency_counts::bin_of(0ns), 0U);
    EXPECT_EQ(latency_counts::bin_of(1023ns), 0U);
    EXPECT_EQ(latency_counts::bin_of(1024ns), 0U);
    EXPECT_EQ(latency_counts::bin_of(1h), latency_counts::bins - 1);
    EXPECT_EQ(latency_counts::bin_of(forever), latency_counts::bins - 1);
    EXPECT_EQ(latency_counts::bin_of(137438953471ns), latency_counts::bins - 1);
}

RC_GTEST_PROP(counted_latencies, each_is_known_within_a_thirtieth, ()) {
    const duration d{*rc::gen::inRange<std::int64_t>(1024, 137'000'000'000)};
    const duration known = latency_counts::middle_of(latency_counts::bin_of(d));
    const double error = static_cast<double>((known - d).count()) / static_cast<double>(d.count());
    RC_ASSERT(std::abs(error) <= 0.032);
}

RC_GTEST_PROP(counted_latencies, mean_and_percentile_are_those_of_the_list_but_for_that, ()) {
    auto list = *rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(1024, 100'000'000)));
    latency_counts counts;
    double sum = 0;
    for (const auto ns : list) {
        counts.add(duration{ns});
        sum += static_cast<double>(ns);
    }
    std::ranges::sort(list);
    const latency_summary all = counts.take();
    const double mean = sum / static_cast<double>(list.size());
    RC_ASSERT(all.count == list.size());
    RC_ASSERT(std::abs(static_cast<double>(all.mean.count()) - mean) <= 0.033 * mean);
    const auto rank = (list.size() * 9 + 9) / 10 - 1;
    const auto p90 = static_cast<double>(list[rank]);
    RC_ASSERT(std::abs(static_cast<double>(all.percentile_90.count()) - p90) <= 0.033 * p90);
}

TEST(counted_latencies_threads, none_is_lost_or_counted_twice_while_others_take) {
    latency_counts counts;
    constexpr std::uint64_t each = 20'000;
    std::uint64_t taken = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 3; ++t)
            threads.emplace_back([&, t] {
                for (std::uint64_t i = 0; i < each; ++i) counts.add(std::chrono::microseconds{1 + 100 * t});
            });
        for (int i = 0; i < 500; ++i) taken += counts.take().count;
    }
    EXPECT_EQ(taken + counts.take().count, 3 * each);
}

}  // namespace
}  // namespace cutwater
