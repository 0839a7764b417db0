#include "cutwater/health/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <vector>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using enum health_status;

constexpr instant noon{1000h};
constexpr health_thresholds two_and_three{.worse_after = 2, .better_after = 3, .stale_after = 1min};

/// The status after each of these results, a second apart.
std::vector<health_status> play(const std::vector<health_status>& said, health_thresholds limits = two_and_three) {
    health_kernel one{limits, noon};
    std::vector<health_status> seen;
    instant now = noon;
    for (const health_status each : said) {
        now = add(now, 1s);
        (void)one.report(each, now);
        seen.push_back(one.status(now));
    }
    return seen;
}
using all = std::vector<health_status>;

TEST(health_kernel, is_unhealthy_before_it_knows_and_believes_the_first_result) {
    health_kernel one{two_and_three, noon};
    EXPECT_EQ(one.status(noon), unhealthy);
    EXPECT_FALSE(one.has_result());
    EXPECT_TRUE(one.report(healthy, noon));
    EXPECT_EQ(one.status(noon), healthy);
}

TEST(health_kernel, moves_when_enough_results_in_a_row_agree) {
    EXPECT_EQ(play({healthy, unhealthy, unhealthy}), (all{healthy, healthy, unhealthy}));
    EXPECT_EQ(play({unhealthy, healthy, healthy, healthy}), (all{unhealthy, unhealthy, unhealthy, healthy}));
}

TEST(health_kernel, a_result_that_says_what_the_status_is_ends_the_row) {
    EXPECT_EQ(play({healthy, unhealthy, healthy, unhealthy, unhealthy}),
              (all{healthy, healthy, healthy, healthy, unhealthy}));
}

TEST(health_kernel, goes_only_as_far_as_all_of_the_row_agree) {
    EXPECT_EQ(play({healthy, unhealthy, degraded}).back(), degraded);
    EXPECT_EQ(play({healthy, degraded, unhealthy}).back(), degraded);
    EXPECT_EQ(play({unhealthy, healthy, degraded, healthy}).back(), degraded);
    EXPECT_EQ(play({degraded, unhealthy, healthy, unhealthy}).back(), degraded) << "in both directions is no row";
}

TEST(health_kernel, says_since_when_it_is_what_it_is) {
    health_kernel one{two_and_three, noon};
    (void)one.report(healthy, noon + 1s);
    (void)one.report(healthy, noon + 2s);
    EXPECT_EQ(one.since(noon + 2s), noon + 1s);
    (void)one.report(unhealthy, noon + 3s);
    (void)one.report(unhealthy, noon + 4s);
    EXPECT_EQ(one.since(noon + 4s), noon + 4s);
}

TEST(health_kernel, a_result_that_is_too_old_is_none) {
    health_kernel one{two_and_three, noon};
    (void)one.report(healthy, noon);
    EXPECT_EQ(one.status(noon + 1min), healthy);
    EXPECT_EQ(one.status(noon + 1min + 1ns), unhealthy);
    EXPECT_EQ(one.since(noon + 5min), noon + 1min);
}

TEST(health_kernel, the_first_result_after_one_that_was_too_old_decides_at_once) {
    health_kernel one{two_and_three, noon};
    (void)one.report(healthy, noon);
    EXPECT_FALSE(one.report(unhealthy, noon + 5min)) << "it was that already";
    EXPECT_EQ(one.status(noon + 5min), unhealthy);
    EXPECT_EQ(one.since(noon + 5min), noon + 1min);
    EXPECT_TRUE(one.report(degraded, noon + 10min));
    EXPECT_EQ(one.status(noon + 10min), degraded);
    EXPECT_EQ(one.since(noon + 10min), noon + 10min);
    (void)one.report(unhealthy, noon + 10min + 1s);
    EXPECT_TRUE(one.report(healthy, noon + 15min));
    EXPECT_EQ(one.status(noon + 15min), healthy);
    (void)one.report(unhealthy, noon + 15min + 1s);
    EXPECT_EQ(one.status(noon + 15min + 1s), healthy) << "a row that was begun before does not count";
}

