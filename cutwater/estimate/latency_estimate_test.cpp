// The estimate that is shared, in one thread: the same as its kernel, and what it remembers of it.

#include "cutwater/estimate/latency_estimate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/estimate/kernel.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

constexpr instant noon{12h};

double ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

TEST(latency_estimate, says_what_all_but_the_slowest_take) {
    latency_estimate search{{.min_samples = 100}};
    for (int i = 1; i <= 99; ++i) search.record(i * 1ms, noon);
    EXPECT_EQ(search.percentile(0.5, noon), std::nullopt);
    search.record_censored(200ms, noon);
    const instant later = noon + 1s;
    EXPECT_NEAR(ms(search.percentile(0.9, later)->value), 90, 1.8);
    EXPECT_TRUE(search.percentile(0.995, later)->is_at_least);
}

RC_GTEST_PROP(latency_estimate, is_its_kernel_whatever_comes, ()) {
    const latency_estimate_options options{.window = 4s, .min_samples = 5};
    latency_estimate_kernel kernel{options};
    latency_estimate shared{options};
    instant now = noon;
    for (int i = 0; i < 80; ++i) {
        const duration took{*rc::gen::inRange<duration::rep>(-1, duration::rep{1} << *rc::gen::inRange(1U, 45U))};
        switch (*rc::gen::inRange(0, 8)) {
            case 0: now += duration{*rc::gen::inRange<duration::rep>(0, 1'500'000'000)}; break;
            case 1: now -= duration{*rc::gen::inRange<duration::rep>(0, 1'500'000'000)}; break;
            case 2: now += *rc::gen::element<duration>(-24h, -4s, 4s, 24h); break;
            case 3:
            case 4: kernel.record_censored(took, now), shared.record_censored(took, now); break;
            default: kernel.record(took, now), shared.record(took, now); break;
        }
        RC_ASSERT(shared.counts(now) == kernel.counts(now));
        RC_ASSERT(shared.read(0.9, now) == kernel.read(0.9, now));
    }
}

class remembered_percentile : public ::testing::Test {
public:
    void record(int how_many, duration took, instant now) {
        for (int i = 0; i < how_many; ++i) shared.record(took, now);
    }
    latency_estimate shared{{.window = 1024ms, .min_samples = 1}};  // computed once in a millisecond
};

TEST_F(remembered_percentile, is_computed_once_in_a_1024th_of_the_window) {
    record(1, 10ms, noon);
    const auto first = shared.percentile(0.99, noon);
    record(100, 500ms, noon);
    EXPECT_EQ(shared.percentile(0.99, noon + 1ms - 1ns), first);
    EXPECT_NEAR(ms(shared.percentile(0.99, noon + 1ms)->value), 500, 10);
}

TEST_F(remembered_percentile, is_computed_anew_where_time_jumps_back) {
    record(1, 10ms, noon);
    (void)shared.percentile(0.99, noon);
    record(100, 500ms, noon);
    EXPECT_NEAR(ms(shared.percentile(0.99, noon - 1ns)->value), 500, 10);
}

TEST_F(remembered_percentile, is_forgotten_with_the_window) {
    record(1, 10ms, noon);
    EXPECT_NE(shared.percentile(0.99, noon), std::nullopt);
    EXPECT_EQ(shared.percentile(0.99, noon + 2s), std::nullopt);
}

TEST_F(remembered_percentile, keeps_apart_those_who_ask_for_different_ones) {
    for (int i = 1; i <= 100; ++i) shared.record(i * 1ms, noon);
    for (const instant now : {noon, noon + 100us, noon + 10ms})
        for (const double p : {0.5, 0.9, 0.95, 0.99, 0.3, 0.2})  // two more than it remembers
            EXPECT_NEAR(ms(shared.percentile(p, now)->value), p * 100, p * 2) << p;
}

TEST_F(remembered_percentile, is_that_of_the_first_four_who_asked) {
    record(1, 10ms, noon);
    for (const double p : {0.5, 0.9, 0.95, 0.99, 0.3}) (void)shared.percentile(p, noon);
    record(100, 500ms, noon);
    for (const double p : {0.5, 0.9, 0.95, 0.99}) EXPECT_NEAR(ms(shared.percentile(p, noon)->value), 10, 0.2) << p;
    EXPECT_NEAR(ms(shared.percentile(0.3, noon)->value), 500, 10) << "is computed each time";
}

TEST_F(remembered_percentile, keeps_whether_it_is_only_a_bound) {
    shared.record_censored(10ms, noon);
    for (int again = 0; again < 2; ++again) EXPECT_TRUE(shared.percentile(0.99, noon)->is_at_least);
}

TEST(latency_estimate_options, T57_whatever_is_out_of_range_is_refused_by_name_value_and_range) {
    const auto refused = [](latency_estimate_options o) {
        return testing::refused_with<latency_estimate>(std::move(o));
    };
    EXPECT_EQ(refused({.window = 100ms - 1ns}),
              "latency_estimate \"latency\": window is 99999.999us, allowed is from 100ms to 1h");
    EXPECT_EQ(refused({.window = 1h + 1ns}),
              "latency_estimate \"latency\": window is 3600000000.001us, allowed is from 100ms to 1h");
    EXPECT_EQ(refused({.min_samples = 0}),
              "latency_estimate \"latency\": min_samples is 0, allowed is from 1 to 1000000000");
    EXPECT_EQ(refused({.window = 100ms, .min_samples = 1}), "");
    EXPECT_EQ(refused({.window = 1h, .min_samples = 1'000'000'000}), "");
}

}  // namespace
}  // namespace cutwater
