// Percentiles of what was counted, held against the samples themselves.

#include "cutwater/estimate/latency_counts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "cutwater/core/random.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr double error = 0.02;  // that is stated

duration of_ns(double ns) { return duration{static_cast<duration::rep>(ns)}; }
double ns(duration d) { return static_cast<double>(d.count()); }

struct distribution {
    std::string name;
    std::function<duration(random_source&)> draw;
};

const std::vector<distribution>& distributions() {
    static const std::vector<distribution> all{
        {"constant", [](random_source&) { return 37ms; }},
        {"uniform", [](random_source& r) { return of_ns(1e6 + 9e6 * r.unit()); }},
        {"exponential", [](random_source& r) { return of_ns(1e3 + -2e7 * std::log1p(-r.unit())); }},
        {"log_normal", [](random_source& r) { return of_ns(std::lognormal_distribution{std::log(1e7), 0.9}(r)); }},
        {"bimodal",
         [](random_source& r) { return of_ns(r.unit() < 0.97 ? 2e6 + 1e5 * r.unit() : 4e8 + 1e8 * r.unit()); }},
        {"pareto", [](random_source& r) { return of_ns(5e6 / std::pow(1.0 - r.unit(), 1.0 / 1.2)); }},
        {"microseconds", [](random_source& r) { return of_ns(1e3 + 5e3 * r.unit()); }},
    };
    return all;
}

