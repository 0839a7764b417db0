// A retry budget in pipelines, on both drivers: what a retry pays for, what it has back, and what travels with a call.

#include "cutwater/policy/retry_budget/retry_budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/retry_budget/events.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

retry_options paid_by(attempt_budget& budget, unsigned max_attempts = 3) {
    return {.max_attempts = max_attempts,
            .base_delay = 100ms,
            .growth = backoff::constant,
            .jitter = jitter::none,
            .budget = &budget};
}
retry_budget_options empty() { return {.name = "empty", .ratio = 0, .min_per_second = 0}; }
retry_budget_options quota() { return {.name = "quota", .mode = budget_mode::cost}; }
retry_budget_options tokens() {
    return {.name = "tokens", .mode = budget_mode::token_bucket, .max_tokens = 10, .token_ratio = 0.5};
}

/// Writes down what it is told.
class told_budget final : public attempt_budget {
public:
    [[nodiscard]] name budget_name() const noexcept override { return "told"; }
    void count_original(call_context&) noexcept override { all += "original "; }
    void count_outcome(const observation& seen, budget_charge paid, call_context&) noexcept override {
        all += std::string{to_text(seen.meaning())} + (paid.cost > 0 ? " paid " : " ");
    }
    [[nodiscard]] std::optional<budget_charge> try_charge(const observation* failed, call_context&) noexcept override {
        all += failed != nullptr ? "charge " : "charge_below ";
        if (pays-- == 0) return {};
        return budget_charge{.cost = 7, .note = ++charges};
    }
    void refund(budget_charge paid) noexcept override { all += "refund" + std::to_string(paid.note) + " "; }

    unsigned pays = ~0U;
    std::uint32_t charges = 0;
    std::string all;
};

class retry_budget_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    told_budget told;

    /// The further attempt is refused before it is sent.
    struct second_refused {
        struct ticket {};
        unsigned admitted = 0;
        [[nodiscard]] name layer_name() const { return "turnstile"; }
        [[nodiscard]] admission<ticket> admit(call_context&, instant) {
            if (++admitted == 2) return refusal{.reason = errc::refused, .retry_after = 10ms};
            return ticket{};
        }
        void settle(ticket&, const observation&, call_context&, moment&) const {}
        void abandon(ticket&) const noexcept {}
    };
};

INSTANTIATE_TEST_SUITE_P(drivers, retry_budget_policy, ::testing::ValuesIn(testing::both_drivers),
                         testing::driver_name{});

// ---- what it is told ----

TEST_P(retry_budget_policy, hears_of_an_original_and_of_its_success) {
    on.dependency.returns(7);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_EQ(told.all, "original success ");
}

TEST_P(retry_budget_policy, T60_is_charged_when_a_retry_is_scheduled_before_its_sleep) {
    on.dependency.fails(std::errc::connection_reset).returns(7);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    on.time.after(50ms, [&] { EXPECT_EQ(told.all, "original transient charge "); });
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_EQ(told.all, "original transient charge success paid ");
}

TEST_P(retry_budget_policy, hears_of_each_attempt_once) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(told.all, "original transient charge transient paid charge transient paid ");
}

TEST_P(retry_budget_policy, is_not_asked_where_no_retry_is_wanted) {
    on.dependency.fails(std::errc::permission_denied);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(told.all, "original permanent ");
}

TEST_P(retry_budget_policy, is_not_asked_where_the_deadline_leaves_no_time) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    EXPECT_FALSE(on.play(guarded, {.deadline = on.deadline_in(100ms)}));
    EXPECT_EQ(told.all, "original transient ");
}

TEST_P(retry_budget_policy, hears_of_an_original_where_a_session_begins_at_once) {
    on.dependency.returns(7);
    retry_options bounded = paid_by(told);
    bounded.max_total = 1min;
    any_pipeline<int> guarded{retry{bounded}};
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_EQ(told.all, "original success ");
}

// ---- T60: refunded if unused ----

TEST_P(retry_budget_policy, T60_what_is_cancelled_in_the_sleep_is_refunded) {
    on.dependency.fails(std::errc::connection_reset);
    on.cancels_after(30ms);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::cancelled);
    EXPECT_EQ(told.all, "original transient charge refund1 ");
}

