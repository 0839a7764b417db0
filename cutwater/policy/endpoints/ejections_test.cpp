// Who is ejected, for how long, and how traffic comes back. The cases of gRPC's proposal A50 and of grpc-go's
// internal/xds/balancer/outlierdetection/balancer_test.go and e2e_test/outlierdetection_test.go stand here with their numbers.

#include "cutwater/policy/endpoints/ejections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/policy/endpoints/kernel_test.hpp"

namespace cutwater {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using enum endpoint_end;
using enum endpoint_state;

/// Only what is compared at the end of an interval.
endpoints_options comparing(unsigned how_many, auto&& change) {
    return set_of(how_many, [&](auto& o) {
        o.consecutive_failures = 0;
        o.success_rate_factor = 0;
        o.max_failure_share = 1;
        change(o);
    });
}

std::vector<std::size_t> ejected_in(const endpoints_script& s) {
    std::vector<std::size_t> places;
    for (const endpoint_change& c : s.told)
        if (c.what == endpoint_change::kind::ejected) places.push_back(c.place);
    return places;
}

// ---- how long ----

/// How long each of several ejections lasts, in a set whose first call has drawn from `seed`.
std::vector<duration> lengths(std::uint64_t seed, double jitter) {
    endpoints_script s{
        set_of(40, [&](auto& o) { o.max_ejected = 1, o.healthy_enough = 0, o.ejection_jitter = jitter; })};
    s.dice = random_source{seed};
    (void)s.share_of(1);
    for (std::size_t i = 0; i < 40; ++i) s.fails(i);
    std::vector<duration> all;
    for (const endpoint_change& c : s.told)
        if (c.what == endpoint_change::kind::ejected) all.push_back(c.how_long);
    return all;
}

TEST(ejection_jitter, each_ejection_is_shorter_by_a_share_at_random_and_otherwise_in_another_process) {
    const std::vector<duration> ours = lengths(1, 0.2);
    ASSERT_THAT(ours, SizeIs(40));
    EXPECT_THAT(ours, Each(::testing::AllOf(::testing::Ge(24s), ::testing::Le(30s))));
    EXPECT_LT(std::ranges::min(ours), 25s);
    EXPECT_GT(std::ranges::max(ours), 29s);
    EXPECT_EQ(lengths(1, 0.2), ours) << "by the same dice the same";
    const std::vector<duration> theirs = lengths(2, 0.2);
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_NE(ours[i], theirs[i]) << i;
    EXPECT_THAT(lengths(1, 0), Each(30s));
}

// ---- success rates ----

endpoints_options by_success_rate(unsigned how_many, unsigned endpoints = 5, unsigned calls = 100,
                                  double factor = 1.9) {
    return comparing(how_many, [&](auto& o) {
        o.success_rate_factor = factor;
        o.success_rate_endpoints = endpoints;
        o.success_rate_calls = calls;
        o.max_ejected = 0.5;
    });
}

TEST(success_rate, below_mean_minus_deviations_is_ejected) {
    // 0.98 four times and 0.70: mean 0.924, deviation 0.112, so below 0.7112. Of ten such, with nine: mean 0.952, 0.084, 0.7924.
    endpoints_script s{by_success_rate(5)};
    for (std::size_t i = 0; i < 4; ++i) s.ends(i, 98, 2);
    s.ends(4, 70, 30);
    s.advance(10s);
    EXPECT_THAT(s.told, ElementsAre(endpoint_change{.what = endpoint_change::kind::ejected,
                                                    .place = 4,
                                                    .cause = ejection_cause::success_rate,
                                                    .how_long = 30s,
                                                    .in_a_row = 1,
                                                    .ejected_now = 1,
                                                    .of = 5}));
}

TEST(success_rate, at_the_threshold_is_not) {
    // 1 three times and 0: mean 0.75, deviation sqrt(3)/4. With a factor of sqrt(3) the threshold is 0, which nothing is below.
    for (const double factor : {1.7320508, 1.74, 1.72}) {
        endpoints_script s{by_success_rate(4, 4, 100, factor)};
        for (std::size_t i = 0; i < 3; ++i) s.ends(i, 100, 0);
        s.ends(3, 0, 100);
        s.advance(10s);
        EXPECT_THAT(ejected_in(s), SizeIs(factor < 1.733 ? 1 : 0)) << factor;
    }
}

TEST(success_rate, three_never_have_an_outlier_with_the_usual_factor_and_one_with_a_smaller) {
    // Of n, one that always fails is sqrt(n-1) deviations below the mean. grpc-go's end to end case has 0.05 of three, five calls each.
    for (const double factor : {1.9, 0.05}) {
        endpoints_script s{by_success_rate(3, 3, 5, factor)};
        for (std::size_t i = 0; i < 2; ++i) s.ends(i, 5, 0);
        s.ends(2, 0, 5);
        s.advance(10s);
        EXPECT_THAT(ejected_in(s), SizeIs(factor == 1.9 ? 0 : 1)) << factor;
    }
}

TEST(success_rate, is_compared_where_enough_have_enough_calls) {
    for (const unsigned busy : {4U, 5U}) {
        endpoints_script s{by_success_rate(6)};
        for (std::size_t i = 1; i < busy; ++i) s.ends(i, 100, 0);
        for (std::size_t i = busy; i < 6; ++i) s.ends(i, 99, 0);
        s.ends(0, 0, 100);
        s.advance(10s);
        EXPECT_THAT(ejected_in(s), SizeIs(busy == 5 ? 1 : 0)) << busy;
    }
}

TEST(success_rate, who_has_too_few_calls_is_neither_compared_nor_ejected) {
    endpoints_script s{by_success_rate(6)};
    for (std::size_t i = 0; i < 5; ++i) s.ends(i, 100, 0);
    s.ends(5, 0, 99);
    s.advance(10s);
    EXPECT_THAT(ejected_in(s), IsEmpty());
}

TEST(success_rate, only_the_calls_of_the_interval_count) {
    endpoints_script s{by_success_rate(5)};
    for (std::size_t i = 0; i < 4; ++i) s.ends(i, 60, 0);
    s.ends(4, 0, 60);
    s.advance(10s);
    for (std::size_t i = 0; i < 4; ++i) s.ends(i, 60, 0);
    s.ends(4, 0, 60);
    s.advance(10s);
    EXPECT_THAT(ejected_in(s), IsEmpty());
}

// ---- failure shares ----

endpoints_options by_failure_share(unsigned how_many, double share = 0.5, unsigned endpoints = 3, unsigned calls = 3) {
    return comparing(how_many, [&](auto& o) {
        o.max_failure_share = share;
        o.failure_share_endpoints = endpoints;
        o.failure_share_calls = calls;
    });
}

// grpc-go TestEjectUnejectSuccessRate and TestEjectFailureRate: three of five calls each, threshold 50 %, at least three hosts with three calls,
// ejections of 30 s and at most 300 s, at most 10 % (or 0 %) of the hosts.
TEST(failure_share, grpc_three_upstreams_that_all_succeed) {
    endpoints_script s{by_failure_share(3)};
    for (std::size_t i = 0; i < 3; ++i) s.ends(i, 5, 0);
    s.advance(10s);
    EXPECT_THAT(s.told, IsEmpty());
}
TEST(failure_share, grpc_three_upstreams_one_of_which_fails) {
    endpoints_script s{by_failure_share(3)};
    s.ends(0, 5, 0), s.ends(1, 5, 0), s.ends(2, 0, 5);
    s.advance(10s);
    EXPECT_THAT(ejected_in(s), ElementsAre(2));
    s.advance(1000s);
    EXPECT_EQ(s.states()[2], returning);
}
TEST(failure_share, grpc_three_upstreams_none_of_which_may_be_ejected) {
    endpoints_script s{set_of(3, [](auto& o) {
        o = by_failure_share(3);
        o.max_ejected = 0;
    })};
    s.ends(0, 5, 0), s.ends(1, 5, 0), s.ends(2, 0, 5);
    s.advance(10s);
    EXPECT_THAT(s.told, IsEmpty());
}
// grpc-go e2e: an only upstream that always fails is not ejected.
TEST(failure_share, grpc_an_only_upstream_stays) {
    endpoints_script s{by_failure_share(1, 0.5, 1, 2)};
    s.ends(0, 0, 10);
    s.advance(10s);
    EXPECT_THAT(s.told, IsEmpty());
}

TEST(failure_share, above_the_maximum_is_ejected_and_at_it_is_not) {
    endpoints_script s{by_failure_share(3, 0.85, 3, 50)};
    for (std::size_t i = 0; i < 2; ++i) s.ends(i, 100, 0);
    s.ends(2, 15, 85);
    s.advance(10s);
    EXPECT_THAT(ejected_in(s), IsEmpty());
    for (std::size_t i = 0; i < 2; ++i) s.ends(i, 100, 0);
    s.ends(2, 14, 86);
    s.advance(10s);
    EXPECT_THAT(ejected_in(s), ElementsAre(2));
}

TEST(failure_share, is_looked_at_where_enough_have_enough_calls) {
    endpoints_script s{by_failure_share(3, 0.5, 3, 3)};
    s.ends(0, 5, 0), s.ends(1, 2, 0), s.ends(2, 0, 5);
    s.advance(10s);
    EXPECT_THAT(ejected_in(s), IsEmpty());
}

// ---- how many, and for how long ----

TEST(ejections, no_more_than_the_share_and_one_at_least) {
    for (const auto& [share, of, may] : std::vector<std::tuple<double, unsigned, std::size_t>>{{0.1, 2, 1},
                                                                                               {0.1, 15, 1},
                                                                                               {0.1, 20, 2},
                                                                                               {0.33, 3, 1},
                                                                                               {0.34, 3, 1},
                                                                                               {0.67, 3, 2},
                                                                                               {1, 3, 3},
                                                                                               {0, 3, 0},
                                                                                               {1, 1, 1},
                                                                                               {0.1, 1, 0}}) {
        endpoints_script s{set_of(of, [&](auto& o) { o.max_ejected = share; })};
        for (std::size_t i = 0; i < of; ++i) s.fails(i);
        EXPECT_THAT(ejected_in(s), SizeIs(may)) << share << " of " << of;
    }
}

TEST(ejections, last_longer_each_time_and_less_long_again_after_good_intervals) {
    endpoints_script s{set_of(3, [](auto& o) { o.ramp = 0s; })};
    const auto length = [&] {
        s.fails(0);
        const duration d = s.told.back().how_long;
        s.advance(d - 1ns);
        EXPECT_EQ(s.states()[0], ejected);
        s.advance(1ns);
        EXPECT_EQ(s.states()[0], healthy);
        return d;
    };
    EXPECT_EQ(length(), 30s);
    EXPECT_EQ(length(), 60s);
    EXPECT_EQ(length(), 90s);
    s.advance(10s), s.advance(10s);
    EXPECT_EQ(length(), 60s) << "two of three were worked off";
    s.advance(1h);
    EXPECT_EQ(length(), 30s) << "and all of them in an hour in which nothing was sent";
}

TEST(ejections, are_never_longer_than_the_maximum) {
    for (const auto& [base, most, longest] :
         std::vector<std::tuple<duration, duration, duration>>{{30s, 300s, 300s}, {30s, 45s, 45s}, {30s, 30s, 30s}}) {
        endpoints_script s{set_of(3, [&](auto& o) { o.base_ejection = base, o.max_ejection = most; })};
        for (int i = 0; i < 15; ++i) {
            s.fails(0);
            s.advance(s.told.back().how_long);
        }
        const auto lengths = s.told;
        duration seen{};
        for (const auto& c : lengths)
            if (c.what == endpoint_change::kind::ejected) seen = std::max(seen, c.how_long);
        EXPECT_EQ(seen, longest) << to_text(base);
    }
}

TEST(ejections, time_may_jump_by_a_day) {
    endpoints_script s{set_of(3)};
    s.fails(0);
    s.advance(24h);
    EXPECT_EQ(s.states()[0], returning) << "its ramp begins when there are calls again";
    s.advance(24h);
    EXPECT_EQ(s.states()[0], healthy);
}

// ---- the way back ----

TEST(return_, T29_it_gets_a_tenth_of_its_share_and_more_with_each_tenth_of_the_ramp) {
    endpoints_script s{set_of(2)};
    s.fails(0);
    s.advance(30s);
    for (int tenth = 1; tenth <= 10; ++tenth) {
        const double share = tenth / 10.0;
        EXPECT_NEAR(s.share_of(10'000)["a"], 10'000 * share / (1 + share), 200) << tenth;
        s.advance(1s);
    }
    EXPECT_THAT(s.states(), Each(healthy));
}

TEST(return_, T29_it_has_little_also_while_few_calls_are_under_way) {
    for (const auto picker : {endpoint_picker::least_in_flight, endpoint_picker::least_latency})
        for (const unsigned of : {2U, 3U})
            for (const std::size_t under_way : {1U, 2U, 4U, 8U}) {
                endpoints_script s{set_of(of, [&](auto& o) { o.picker = picker; })};
                s.fails(0);
                for (unsigned other = 1; other < of; ++other) s.end(other, success, 10ms);
                s.advance(30s);
                s.end(0, success, 10ms);
                const double all = 100.0 / of;
                EXPECT_LE(s.share_under_way(under_way, "a"), all / 4)
                    << to_text(picker) << ", one of " << of << ", " << under_way << " under way";
            }
}

TEST(return_, T29_without_a_ramp_it_has_its_share_at_once) {
    endpoints_script s{set_of(2, [](auto& o) { o.ramp = 0s; })};
    s.fails(0);
    s.advance(30s);
    EXPECT_NEAR(s.share_of(1000)["a"], 500, 60);
}

endpoints_options all_may_go(unsigned how_many, few_healthy then) {
    return set_of(how_many, [&](auto& o) {
        o.max_ejected = 1;
        o.when_few = then;
    });
}

TEST(return_, T29_the_first_one_back_is_not_asked_for_everything) {
    endpoints_script s{all_may_go(10, few_healthy::refuse)};
    for (std::size_t i = 0; i < 10; ++i) s.fails(i), s.advance(2s);
    EXPECT_THAT(s.share_of(100), ElementsAre(Pair("refused", 100)));
    s.advance(10s);
    auto got = s.share_of(10'000);
    EXPECT_NEAR(got["a"], 10'000 * 0.1 * 0.1 / 0.5, 60) << "a tenth of a tenth, of the half that is enough";
    s.advance(2s);
    got = s.share_of(10'000);
    EXPECT_NEAR(got["a"] + got["b"], 10'000 * (0.3 + 0.1) * 0.1 / 0.5, 120);
    for (int i = 0; i < 40; ++i) s.advance(1s);
    EXPECT_THAT(s.share_of(1000), SizeIs(10)) << "and all of it when all are back";
}

TEST(return_, T29_every_one_of_all_comes_back_and_stays) {
    for (const auto then : {few_healthy::refuse, few_healthy::use_all}) {
        endpoints_script s{all_may_go(5, then)};
        for (std::size_t i = 0; i < 5; ++i) s.fails(i);
        for (int i = 0; i < 45; ++i) s.advance(1s);
        EXPECT_THAT(s.states(), Each(healthy));
        for (const auto& [address, calls] : s.share_of(1000)) EXPECT_NEAR(calls, 200, 60) << address;
    }
}

// ---- nobody left ----

TEST(panic, T32_all_are_used_where_too_few_are_healthy_and_it_is_told) {
    endpoints_script s{all_may_go(4, few_healthy::use_all)};
    s.fails(0), s.fails(1);
    EXPECT_FALSE(s.kernel.read(s.now).panics) << "half is enough";
    s.told.clear();
    s.fails(2);
    EXPECT_THAT(s.told,
                Contains(endpoint_change{.what = endpoint_change::kind::panic_began, .ejected_now = 3, .of = 4}));
    EXPECT_TRUE(s.kernel.read(s.now).panics);
    EXPECT_EQ(s.kernel.read(s.now).healthy, 0.25);
    for (const auto& [address, calls] : s.share_of(1000)) EXPECT_NEAR(calls, 250, 60) << address;
    s.told.clear();
    s.advance(30s);
    EXPECT_THAT(s.told,
                Contains(endpoint_change{.what = endpoint_change::kind::panic_ended, .ejected_now = 0, .of = 4}));
    EXPECT_FALSE(s.kernel.read(s.now).panics);
}

TEST(panic, off_calls_are_refused_that_cannot_be_carried) {
    endpoints_script s{all_may_go(4, few_healthy::refuse)};
    s.fails(0), s.fails(1);
    EXPECT_FALSE(s.share_of(1000).contains("refused"));
    s.fails(2);
    auto got = s.share_of(10'000);
    EXPECT_NEAR(got["d"], 5000, 200) << "a quarter, of the half that is enough";
    EXPECT_NEAR(got["refused"], 5000, 200);
}

TEST(panic, off_and_nobody_healthy_it_is_known_when_somebody_will_be) {
    endpoints_script s{all_may_go(2, few_healthy::refuse)};
    s.fails(0);
    s.advance(4s);
    s.fails(1);
    const auto answer = s.kernel.admit(s.now, s.dice, {});
    EXPECT_FALSE(answer.sent);
    EXPECT_EQ(answer.retry_after, duration{26s});
}

TEST(panic, never_where_no_share_is_too_small) {
    endpoints_script s{set_of(2, [](auto& o) { o.max_ejected = 1, o.healthy_enough = 0; })};
    s.fails(0);
    EXPECT_THAT(s.share_of(100), ElementsAre(Key("b")));
    s.fails(1);
    EXPECT_THAT(s.share_of(100), ElementsAre(Key("refused")));
}

}  // namespace
}  // namespace cutwater