/// The smallest with at least a share `p` up to it.
duration exact(std::vector<duration> all, double p) {
    std::ranges::sort(all);
    const double rank = std::ceil(p * static_cast<double>(all.size()) - 1e-6);
    return all[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

class of_distribution : public ::testing::TestWithParam<distribution> {};
INSTANTIATE_TEST_SUITE_P(all, of_distribution, ::testing::ValuesIn(distributions()),
                         [](const auto& of) { return of.param.name; });

TEST_P(of_distribution, each_percentile_is_within_the_stated_error_of_the_exact_one) {
    random_source dice{7};
    for (const std::size_t n : {1U, 2U, 99U, 100U, 101U, 1000U, 20'000U}) {
        std::vector<duration> all(n);
        latency_counts seen;
        for (duration& d : all) seen.add(d = std::min(GetParam().draw(dice), latency_buckets::longest));
        for (const double p : {0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
            const latency_reading r = read_counts(seen, p, 1);
            ASSERT_EQ(r.samples, n);
            ASSERT_FALSE(r.percentile->is_at_least);
            ASSERT_NEAR(ns(r.percentile->value) / ns(exact(all, p)), 1.0, error) << p << " of " << n;
        }
    }
}

TEST_P(of_distribution, a_limit_that_cuts_the_slow_ones_does_not_move_what_lies_below_it) {
    random_source dice{11};
    std::vector<duration> all(20'000);
    for (duration& d : all) d = std::min(GetParam().draw(dice), latency_buckets::longest);
    for (const double cut_from : {0.6, 0.8, 0.93}) {
        latency_counts seen;
        const duration limit = exact(all, cut_from);
        for (const duration d : all) d < limit ? seen.add(d) : seen.add_cut(limit);
        for (const double p : {0.3, 0.55, 0.9, 0.99}) {
            const auto got = *read_counts(seen, p, 1).percentile;
            const duration true_one = exact(all, p);
            EXPECT_EQ(got.is_at_least, true_one >= limit) << p << " cut from " << cut_from;
            EXPECT_NEAR(ns(got.value) / ns(std::min(true_one, limit)), 1.0, error) << p << " cut from " << cut_from;
        }
    }
}

/// Of a mixture of limits, as when a limit moves: what each was cut at is by chance, and says nothing of how long it takes.
TEST_P(of_distribution, limits_that_move_leave_a_percentile_that_enough_have_passed) {
    random_source dice{13};
    std::vector<duration> all(60'000);
    for (duration& d : all) d = std::min(GetParam().draw(dice), latency_buckets::longest);
    const duration shorter = exact(all, 0.5) * 9 / 10;
    const duration longer = exact(all, 1.0) + 1ns;
    latency_counts seen;
    for (const duration d : all) {
        const duration limit = dice.unit() < 0.5 ? shorter : longer;
        d < limit ? seen.add(d) : seen.add_cut(limit);
    }
    for (const double p : {0.3, 0.75, 0.9, 0.95}) {
        const auto got = *read_counts(seen, p, 1).percentile;
        EXPECT_FALSE(got.is_at_least);
        EXPECT_NEAR(ns(got.value) / ns(exact(all, p)), 1.0, 0.06) << p << ": by chance 4 % more";
    }
}

TEST(latency_counts, taken_for_their_whole_length_the_cut_ones_would_have_dragged_it_down) {
    latency_counts seen;
    latency_counts naive;
    for (int i = 0; i < 90; ++i) seen.add(10ms), naive.add(10ms);
    for (int i = 0; i < 8; ++i) seen.add_cut(20ms), naive.add(20ms);
    for (int i = 0; i < 2; ++i) seen.add(900ms), naive.add(900ms);
    EXPECT_NEAR(ns(read_counts(naive, 0.95, 1).percentile->value), 20e6, 4e5);
    EXPECT_NEAR(ns(read_counts(seen, 0.95, 1).percentile->value), 900e6, 18e6);
}

TEST(latency_counts, the_textbooks_example_comes_out_as_in_the_textbook) {
    // Freireich et al. (1963), remission in weeks under 6-MP, as in Cox and Oakes: S is 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448
    latency_counts seen;
    for (const int ended : {6, 6, 6, 7, 10, 13, 16, 22, 23}) seen.add(ended * 1s);
    for (const int cut : {6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35}) seen.add_cut(cut * 1s);
    const auto at = [&](double survival) { return *read_counts(seen, 1 - survival, 1).percentile; };
    EXPECT_NEAR(ns(at(0.858).value), 6e9, 0.12e9);
    EXPECT_NEAR(ns(at(0.856).value), 7e9, 0.14e9);
    EXPECT_NEAR(ns(at(0.806).value), 10e9, 0.2e9);
    EXPECT_NEAR(ns(at(0.691).value), 13e9, 0.26e9);
    EXPECT_NEAR(ns(at(0.626).value), 22e9, 0.44e9);
    EXPECT_NEAR(ns(at(0.449).value), 23e9, 0.46e9);
    EXPECT_NEAR(ns(at(0.447).value), 35e9, 0.7e9);
    EXPECT_TRUE(at(0.447).is_at_least);
    EXPECT_FALSE(at(0.449).is_at_least);
}

TEST(latency_counts, where_it_lies_beyond_all_that_ended_it_is_at_least_the_longest) {
    latency_counts seen;
    for (int i = 0; i < 98; ++i) seen.add(10ms);
    seen.add_cut(50ms), seen.add_cut(80ms);
    const auto p99 = *read_counts(seen, 0.99, 1).percentile;
    EXPECT_TRUE(p99.is_at_least);
    EXPECT_NEAR(ns(p99.value), 80e6, 16e5);
    EXPECT_FALSE(read_counts(seen, 0.98, 1).percentile->is_at_least);
}

TEST(latency_counts, where_all_were_cut_off_it_is_at_least_that) {
    latency_counts seen;
    seen.add_cut(80ms);
    EXPECT_TRUE(read_counts(seen, 0.01, 1).percentile->is_at_least);
}

TEST(latency_counts, of_those_in_one_bucket_the_ended_come_first) {
    latency_counts seen;
    seen.add(10ms), seen.add_cut(10ms);
    EXPECT_FALSE(read_counts(seen, 0.5, 1).percentile->is_at_least);
    EXPECT_TRUE(read_counts(seen, 0.51, 1).percentile->is_at_least);
}

TEST(latency_counts, what_takes_longer_than_can_be_told_is_at_least_that) {
    latency_counts seen;
    seen.add(24h);
    const auto p50 = *read_counts(seen, 0.5, 1).percentile;
    EXPECT_TRUE(p50.is_at_least);
    EXPECT_GE(p50.value, 1h);
}

TEST(latency_counts, below_so_many_samples_it_says_nothing) {
    latency_counts seen;
    EXPECT_EQ(read_counts(seen, 0.5, 0).percentile, std::nullopt) << "none is never enough";
    seen.add(10ms);
    EXPECT_EQ(read_counts(seen, 0.5, 2), (latency_reading{.samples = 1}));
    seen.add_cut(10ms);
    EXPECT_NE(read_counts(seen, 0.5, 2).percentile, std::nullopt);
    EXPECT_EQ(read_counts(seen, 0.5, 2).censored_share(), 0.5);
    EXPECT_EQ(latency_reading{}.censored_share(), 0.0);
}

// ---- against the estimator over the samples themselves ----

struct sample {
    duration took{};
    bool is_cut = false;
};

/// Where the product over the sorted samples has come down to 1 - p; nothing where it never does.
std::optional<duration> kaplan_meier(std::vector<sample> all, double p) {
    std::ranges::sort(
        all, [](const sample& a, const sample& b) { return a.took != b.took ? a.took < b.took : a.is_cut < b.is_cut; });
    double longer = 1;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].is_cut) continue;
        longer *= 1.0 - 1.0 / static_cast<double>(all.size() - i);
        if (longer <= (1 - p) * (1 + 1e-9) + 1e-12) return all[i].took;
    }
    return {};
}

RC_GTEST_PROP(latency_counts, a_percentile_is_never_smaller_than_the_estimators_less_the_stated_error, ()) {
    random_source dice{*rc::gen::arbitrary<std::uint64_t>()};
    const auto& from = *rc::gen::elementOf(distributions());
    const double cut_share = *rc::gen::element(0.0, 0.01, 0.1, 0.5, 1.0);
    std::vector<sample> all(*rc::gen::inRange<std::size_t>(1, 400));
    latency_counts seen;
    for (sample& s : all) {
        s = {.took = std::min(from.draw(dice), latency_buckets::longest), .is_cut = dice.unit() < cut_share};
        s.is_cut ? seen.add_cut(s.took) : seen.add(s.took);
    }
    const double p = *rc::gen::element(0.1, 0.5, 0.9, 0.99, 1.0);
    const auto got = *read_counts(seen, p, 1).percentile;
    const auto exact_one = kaplan_meier(all, p);
    if (!exact_one) {
        RC_ASSERT(got.is_at_least);
        const duration longest = std::ranges::max(all, {}, &sample::took).took;
        RC_ASSERT(std::abs(ns(got.value) / ns(longest) - 1) <= error);
    } else {
        RC_ASSERT(ns(got.value) >= ns(*exact_one) * (1 - error));
        if (cut_share == 0) RC_ASSERT(ns(got.value) <= ns(*exact_one) * (1 + error));
    }
}

RC_GTEST_PROP(latency_counts, a_longer_percentile_is_no_smaller, ()) {
    random_source dice{*rc::gen::arbitrary<std::uint64_t>()};
    latency_counts seen;
    for (int i = 0; i < 200; ++i) {
        const duration d = distributions()[3].draw(dice);
        dice.unit() < 0.3 ? seen.add_cut(d) : seen.add(d);
    }
    duration last{};
    for (double p = 0.05; p <= 1; p += 0.05) {
        const duration value = read_counts(seen, p, 1).percentile->value;
        RC_ASSERT(value >= last);
        last = value;
    }
}

}  // namespace
}  // namespace cutwater