TEST_P(retry_budget_policy, T60_what_a_layer_inside_refuses_before_it_is_sent_is_refunded) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{paid_by(told)}, second_refused{}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::refused);
    EXPECT_EQ(told.all, "original transient charge refund1 ") << "and a refusal says nothing about the dependency";
}

TEST_P(retry_budget_policy, T60_what_is_refused_and_waited_for_is_charged_anew) {
    on.dependency.fails(std::errc::connection_reset).returns(7);
    retry_options patient = paid_by(told);
    patient.refusals = on_refusal::wait_for_hint;
    any_pipeline<int> guarded{retry{patient}, second_refused{}};
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_EQ(told.all, "original transient charge refund1 charge success paid ");
}

TEST_P(retry_budget_policy, T60_what_a_hook_prevents_is_refunded) {
    on.dependency.fails(std::errc::connection_reset);
    retry_options broken = paid_by(told);
    broken.on_retry = [](const retry_scheduled&) { throw std::runtime_error{"broken"}; };
    any_pipeline<int> guarded{retry{broken}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::callback_failed);
    EXPECT_EQ(told.all, "original transient charge refund1 ");
}

TEST_P(retry_budget_policy, what_was_sent_and_then_cancelled_is_not_refunded) {
    on.dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset, 1s);
    on.cancels_after(500ms);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::cancelled);
    EXPECT_EQ(told.all, "original transient charge ");
}

TEST(retry_budget_alone, T60_what_is_overslept_is_refunded) {
    told_budget told;
    const retry owner{paid_by(told)};
    struct still final : environment {
        instant now() noexcept override { return instant{1h}; }
        random_source& random() noexcept override { return dice; }
        random_source dice{1};
    } here;
    blocking_parking place;
    call_context call{nothing_said, here, place};
    call.sent = 1;
    auto session = owner.begin(call, call.now);
    const error lost{std::make_error_code(std::errc::connection_reset)};
    const observation failed{.judged = {.meaning = verdict::transient}, .failure = &lost};
    EXPECT_EQ(session.after(failed, call, call.now).what, loop_step::kind::again);
    session.overslept(failed, call);
    EXPECT_EQ(told.all, "transient charge refund1 ");
}

// ---- T62: exhausted is no failure ----

TEST_P(retry_budget_policy, T62_exhausted_means_no_retry_and_the_last_error_stands) {
    retry_budget budget{empty()};
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{observe{on.heard}, retry{paid_by(budget)}};
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_EQ(result.error().code(), std::errc::connection_reset);
    EXPECT_EQ(result.error().message(), "get: Connection reset by peer");
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(on.time.elapsed(), 0s) << "and nobody waits for it";
    EXPECT_EQ(on.heard.last("retry_gave_up").field("reason"), "budget_exhausted");
    EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "budget_exhausted", "retry_gave_up", "call_failed"));
}

TEST_P(retry_budget_policy, T62_what_was_tried_before_it_was_exhausted_is_in_the_history) {
    told.pays = 1;
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_EQ(result.error().message(), "get: Connection reset by peer, after 2 attempts");
}

TEST_P(retry_budget_policy, T62_a_value_that_was_judged_a_failure_stays_a_value) {
    retry_budget budget{empty()};
    on.dependency.returns(503);
    any_pipeline<int> guarded{retry{paid_by(budget)}, classify{transient(value([](int v) { return v == 503; }))}};
    EXPECT_EQ(*on.play(guarded), 503);
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(retry_budget_policy, T65_nobody_waits_for_an_exhausted_budget) {
    retry_budget budget{quota()};
    while (budget.try_charge(charge_cause::failure, {})) {}
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{paid_by(budget)}};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(on.time.elapsed(), 0s);
}

// ---- its own events ----

