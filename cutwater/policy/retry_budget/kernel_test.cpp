// What is right for a retry budget, as a script that can be read: each mode by hand and by the vectors of those who had it first.

#include "cutwater/policy/retry_budget/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

retry_budget_options by_ratio(double ratio, double min_per_second = 0) {
    return {.ratio = ratio, .min_per_second = min_per_second};
}

/// How many further attempts are paid for at once.
unsigned drain(retry_budget_kernel& k, instant now) {
    unsigned paid = 0;
    while (k.try_charge(charge_cause::failure, now)) ++paid;
    return paid;
}

// ---- ratio ----

TEST(budget_ratio, pays_for_its_share_of_the_originals) {
    retry_budget_kernel k{by_ratio(0.2)};
    for (int i = 0; i < 4; ++i) k.count_original(noon);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon)) << "four fifths of one";
    k.count_original(noon);
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon));
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon));
}

TEST(budget_ratio, is_exact_where_a_double_is_not) {
    retry_budget_kernel k{by_ratio(0.29)};  // 0.29 * 100 is less than 29
    k.count_originals(100, noon);
    EXPECT_EQ(drain(k, noon), 29U);
}

TEST(budget_ratio, T61_further_attempts_neither_lessen_nor_enlarge_it) {
    retry_budget_kernel k{by_ratio(0.5)};
    k.count_originals(100, noon);
    EXPECT_EQ(drain(k, noon), 50U) << "of originals, whatever else is going on";
    k.count_originals(2, noon);
    EXPECT_EQ(drain(k, noon), 1U);
}

TEST(budget_ratio, an_original_pays_for_one_window_and_not_longer) {
    retry_budget_kernel k{by_ratio(0.5)};
    k.count_originals(10, noon);
    EXPECT_EQ(k.balance(noon + 10s - 1ns), 5.0) << "noon is where a bucket begins";
    EXPECT_EQ(k.balance(noon + 10s), 0.0);
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon + 10s - 1ns));
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon + 10s));
}

TEST(budget_ratio, an_original_pays_once_and_the_oldest_pays_first) {
    retry_budget_kernel k{by_ratio(1)};
    k.count_originals(10, noon);
    k.count_originals(10, noon + 5s);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(k.try_charge(charge_cause::failure, noon + 9s));
    EXPECT_EQ(drain(k, noon + 14s), 10U) << "those of noon have paid, and those of 5 s are left";
    EXPECT_EQ(drain(k, noon + 14s), 0U);
}

TEST(budget_ratio, what_is_used_up_comes_again_evenly_and_not_a_window_later_all_at_once) {
    retry_budget_kernel k{by_ratio(0.2)};
    for (int s = 0; s < 10; ++s) k.count_originals(100, noon + s * 1s);
    EXPECT_EQ(drain(k, noon + 9s), 200U) << "of a window";
    for (int s = 10; s < 40; ++s) {
        k.count_originals(100, noon + s * 1s);
        EXPECT_EQ(drain(k, noon + s * 1s), 20U) << s;
    }
}

TEST(budget_ratio, a_further_attempt_is_put_together_from_several_buckets) {
    retry_budget_kernel k{by_ratio(0.25)};
    for (int s = 0; s < 4; ++s) k.count_original(noon + s * 1s);
    const auto paid = k.try_charge(charge_cause::failure, noon + 3s);
    ASSERT_TRUE(paid);
    k.refund(*paid);
    EXPECT_EQ(k.balance(noon + 9s), 1.0);
    EXPECT_EQ(k.balance(noon + 10s), 0.0) << "as long as the oldest of them";
}

TEST(budget_ratio, T60_what_is_refunded_is_there_again) {
    retry_budget_kernel k{by_ratio(0.1)};
    k.count_originals(10, noon);
    const auto paid = k.try_charge(charge_cause::failure, noon);
    ASSERT_TRUE(paid);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon + 5s));
    k.refund(*paid);
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon + 5s));
}

TEST(budget_ratio, a_refund_that_comes_when_its_bucket_has_passed_changes_nothing) {
    retry_budget_kernel k{by_ratio(0.1)};
    k.count_originals(10, noon);
    const auto early = k.try_charge(charge_cause::failure, noon);
    k.count_originals(10, noon + 10s);
    const auto late = k.try_charge(charge_cause::failure, noon + 10s);
    ASSERT_TRUE(early && late);
    k.refund(*early);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon + 10s));
    k.refund(*late);
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon + 10s));
}

