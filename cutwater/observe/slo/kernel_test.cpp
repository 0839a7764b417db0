#include "cutwater/observe/slo/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::DoubleNear;

constexpr instant start{1000h};

// ---- a window ----

TEST(slo_ring, forgets_what_is_older_than_its_window) {
    slo_ring hour{1h};
    hour.add({.good = 9, .bad = 1}, start);
    EXPECT_EQ(hour.total(start + 59min), (slo_counts{9, 1}));
    EXPECT_EQ(hour.total(start + 60min), slo_counts{});
}

TEST(slo_ring, a_gap_leaves_nothing_and_takes_no_longer_than_a_step) {
    slo_ring minute{1min};
    minute.add({.good = 5, .bad = 0}, start);
    minute.add({.good = 1, .bad = 0}, start + 100'000h);
    EXPECT_EQ(minute.total(start + 100'000h), (slo_counts{1, 0}));
}

TEST(slo_ring, T75_an_instant_that_lies_before_another_counts_as_that_other) {
    slo_ring minute{1min};
    minute.add({.good = 1, .bad = 0}, start);
    minute.add({.good = 0, .bad = 1}, start - 1h);
    EXPECT_EQ(minute.total(start - 1h), (slo_counts{1, 1}));
    EXPECT_EQ(minute.total(start), (slo_counts{1, 1}));
}

TEST(slo_ring, is_right_before_the_beginning_of_time_as_well) {
    slo_ring minute{1min};
    const instant before{-90s};
    minute.add({.good = 1, .bad = 0}, before);
    minute.add({.good = 1, .bad = 0}, before + 30s);
    EXPECT_EQ(minute.total(before + 30s).good, 2);
    EXPECT_EQ(minute.total(before + 60s).good, 1);
}

/// Against a list of everything that ever came.
RC_GTEST_PROP(slo_ring, has_what_came_in_its_last_59_or_60_steps, ()) {
    const auto pauses = *rc::gen::container<std::vector<int>>(
        rc::gen::weightedOneOf<int>({{10, rc::gen::inRange(0, 30)}, {1, rc::gen::inRange(0, 4000)}}));
    slo_ring hour{1h};
    instant now = start;
    std::deque<instant> came;
    for (const int seconds : pauses) {
        now += std::chrono::seconds{seconds};
        hour.add({.good = 1, .bad = 0}, now);
        came.push_back(now);
        const auto within = [&](duration d) {
            return std::ranges::count_if(came, [&](instant t) { return now - t < d; });
        };
        const std::int64_t total = hour.total(now).good;
        RC_ASSERT(total >= within(59min));
        RC_ASSERT(total <= within(60min));
    }
}

// ---- budget and burn rate ----

slo_options orders(double target = 0.999) { return {.name = "orders", .target = target, .min_calls = 20}; }

TEST(slo_kernel, nothing_is_spent_before_anything_has_happened) {
    const slo_kernel kernel{orders()};
    EXPECT_EQ(kernel.budget_left(start), 1);
    EXPECT_EQ(kernel.burn_rate(slo_window::hour, start), 0);
}

TEST(slo_kernel, a_burn_rate_is_the_bad_share_over_the_share_that_may_be) {
    slo_kernel kernel{orders(0.99)};
    kernel.count({.good = 95, .bad = 5}, start);
    EXPECT_THAT(kernel.burn_rate(slo_window::five_minutes, start), DoubleNear(5, 1e-9));
    EXPECT_THAT(kernel.burn_rate(slo_window::three_days, start), DoubleNear(5, 1e-9));
    EXPECT_THAT(kernel.budget_left(start), DoubleNear(-4, 1e-9)) << "overspent";
}

TEST(slo_kernel, the_budget_comes_back_when_what_was_bad_leaves_the_window) {
    slo_kernel kernel{{.name = "orders", .target = 0.9, .window = 24h * 7}};
    kernel.count({.good = 95, .bad = 5}, start);
    EXPECT_THAT(kernel.budget_left(start + 24h), DoubleNear(0.5, 1e-9));
    EXPECT_EQ(kernel.budget_left(start + 24h * 7), 1);
}

TEST(slo_kernel, a_degraded_result_that_is_told_before_its_call_ends_is_no_call_less) {
    slo_kernel kernel{orders()};
    kernel.count({.good = -1, .bad = 1}, start);
    EXPECT_EQ(kernel.counts(slo_window::hour, start).bad_share(), 1);
    kernel.count({.good = 1, .bad = 0}, start);
    EXPECT_EQ(kernel.counts(slo_window::hour, start).all(), 1);
}

// ---- alerts ----

/// A service that has so many calls a minute, of which a share is bad.
class played : public ::testing::Test {
protected:
    /// Judges each minute, and remembers what has changed.
    void play(duration for_so_long, double bad_share, std::int64_t per_minute = 1'000'000) {
        const auto bad = static_cast<std::int64_t>(bad_share * static_cast<double>(per_minute));
        for (const instant end = now + for_so_long; now < end; now += 1min) {
            kernel.count({.good = per_minute - bad, .bad = bad}, now);
            for (const slo_change& each : kernel.judge(now)) changed.push_back(each);
        }
    }
    [[nodiscard]] bool is_on(std::size_t rule) const { return kernel.alerts().at(rule).is_on; }

    slo_kernel kernel{orders()};
    instant now = start;
    std::vector<slo_change> changed;
};

TEST_F(played, a_service_as_bad_as_it_may_be_never_alerts) {
    play(80h, 0.000999);
    EXPECT_THAT(changed, ::testing::IsEmpty());
    EXPECT_GT(kernel.budget_left(now), 0);
}

TEST_F(played, each_rule_begins_above_its_burn_rate_and_ends_soon_after_it_is_over) {
    for (std::size_t i = 0; i < slo_rules.size(); ++i) {
        kernel = slo_kernel{orders()};
        const slo_rule& rule = slo_rules[i];
        const duration over = length_of(rule.over, kernel.options());
        const duration still = length_of(rule.still, kernel.options());
        play(over, 0);
        EXPECT_FALSE(is_on(i)) << to_text(rule.over);
        play(over * 2 / 3, 1.8 * rule.burn * 0.001);
        EXPECT_TRUE(is_on(i)) << to_text(rule.over);
        play(still, 0);
        EXPECT_FALSE(is_on(i)) << to_text(rule.over) << " is on long after it was over";
    }
}

TEST_F(played, an_outage_pages_within_minutes) {
    play(24h, 0);
    changed.clear();
    play(2min, 1);
    ASSERT_FALSE(changed.empty());
    EXPECT_EQ(changed.front().alert.rule.severity, slo_severity::page);
    EXPECT_TRUE(kernel.is_on(slo_severity::page));
}

TEST_F(played, a_moment_that_is_over_pages_nobody) {
    play(24h, 0);
    play(1min, 0.5);
    play(10min, 0);
    changed.clear();
    play(10min, 0);
    EXPECT_FALSE(kernel.is_on(slo_severity::page));
}

TEST_F(played, an_alert_that_ends_says_how_long_it_was_on) {
    play(2h, 0);
    play(30min, 0.5);
    play(2h, 0);
    const auto ended = std::ranges::find_if(
        changed, [](const slo_change& c) { return !c.alert.is_on && c.alert.rule.over == slo_window::hour; });
    ASSERT_NE(ended, changed.end());
    EXPECT_GE(ended->lasted, 25min);
    EXPECT_LE(ended->lasted, 35min);
}

TEST_F(played, a_few_calls_are_no_reason_to_wake_anybody) {
    play(1h, 1, 0);
    kernel.count({.good = 0, .bad = 19}, now);
    EXPECT_TRUE(kernel.judge(now).empty());
    kernel.count({.good = 0, .bad = 1}, now);
    EXPECT_FALSE(kernel.judge(now).empty());
}

TEST_F(played, T22_a_target_that_is_too_low_for_a_rate_can_still_alert) {
    kernel = slo_kernel{orders(0.9)};  // the most that a burn rate can be is 10
    play(2h, 0.85);
    EXPECT_FALSE(is_on(0));
    play(2h, 0.95);
    EXPECT_TRUE(is_on(0));
}

/// Whatever comes, a page that is on is one whose short window burns: nobody is woken for what is over.
RC_GTEST_PROP(slo_kernel, what_is_on_still_goes_on, ()) {
    const auto shares = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1001));
    slo_kernel kernel{orders(0.99)};
    instant now = start;
    for (const int permille : shares) {
        kernel.count({.good = 1000 - permille, .bad = permille}, now);
        (void)kernel.judge(now);
        for (const slo_alert& each : kernel.alerts()) {
            const double most = each.rule.threshold(kernel.options().allowance());
            RC_ASSERT(!each.is_on || kernel.burn_rate(each.rule.still, now) > most);
        }
        now += 1min;
    }
}

}  // namespace
}  // namespace cutwater