TEST_P(retry_budget_policy, T31_says_once_that_it_is_exhausted_and_once_that_it_pays_again) {
    retry_budget budget{tokens()};
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> failing{observe{on.heard}, retry{paid_by(budget)}};
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(on.play(failing));
    EXPECT_EQ(on.heard.count("budget_exhausted"), 1U);
    EXPECT_TRUE(budget.is_exhausted());
    EXPECT_EQ(on.heard.last("budget_exhausted").layer, "tokens") << "T64: by its name it can be told whose";
    EXPECT_EQ(on.heard.last("budget_exhausted").field("balance"), "5");

    any_pipeline<int> well{observe{on.heard}, retry{paid_by(budget)}};
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(on.play(well, {}, [] { return 7; }));
    EXPECT_EQ(on.heard.count("budget_recovered"), 1U) << "when it was full";
    EXPECT_FALSE(budget.is_exhausted());
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(on.play(failing));
    EXPECT_EQ(on.heard.count("budget_exhausted"), 2U);
}

TEST_P(retry_budget_policy, by_ratio_it_has_recovered_when_half_of_it_is_there) {
    retry_budget budget{{.ratio = 0.1, .min_per_second = 0}};
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> failing{observe{on.heard}, retry{paid_by(budget, 2)}};
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(on.play(failing));
    EXPECT_EQ(on.heard.count("budget_exhausted"), 1U);
    EXPECT_EQ(on.heard.count("budget_recovered"), 0U) << "the tenth was paid for, but that was all there is";
    for (int i = 0; i < 10; ++i) budget.record_original(on.time.now());
    EXPECT_FALSE(on.play(failing));
    EXPECT_EQ(on.heard.count("budget_recovered"), 0U) << "both are gone again";
    for (int i = 0; i < 40; ++i) budget.record_original(on.time.now());
    EXPECT_FALSE(on.play(failing));
    EXPECT_EQ(on.heard.count("budget_recovered"), 1U) << "three of six";
}

// ---- gRPC's vectors ----

struct grpc_step {
    unsigned last_count;  // of requests that the server has had, from 0
    bool succeeds;
    double tokens;
};

// TestRetryThrottling in test/retry_test.go of grpc/grpc-go: requests 0, 3, 6, 10 to 14, 16 and 18 succeed.
TEST_P(retry_budget_policy, as_grpc_throttles_retries) {
    retry_budget budget{tokens()};
    any_pipeline<int> guarded{retry{paid_by(budget, 4)}};
    int count = -1;
    const std::set<int> good{0, 3, 6, 10, 11, 12, 13, 14, 16, 18};
    const grpc_step steps[] = {{0, true, 10}, {3, true, 8.5},  {6, true, 7},  {8, false, 5},
                               {9, false, 4}, {10, true, 4.5}, {11, true, 5}, {12, true, 5.5},
                               {13, true, 6}, {14, true, 6.5}, {16, true, 6}, {17, false, 5}};
    for (const grpc_step& s : steps) {
        const auto result = on.play(guarded, {}, [&]() -> std::expected<int, std::error_code> {
            if (good.contains(++count)) return 1;
            return std::unexpected{std::make_error_code(std::errc::connection_reset)};
        });
        EXPECT_EQ(result.has_value(), s.succeeds) << s.last_count;
        EXPECT_EQ(count, static_cast<int>(s.last_count));
        EXPECT_EQ(budget.balance({}), s.tokens) << s.last_count;
    }
}

TEST_P(retry_budget_policy, A6_what_asks_not_to_be_tried_again_is_a_failure_and_bad_input_is_none) {
    retry_budget budget{tokens()};
    any_pipeline<int> guarded{retry{paid_by(budget)}};
    EXPECT_FALSE(on.play(
        guarded, {}, []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::invalid_argument}; }));
    EXPECT_EQ(budget.balance({}), 10.0);
    EXPECT_FALSE(on.play(guarded, {}, []() -> std::expected<int, error> {
        return std::unexpected{error{std::make_error_code(std::errc::invalid_argument)}.with_retry_after(-1s)};
    }));
    EXPECT_EQ(budget.balance({}), 9.0);
}

// ---- the AWS SDKs' ----

TEST_P(retry_budget_policy, as_the_aws_sdks_count) {
    retry_budget budget{quota()};
    on.dependency.fails(std::errc::connection_reset).fails(std::errc::connection_reset).returns(7);
    any_pipeline<int> guarded{retry{paid_by(budget)}};
    EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(budget.balance({}), 495.0) << "500, 495, 490, and the last 5 back";
    EXPECT_TRUE(on.play(guarded));
    EXPECT_EQ(budget.balance({}), 496.0) << "T64: a success at once brings 1";
}