TEST(budget_ratio, the_floor_pays_where_there_are_no_originals) {
    retry_budget_kernel k{by_ratio(0.2, 3)};
    EXPECT_EQ(k.balance(noon), 3.0);
    EXPECT_EQ(drain(k, noon), 3U) << "at once what comes in a second";
    EXPECT_EQ(drain(k, noon + 333ms), 0U);
    EXPECT_EQ(drain(k, noon + 334ms), 1U);
    EXPECT_EQ(drain(k, noon + 1h), 3U) << "and no more, however long nobody came";
}

TEST(budget_ratio, a_floor_below_one_a_second_gives_one_after_a_while) {
    retry_budget_kernel k{by_ratio(0, 0.1)};
    EXPECT_EQ(drain(k, noon), 1U);
    EXPECT_EQ(drain(k, noon + 10s - 1ns), 0U);
    EXPECT_EQ(drain(k, noon + 10s), 1U);
}

TEST(budget_ratio, a_floor_that_is_next_to_nothing_gives_one_in_a_lifetime_and_not_any_number) {
    for (const double floor : {1e-9, 1e-10, 1e-12, 1e-300, std::numeric_limits<double>::denorm_min()}) {
        retry_budget_kernel k{by_ratio(0, floor)};
        EXPECT_EQ(k.balance(noon), 1.0) << floor;
        EXPECT_EQ(drain(k, noon), 1U) << floor;
        EXPECT_EQ(drain(k, noon + 24h * 365 * 20), 0U) << floor;
        EXPECT_EQ(k.balance(noon + 24h * 365 * 20), 0.0) << floor;
    }
}

TEST(budget_ratio, the_floor_is_kept_for_when_the_originals_pay_no_more) {
    retry_budget_kernel k{by_ratio(0.5, 2)};
    k.count_originals(10, noon);
    EXPECT_EQ(k.balance(noon), 7.0);
    EXPECT_EQ(drain(k, noon), 7U);
    EXPECT_EQ(k.balance(noon), 0.0);
}

TEST(budget_ratio, what_the_floor_gave_goes_back_to_it) {
    retry_budget_kernel k{by_ratio(0, 1)};
    const auto paid = k.try_charge(charge_cause::failure, noon);
    ASSERT_TRUE(paid);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon));
    k.refund(*paid);
    EXPECT_EQ(drain(k, noon), 1U);
}

TEST(budget_ratio, what_the_floor_gave_does_not_go_back_once_it_has_given_more) {
    retry_budget_kernel k{by_ratio(0, 1)};
    const auto paid = k.try_charge(charge_cause::failure, noon);
    ASSERT_TRUE(paid && k.try_charge(charge_cause::failure, noon + 1s));
    k.refund(*paid);
    EXPECT_EQ(drain(k, noon + 1s), 0U) << "or there would be two at once, where there is one a second";
}

TEST(budget_ratio, without_ratio_and_floor_it_pays_for_nothing) {
    retry_budget_kernel k{by_ratio(0, 0)};
    k.count_originals(1000, noon);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon));
    EXPECT_EQ(k.balance(noon), 0.0);
}

TEST(budget_ratio, outcomes_and_causes_make_no_difference) {
    retry_budget_kernel k{by_ratio(0.1)};
    k.count_originals(30, noon);
    k.count_failure();
    k.count_success({});
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon));
    EXPECT_TRUE(k.try_charge(charge_cause::timeout, noon));
    EXPECT_TRUE(k.try_charge(charge_cause::no_failure, noon));
    EXPECT_FALSE(k.try_charge(charge_cause::no_failure, noon));
}

TEST(budget_ratio, T75_a_step_back_counts_in_the_current_bucket_and_a_long_one_begins_anew) {
    retry_budget_kernel k{by_ratio(1, 1)};
    k.count_originals(10, noon);
    k.count_original(noon - 1s);
    EXPECT_EQ(k.balance(noon), 12.0);
    EXPECT_EQ(k.balance(noon - 1h), 0.0) << "another clock's: nothing is known of it";
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon - 1h));
    k.count_original(noon - 1h);
    EXPECT_EQ(drain(k, noon - 1h), 1U);
    EXPECT_EQ(drain(k, noon - 1h + 1s), 1U) << "the floor fills";
}