TEST(health_kernel, is_never_worse_than_its_worst) {
    health_kernel one{{.worse_after = 1, .better_after = 1, .stale_after = 1min, .worst = degraded}, noon};
    EXPECT_EQ(one.status(noon), degraded);
    EXPECT_TRUE(one.report(healthy, noon));
    EXPECT_TRUE(one.report(unhealthy, noon + 1s));
    EXPECT_EQ(one.status(noon + 1s), degraded);
    EXPECT_EQ(one.since(noon + 5min), noon + 1s) << "too old, and what it was before";
    EXPECT_FALSE(one.report(unhealthy, noon + 5min)) << "it was that already";
    EXPECT_EQ(one.since(noon + 5min), noon + 1s);
}

RC_GTEST_PROP(health_kernel, the_status_never_changes_without_a_row_that_agrees, (const std::vector<unsigned>& drawn)) {
    const unsigned worse = *rc::gen::inRange(1U, 5U);
    const unsigned better = *rc::gen::inRange(1U, 5U);
    health_kernel one{{.worse_after = worse, .better_after = better}, noon};
    std::vector<health_status> said;
    std::optional<health_status> status;
    for (const unsigned each : drawn) {
        said.push_back(static_cast<health_status>(each % 3));
        (void)one.report(said.back(), noon);
        const health_status is = one.status(noon);
        if (status && is != *status) {
            const unsigned row = is > *status ? worse : better;
            RC_ASSERT(said.size() > row);
            for (unsigned back = 0; back < row; ++back) {
                const health_status heard = said[said.size() - 1 - back];
                RC_ASSERT((is > *status ? heard >= is : heard <= is));
            }
        }
        status = is;
    }
}

health_status of(const std::vector<std::pair<health_status, check_importance>>& parts) {
    health_tally tally;
    for (const auto& [s, i] : parts) tally.add(s, i);
    return tally.status();
}
constexpr auto critical = check_importance::critical;
constexpr auto normal = check_importance::normal;
constexpr auto optional = check_importance::optional;

TEST(health_tally, is_the_worst_that_what_counts_allows) {
    EXPECT_EQ(of({}), healthy);
    EXPECT_EQ(of({{healthy, normal}, {healthy, critical}}), healthy);
    EXPECT_EQ(of({{healthy, normal}, {unhealthy, normal}}), degraded);
    EXPECT_EQ(of({{healthy, normal}, {degraded, critical}}), degraded);
    EXPECT_EQ(of({{unhealthy, normal}, {unhealthy, normal}}), unhealthy) << "none works";
    EXPECT_EQ(of({{degraded, normal}, {unhealthy, normal}}), degraded) << "one does";
    EXPECT_EQ(of({{healthy, normal}, {unhealthy, critical}}), unhealthy);
    EXPECT_EQ(of({{healthy, normal}, {unhealthy, optional}}), healthy);
    EXPECT_EQ(of({{unhealthy, optional}}), healthy);
}

TEST(leaving_rule, by_default_nobody_leaves) {
    EXPECT_EQ(leaving_rule{}.leaves_at(noon, 7), never);
    EXPECT_EQ((leaving_rule{readiness_effect::own, 1h, 1h}.leaves_at(noon, 7)), noon);
}

RC_GTEST_PROP(leaving_rule, who_shares_leaves_in_its_time_and_the_same_one_at_the_same, (std::uint64_t seed)) {
    const leaving_rule rule{readiness_effect::shared, 30s, 5min};
    const instant at = rule.leaves_at(noon, seed);
    RC_ASSERT(at >= noon + 30s);
    RC_ASSERT(at <= noon + 30s + 5min);
    RC_ASSERT(at == rule.leaves_at(noon, seed));
    RC_ASSERT(rule.leaves_at(never, seed) == never);
}

}  // namespace
}  // namespace cutwater