TEST_P(retry_budget_policy, a_retry_after_a_timeout_costs_more) {
    retry_budget budget{quota()};
    on.dependency.returns(7, 1s);
    any_pipeline<int> guarded{retry{paid_by(budget, 2)}, timeout{100ms}};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(budget.balance({}), 490.0);
}

TEST_P(retry_budget_policy, a_saturated_budget_is_told_of_no_success) {
    retry_budget budget{quota()};
    EXPECT_TRUE(budget.is_saturated());
    ASSERT_TRUE(budget.try_charge(charge_cause::failure, {}));
    EXPECT_FALSE(budget.is_saturated());
    on.dependency.returns(7);
    any_pipeline<int> guarded{retry{paid_by(budget)}};
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(on.play(guarded));
    EXPECT_TRUE(budget.is_saturated());
}

// ---- shared ----

TEST_P(retry_budget_policy, two_pipelines_pay_from_one_budget) {
    retry_budget budget{{.mode = budget_mode::cost, .capacity = 15}};
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> one{retry{paid_by(budget)}};
    any_pipeline<int> other{retry{paid_by(budget)}};
    EXPECT_FALSE(on.play(one));
    EXPECT_FALSE(on.play(other));
    EXPECT_EQ(on.dependency.calls(), 3U + 2U);
}

TEST_P(retry_budget_policy, layers_that_share_a_budget_count_a_call_and_an_attempt_once) {
    on.dependency.fails(std::errc::connection_reset).returns(7);
    any_pipeline<int> guarded{retry{paid_by(told)}, retry{paid_by(told, 1)}};
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_EQ(told.all, "original transient charge success paid ")
        << "by the inner one, of what the outer one has paid";
}

TEST_P(retry_budget_policy, what_a_layer_inside_has_paid_the_one_outside_has_not) {
    on.dependency.fails(std::errc::connection_reset).throws(std::logic_error{"a bug"});
    any_pipeline<int> guarded{retry{paid_by(told)},
                              fallback{{.should_handle = [](const observation&) { return true; }}, tier("none", 0)},
                              retry{paid_by(told)}};
    EXPECT_EQ(*on.play(guarded), 0);
    EXPECT_EQ(told.all, "original transient charge success ")
        << "a bug says nothing of the dependency, and the tier is nobody's";
}

TEST_P(retry_budget_policy, layers_with_budgets_of_their_own_tell_each_its_own) {
    told_budget inner;
    on.dependency.returns(7);
    any_pipeline<int> guarded{retry{paid_by(told)}, retry{paid_by(inner)}};
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_EQ(told.all, "original success ");
    EXPECT_EQ(inner.all, "original success ");
}

TEST_P(retry_budget_policy, T61_a_call_that_repeats_one_of_its_callers_is_no_original) {
    on.dependency.returns(7);
    any_pipeline<int> guarded{retry{paid_by(told)}};
    EXPECT_EQ(*on.play(guarded, {.earlier_attempts = 1}), 7);
    EXPECT_EQ(told.all, "success ");
}

TEST_P(retry_budget_policy, T61_what_an_outer_loop_repeats_is_no_original) {
    on.dependency.fails(std::errc::connection_reset).returns(7);
    any_pipeline<int> guarded{retry{{.base_delay = 1ms}}, retry{paid_by(told, 1)}};
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_EQ(told.all, "original transient success ");
}

// ---- what travels with a call ----

TEST_P(retry_budget_policy, T70_an_attempt_knows_how_many_came_before_it) {
    any_pipeline<int> guarded{retry{{.base_delay = 1ms}}};
    std::vector<unsigned> earlier;
    EXPECT_FALSE(on.play(guarded, {.earlier_attempts = 2}, [&](attempt& a) -> std::expected<int, std::errc> {
        earlier.push_back(a.earlier_attempts());
        return std::unexpected{std::errc::connection_reset};
    }));
    EXPECT_THAT(earlier, ElementsAre(2, 3, 4));
    earlier.clear();
    EXPECT_FALSE(on.play(guarded, {.earlier_attempts = ~0U - 1}, [&](attempt& a) -> std::expected<int, std::errc> {
        earlier.push_back(a.earlier_attempts());
        return std::unexpected{std::errc::connection_reset};
    }));
    EXPECT_THAT(earlier, ElementsAre(~0U - 1, ~0U, ~0U)) << "it does not begin at nothing again";
}