TEST(budget_ratio, T75_the_ends_of_time_do_it_no_harm) {
    for (const instant end : {instant::min(), instant::max()}) {
        retry_budget_kernel k{by_ratio(0.5, 1)};
        k.count_originals(10, noon);
        k.count_originals(10, end);
        EXPECT_GE(k.balance(end), 5.0);
        EXPECT_TRUE(k.try_charge(charge_cause::failure, end));
        k.count_originals(10, noon);
        EXPECT_GE(drain(k, noon), 5U);
    }
}

TEST(budget_ratio, half_of_what_it_can_have_is_there_when_half_is_paid_out_at_most) {
    retry_budget_kernel k{by_ratio(0.2)};
    EXPECT_FALSE(k.is_half_full(noon));
    k.count_originals(20, noon);
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon) && k.try_charge(charge_cause::failure, noon));
    EXPECT_TRUE(k.is_half_full(noon)) << "two of four";
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon));
    EXPECT_FALSE(k.is_half_full(noon));
}

/// One thing that happened.
struct deed {
    instant at;
    unsigned originals = 0;
    unsigned further = 0;
};

/// Whether in every stretch of time, from one deed to another, there was no more than may be.
std::string what_exceeds(const std::vector<deed>& story, const retry_budget_options& o) {
    for (std::size_t from = 0; from < story.size(); ++from) {
        double further = 0;
        for (std::size_t to = from; to < story.size(); ++to) {
            further += story[to].further;
            double originals = 0;
            for (std::size_t i = 0; i <= to; ++i)
                if (story[i].at > story[from].at - o.window) originals += story[i].originals;
            const double seconds = std::chrono::duration<double>{story[to].at - story[from].at}.count();
            const double floor = o.min_per_second > 0 ? std::max(1.0, o.min_per_second) : 0;
            const double most = o.ratio * originals + o.min_per_second * seconds + floor;
            if (further > most + 1e-6)
                return std::to_string(further) + " of at most " + std::to_string(most) + " in " +
                       std::to_string(seconds);
        }
    }
    return {};
}

RC_GTEST_PROP(budget_ratio, T61_in_any_time_further_attempts_are_at_most_the_ratio_and_the_floor, ()) {
    const retry_budget_options o{.ratio = *rc::gen::inRange(0, 300) / 100.0,
                                 .window = *rc::gen::element<duration>(1s, 10s, 1min),
                                 .min_per_second = *rc::gen::element(0.0, 0.1, 1.0, 3.0, 7.5)};
    retry_budget_kernel k{o};
    std::vector<deed> story;
    std::vector<std::pair<std::size_t, budget_charge>> open;  // that may be refunded
    instant now = noon;
    for (int step = 0; step < 60; ++step) {
        now = add(now, *rc::gen::element<duration>(0ns, 1ns, o.window / 40, o.window / 20, o.window / 3, o.window));
        deed d{.at = now};
        if (*rc::gen::inRange(0, 2) == 0) {
            d.originals = *rc::gen::inRange(0U, 12U);
            k.count_originals(d.originals, now);
        }
        story.push_back(d);
        for (unsigned asked = *rc::gen::inRange(0U, 6U); asked > 0; --asked)
            if (const auto paid = k.try_charge(charge_cause::failure, now)) {
                ++story.back().further;
                open.emplace_back(story.size() - 1, *paid);
            }
        if (!open.empty() && *rc::gen::inRange(0, 4) == 0) {
            const std::size_t at = *rc::gen::inRange<std::size_t>(0, open.size());
            k.refund(open[at].second);
            --story[open[at].first].further;
            open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    RC_ASSERT(what_exceeds(story, o) == "");
}

RC_GTEST_PROP(budget_ratio, all_that_is_allowed_is_paid_for, ()) {
    const retry_budget_options o = by_ratio(*rc::gen::inRange(0, 300) / 100.0);
    retry_budget_kernel k{o};
    const auto originals = *rc::gen::inRange<std::uint64_t>(0, 2000);
    k.count_originals(originals, noon);
    const double allowed = std::floor(o.ratio * static_cast<double>(originals) + 1e-9);
    RC_ASSERT(k.balance(noon + 9s) == allowed);
    RC_ASSERT(drain(k, noon + 9s) == allowed);
}

// ---- Finagle's rules ----

struct finagle_row {
    duration ttl;
    double min_per_second;
    double percent;
};

class budget_as_finagle : public ::testing::TestWithParam<finagle_row> {};

// The rows of RetryBudgetTest in twitter/finagle: 10000 requests in a frozen time, a retry wanted for each; as many are made as
// the percentage says, and as the reserve holds. The reserve there is of the whole ttl; here it is of one second, whatever the window.
TEST_P(budget_as_finagle, pays_for_the_percentage_and_the_reserve) {
    const auto& [ttl, min_per_second, percent] = GetParam();
    retry_budget_kernel k{{.ratio = percent, .window = ttl, .min_per_second = min_per_second}};
    EXPECT_EQ(k.balance(noon), min_per_second);
    unsigned retried = 0;
    for (int request = 0; request < 10'000; ++request) {
        k.count_original(noon);
        if (k.try_charge(charge_cause::failure, noon))
            ++retried;
        else
            EXPECT_EQ(k.balance(noon), 0.0);
    }
    EXPECT_NEAR(retried, 10'000 * percent + min_per_second, 1);
}

INSTANTIATE_TEST_SUITE_P(rows, budget_as_finagle,
                         ::testing::Values(finagle_row{60s, 0, 0.1}, finagle_row{60s, 0, 0.5},
                                           finagle_row{60s, 0, 0.25}, finagle_row{60s, 0, 0.75},
                                           finagle_row{60s, 0, 0.99}, finagle_row{60s, 0, 0.999},
                                           finagle_row{60s, 0, 0.9999}, finagle_row{60s, 0, 0.01},
                                           finagle_row{60s, 0, 0.001}, finagle_row{60s, 0, 0.0001},
                                           finagle_row{1s, 10, 0.0}, finagle_row{2s, 5, 0.0}, finagle_row{1s, 10, 0.1},
                                           finagle_row{2s, 5, 0.5}));

TEST(budget_as_finagle, a_percentage_above_one_hundred_is_one) {
    retry_budget_kernel k{by_ratio(2.0)};
    EXPECT_EQ(k.balance(noon), 0.0);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon));
    k.count_originals(10'000, noon);
    EXPECT_EQ(k.balance(noon), 20'000.0);
}

// ---- token bucket ----

retry_budget_options by_tokens(double max_tokens, double token_ratio) {
    return {.mode = budget_mode::token_bucket, .max_tokens = max_tokens, .token_ratio = token_ratio};
}

TEST(budget_tokens, a_failure_takes_one_and_a_success_brings_its_share) {
    retry_budget_kernel k{by_tokens(10, 0.5)};
    EXPECT_EQ(k.balance(noon), 10.0);
    k.count_success({});
    EXPECT_EQ(k.balance(noon), 10.0) << "never more than there can be";
    k.count_failure();
    k.count_failure();
    k.count_success({});
    EXPECT_EQ(k.balance(noon), 8.5);
    for (int i = 0; i < 20; ++i) k.count_failure();
    EXPECT_EQ(k.balance(noon), 0.0) << "and never less than nothing";
}

TEST(budget_tokens, pays_while_more_than_half_is_there) {
    retry_budget_kernel k{by_tokens(10, 0.1)};
    for (int i = 0; i < 4; ++i) k.count_failure();
    EXPECT_EQ(k.try_charge(charge_cause::failure, noon), budget_charge{}) << "six";
    EXPECT_EQ(k.try_charge(charge_cause::no_failure, noon), budget_charge{}) << "which costs nothing";
    k.count_failure();
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon)) << "five is not more than half";
    k.count_success({});
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon)) << "5.1";
}

TEST(budget_tokens, a_refund_brings_nothing) {
    retry_budget_kernel k{by_tokens(10, 0.1)};
    k.count_failure();
    k.refund({});
    EXPECT_EQ(k.balance(noon), 9.0);
}

TEST(budget_tokens, T64_a_ratio_of_a_thousandth_fills_it_in_the_end) {
    retry_budget_kernel k{by_tokens(10, 0.001)};
    k.count_failure();
    for (int i = 0; i < 999; ++i) k.count_success({});
    EXPECT_LT(k.balance(noon), 10.0);
    k.count_success({});
    EXPECT_EQ(k.balance(noon), 10.0);
}

// ---- cost ----