TEST_P(retry_budget_policy, T70_what_stands_inside_of_a_retry_hands_down_none) {
    std::optional<unsigned> left = 9;
    const auto look = [&](attempt& a) { return left = a.retries_left(), 7; };
    any_pipeline<int> retried{retry{}};
    EXPECT_TRUE(on.play(retried, {}, look));
    EXPECT_EQ(left, 0U);
    EXPECT_TRUE(on.play(retried, {.retries_left = 5}, look));
    EXPECT_EQ(left, 0U);

    any_pipeline<int> plain{timeout{1s}};
    EXPECT_TRUE(on.play(plain, {}, look));
    EXPECT_EQ(left, std::nullopt) << "nobody has said";
    EXPECT_TRUE(on.play(plain, {.retries_left = 5}, look));
    EXPECT_EQ(left, 5U) << "what our caller has left us is handed on";
}

TEST_P(retry_budget_policy, T70_a_call_whose_caller_retries_is_not_retried) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{observe{on.heard}, retry{paid_by(told)}};
    EXPECT_FALSE(on.play(guarded, {.retries_left = 0}));
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(on.heard.last("retry_not_tried").field("reason"), "left_to_caller");
    EXPECT_THAT(told.all, Not(HasSubstr("charge")));
}

TEST_P(retry_budget_policy, T70_no_more_attempts_are_made_than_the_caller_leaves) {
    for (unsigned left = 0; left < 5; ++left) {
        testing::stage<int> now{GetParam()};
        now.dependency.fails(std::errc::connection_reset);
        any_pipeline<int> guarded{retry{{.max_attempts = 4, .base_delay = 1ms}}};
        EXPECT_FALSE(now.play(guarded, {.retries_left = left}));
        EXPECT_EQ(now.dependency.calls(), std::min(left + 1, 4U));
    }
}

TEST_P(retry_budget_policy, T70_what_the_caller_left_and_is_used_up_is_exhausted_and_not_left_to_it) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{observe{on.heard}, retry{{.max_attempts = 4, .base_delay = 1ms}}};
    EXPECT_FALSE(on.play(guarded, {.retries_left = 2}));
    EXPECT_EQ(on.heard.last("retry_gave_up").field("reason"), "attempts_exhausted");
}

TEST_P(retry_budget_policy, T70_retries_inside_of_each_other_share_what_the_caller_leaves) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{{.base_delay = 1ms}}, retry{{.base_delay = 1ms}}};
    EXPECT_FALSE(on.play(guarded, {.retries_left = 3}));
    EXPECT_EQ(on.dependency.calls(), 4U);
}

// ---- what a retry leaves to what is called ----

TEST_P(retry_budget_policy, T70_what_is_left_to_what_is_called_counts_as_made) {
    std::vector<unsigned> left;
    any_pipeline<int> guarded{retry{{.max_attempts = 4, .base_delay = 1ms, .retries_below = 1}}};
    EXPECT_FALSE(on.play(guarded, {}, [&](attempt& a) -> std::expected<int, std::errc> {
        left.push_back(a.retries_left().value_or(99));
        return std::unexpected{std::errc::connection_reset};
    }));
    EXPECT_THAT(left, ElementsAre(1, 1)) << "four in all: two here, and one below each of them";
}

TEST_P(retry_budget_policy, T70_what_is_left_to_what_is_called_is_paid_for_before_it_is_called) {
    on.dependency.fails(std::errc::connection_reset);
    retry_options generous = paid_by(told, 4);
    generous.retries_below = 1;
    any_pipeline<int> guarded{retry{generous}};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(told.all, "original charge_below transient charge charge_below transient paid ");
}

TEST_P(retry_budget_policy, what_the_budget_does_not_pay_for_is_not_handed_down) {
    told.pays = 0;
    retry_options generous = paid_by(told);
    generous.retries_below = 2;
    any_pipeline<int> guarded{retry{generous}};
    std::optional<unsigned> left;
    EXPECT_TRUE(on.play(guarded, {}, [&](attempt& a) { return left = a.retries_left(), 7; }));
    EXPECT_EQ(left, 0U);
}