retry_budget_options by_cost() { return {.mode = budget_mode::cost}; }

TEST(budget_cost, a_retry_takes_five_and_one_after_a_timeout_ten) {
    retry_budget_kernel k{by_cost()};
    EXPECT_EQ(k.try_charge(charge_cause::failure, noon), (budget_charge{.cost = 5}));
    EXPECT_EQ(k.try_charge(charge_cause::timeout, noon), (budget_charge{.cost = 10}));
    EXPECT_EQ(k.try_charge(charge_cause::no_failure, noon), (budget_charge{.cost = 5}));
    EXPECT_EQ(k.balance(noon), 480.0);
}

TEST(budget_cost, T64_a_success_brings_back_what_its_attempt_had_cost_or_one) {
    retry_budget_kernel k{by_cost()};
    ASSERT_TRUE(k.try_charge(charge_cause::failure, noon));
    const auto paid = k.try_charge(charge_cause::timeout, noon);
    ASSERT_TRUE(paid);
    EXPECT_EQ(k.balance(noon), 485.0);
    k.count_success(*paid);
    EXPECT_EQ(k.balance(noon), 495.0);
    k.count_success({});
    EXPECT_EQ(k.balance(noon), 496.0);
    for (int i = 0; i < 10; ++i) k.count_success({});
    EXPECT_EQ(k.balance(noon), 500.0) << "never more than there can be";
}

TEST(budget_cost, a_failure_takes_nothing_of_its_own) {
    retry_budget_kernel k{by_cost()};
    k.count_failure();
    EXPECT_EQ(k.balance(noon), 500.0);
}

TEST(budget_cost, T60_a_refund_brings_all_of_it_back) {
    retry_budget_kernel k{by_cost()};
    const auto paid = k.try_charge(charge_cause::timeout, noon);
    ASSERT_TRUE(paid);
    k.refund(*paid);
    EXPECT_EQ(k.balance(noon), 500.0);
}

TEST(budget_cost, what_is_left_is_not_paid_out_where_it_is_less_than_the_cost) {
    retry_budget_kernel k{{.mode = budget_mode::cost, .capacity = 14, .retry_cost = 5, .timeout_cost = 10}};
    ASSERT_TRUE(k.try_charge(charge_cause::timeout, noon));
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon));
    EXPECT_EQ(k.balance(noon), 4.0);
}

/// A quota of 500 of which only so much is there.
retry_budget_kernel quota_with(unsigned there) {
    retry_budget_kernel k{by_cost()};
    for (unsigned i = there; i < 500; i += 5) EXPECT_TRUE(k.try_charge(charge_cause::failure, noon));
    return k;
}

// The cases of the standard mode in RetryIntegrationTests, smithy-lang/smithy-swift (500, 5 for a retry).
TEST(budget_cost, as_the_aws_sdks_count) {
    retry_budget_kernel k = quota_with(500);
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon));
    EXPECT_EQ(k.balance(noon), 495.0);
    const auto second = k.try_charge(charge_cause::failure, noon);
    ASSERT_TRUE(second);
    EXPECT_EQ(k.balance(noon), 490.0);
    k.count_success(*second);
    EXPECT_EQ(k.balance(noon), 495.0) << "retried twice, then a success";

    k = quota_with(5);
    EXPECT_TRUE(k.try_charge(charge_cause::failure, noon));
    EXPECT_EQ(k.balance(noon), 0.0);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon)) << "the quota is exceeded";

    k = quota_with(0);
    EXPECT_FALSE(k.try_charge(charge_cause::failure, noon));
    EXPECT_EQ(k.balance(noon), 0.0);
}

// TestRetryQuotaChecker in boto/botocore, whose retries cost 14 and 5 where throttled.
TEST(budget_cost, as_botocore_counts) {
    retry_budget_kernel k{{.mode = budget_mode::cost, .capacity = 500, .retry_cost = 14, .timeout_cost = 14}};
    const auto paid = k.try_charge(charge_cause::failure, noon);
    ASSERT_TRUE(paid);
    EXPECT_EQ(k.balance(noon), 486.0);
    k.count_success({});
    EXPECT_EQ(k.balance(noon), 487.0) << "of a request that was not retried";
    k.count_success(*paid);
    EXPECT_EQ(k.balance(noon), 500.0);
}

}  // namespace
}  // namespace cutwater