TEST_P(retry_budget_policy, T60_what_was_to_be_handed_down_is_refunded_where_nothing_was_sent) {
    on.dependency.fails(std::errc::connection_reset);
    retry_options generous = paid_by(told, 4);
    generous.retries_below = 1;
    any_pipeline<int> guarded{retry{generous}, second_refused{}};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(told.all, "original charge_below transient charge charge_below refund2 refund3 ");
}

TEST_P(retry_budget_policy, T70_what_was_to_be_handed_down_is_ours_again_where_nothing_was_sent) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{
        retry{{.max_attempts = 4, .base_delay = 1ms, .refusals = on_refusal::wait_for_hint, .retries_below = 1}},
        second_refused{}};
    EXPECT_FALSE(on.play(guarded, {.retries_left = 3}));
    EXPECT_EQ(on.dependency.calls(), 2U) << "one and one below, one refused, and one more: four";
}

TEST_P(retry_budget_policy, T70_no_more_is_handed_down_than_the_caller_leaves) {
    std::vector<unsigned> left;
    any_pipeline<int> guarded{retry{{.max_attempts = 5, .base_delay = 1ms, .retries_below = 4}}};
    const auto fail = [&](attempt& a) -> std::expected<int, std::errc> {
        left.push_back(a.retries_left().value_or(99));
        return std::unexpected{std::errc::connection_reset};
    };
    EXPECT_FALSE(on.play(guarded, {.retries_left = 2}, fail));
    EXPECT_THAT(left, ElementsAre(2));
}

// ---- options ----

TEST(retry_budget_options, describe_names_the_budget_and_says_nothing_where_there_is_none) {
    retry_budget budget{{.name = "search"}};
    EXPECT_THAT(pipeline{retry{paid_by(budget)}}.describe(), HasSubstr("budget = \"search\""));
    EXPECT_THAT(pipeline{retry{}}.describe(), Not(HasSubstr("budget")));
}

TEST(retry_budget_options, only_those_of_the_mode_are_described) {
    EXPECT_EQ(options_text(retry_budget_options{}), "{mode = ratio, ratio = 0.2, window = 10s, min_per_second = 3}");
    EXPECT_EQ(options_text(tokens()), "{mode = token_bucket, max_tokens = 10, token_ratio = 0.5}");
    EXPECT_EQ(options_text(quota()), "{mode = cost, capacity = 500, retry_cost = 5, timeout_cost = 10}");
}

TEST(retry_budget_options, what_is_out_of_range_is_refused_all_at_once) {
    using testing::refused_with;
    EXPECT_EQ(refused_with<retry_budget>(retry_budget_options{}), "");
    const std::string told = refused_with<retry_budget>(retry_budget_options{.name = "x",
                                                                             .ratio = -1,
                                                                             .window = 61min,
                                                                             .min_per_second = -1,
                                                                             .max_tokens = 0.5,
                                                                             .token_ratio = 0,
                                                                             .capacity = 0,
                                                                             .retry_cost = 0,
                                                                             .timeout_cost = 0});
    for (const char* what : {"ratio is -1", "window is", "min_per_second is -1", "max_tokens is 0.5",
                             "token_ratio is 0", "capacity is 0", "retry_cost is 0", "timeout_cost is 0"})
        EXPECT_THAT(told, HasSubstr(what));
    EXPECT_THAT(refused_with<retry_budget>(retry_budget_options{.mode = budget_mode::cost, .capacity = 4}),
                HasSubstr("retry_cost is 5, allowed is at most capacity, 4"));
    for (const double floor : {1e-10, 1e-12, 1e-300, std::numeric_limits<double>::denorm_min()})
        EXPECT_THAT(refused_with<retry_budget>(retry_budget_options{.min_per_second = floor}),
                    HasSubstr("allowed is 0 for none, or at least 1e-09"));
    EXPECT_EQ(refused_with<retry_budget>(retry_budget_options{.min_per_second = 1e-9}), "");
    EXPECT_THAT(refused_with<retry>(retry_options{.max_attempts = 2, .retries_below = 2}),
                HasSubstr("retries_below is 2, allowed is less than max_attempts"));
}

}  // namespace
}  // namespace cutwater
