// The hedge on both drivers: coroutines, and blocking calls on threads in virtual time.

#include "cutwater/policy/hedge/hedge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/hedge/hedge_stage_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"
#include "cutwater/testing/virtual_threads.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::both_drivers;
using testing::driver;
using testing::event_with;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const call_options idempotent_get{.idempotent = idempotency::idempotent};

class hedge_policy : public hedge_stage {};
INSTANTIATE_TEST_SUITE_P(drivers, hedge_policy, ::testing::ValuesIn(both_drivers), testing::driver_name{});

TEST_P(hedge_policy, a_quick_answer_is_not_hedged) {
    on.dependency.returns(7, 99ms);
    pipeline guarded{observe{on.heard}, hedge{}, ref(threads)};
    EXPECT_EQ(play(guarded), 7);
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(on.time.elapsed(), 99ms);
    EXPECT_THAT(on.heard.names(), ::testing::Not(::testing::Contains("hedge_begun")));
}

TEST_P(hedge_policy, a_slow_one_is_asked_again_beside_it_and_the_first_answer_counts) {
    on.dependency.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{observe{on.heard}, hedge{{.delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(on.time.elapsed(), 70ms) << "delivered before the other has ended";
    EXPECT_EQ(on.dependency.calls(), 2U);
    EXPECT_THAT(on.heard.last("hedge_begun"),
                AllOf(event_with("under_way", "2"), event_with("cause", "delay"), event_with("after", "50ms")));
    EXPECT_THAT(on.heard.last("hedge_ended"),
                AllOf(event_with("begun", "2"), event_with("given_up", "1"), event_with("meaning", "success")));
    EXPECT_THAT(on.heard.last("call_completed"), event_with("attempts", "2"));
}

TEST_P(hedge_policy, the_first_may_still_win) {
    on.dependency.returns(1, 60ms).returns(2, 500ms);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded), 1);
    EXPECT_EQ(on.time.elapsed(), 60ms);
}

TEST_P(hedge_policy, there_may_be_several) {
    on.dependency.returns(1, 10s).returns(2, 10s).returns(3, 10s).returns(4, 5ms);
    pipeline guarded{hedge{{.max_attempts = 4, .delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded), 4);
    EXPECT_EQ(on.time.elapsed(), 155ms);
    EXPECT_EQ(on.dependency.most_at_once(), 4U);
}

TEST_P(hedge_policy, S39_only_what_is_stated_to_be_idempotent_is_hedged) {
    on.dependency.returns(1, 1s);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded, {.idempotent = idempotency::not_idempotent}), 1);
    EXPECT_EQ(play(guarded, {}), 1);
    EXPECT_EQ(on.dependency.calls(), 2U);
    pipeline knows_better{hedge{{.delay = 50ms, .unstated_means = idempotency::idempotent}}, ref(threads)};
    EXPECT_EQ(play(knows_better, {}), 1);
    EXPECT_EQ(on.dependency.calls(), 4U);
}

TEST_P(hedge_policy, T67_a_transient_failure_does_not_wait_for_the_delay) {
    on.dependency.fails(std::errc::connection_reset, 5ms).returns(2, 5ms);
    pipeline guarded{observe{on.heard}, hedge{{.delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(on.time.elapsed(), 10ms);
    EXPECT_THAT(on.heard.last("hedge_begun"), event_with("cause", "failure"));
}

TEST_P(hedge_policy, T67_a_permanent_failure_is_the_outcome_and_the_others_are_given_up) {
    on.dependency.returns(1, 10s).fails(std::errc::permission_denied, 5ms);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded).error().code(), std::errc::permission_denied);
    EXPECT_EQ(on.time.elapsed(), 55ms);
}

TEST_P(hedge_policy, where_all_fail_the_last_failure_is_the_calls_with_the_history_of_all) {
    on.dependency.fails(std::errc::connection_reset, 5ms).fails(std::errc::connection_refused, 5ms);
    pipeline guarded{hedge{{.max_attempts = 3, .delay = 50ms}}, ref(threads)};
    const result<int> told = play(guarded);
    EXPECT_EQ(told.error().code(), std::errc::connection_refused);
    ASSERT_THAT(told.error().history(), SizeIs(3));
    EXPECT_EQ(told.error().history()[0].code, std::errc::connection_reset);
    EXPECT_EQ(told.error().history()[2].number, 3U);
}

TEST_P(hedge_policy, the_history_is_in_the_order_in_which_attempts_began) {
    on.dependency.fails(std::errc::connection_reset, 80ms).fails(std::errc::connection_refused, 10ms);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(threads)};
    const result<int> told = play(guarded);
    EXPECT_EQ(told.error().code(), std::errc::connection_reset) << "it was the last";
    EXPECT_THAT(told.error().message(), HasSubstr("after 2 attempts"));
    ASSERT_THAT(told.error().history(), SizeIs(2));
    EXPECT_EQ(told.error().history().front().code, std::errc::connection_reset);
    EXPECT_EQ(told.error().history().back().code, std::errc::connection_refused);
}

TEST_P(hedge_policy, each_attempt_has_a_permit_and_a_timeout_of_its_own_inside) {
    bulkhead narrow{{.max_concurrent = 3}};
    on.dependency.returns(1, 10s).returns(2, 10s).returns(3, 5ms);
    pipeline guarded{hedge{{.max_attempts = 3, .delay = 50ms}}, ref(narrow), timeout{60ms}, ref(threads)};
    EXPECT_EQ(play(guarded), 3);
    EXPECT_EQ(on.time.elapsed(), 65ms) << "the third does not wait for its delay: the first has timed out";
    EXPECT_GE(narrow.in_use(), GetParam() == driver::blocking ? 2U : 0U) << "what cannot be stopped runs on";
    let_everything_end();
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_P(hedge_policy, T62_a_refused_extra_only_leaves_out_the_extra) {
    bulkhead narrow{{.max_concurrent = 1}};
    on.dependency.returns(1, 200ms);
    pipeline guarded{hedge{{.max_attempts = 3, .delay = 50ms}}, ref(narrow), ref(threads)};
    EXPECT_EQ(play(guarded), 1);
    EXPECT_EQ(on.time.elapsed(), 200ms);
    EXPECT_EQ(on.dependency.calls(), 1U);
}

/// Pays for so many further attempts, and knows what it is told.
struct few_attempts final : attempt_budget {
    explicit few_attempts(unsigned n) : left{n} {}
    unsigned left;
    unsigned originals = 0;
    unsigned outcomes = 0;

    [[nodiscard]] name budget_name() const noexcept override { return "few"; }
    void count_original(call_context&) noexcept override { ++originals; }
    void count_outcome(const observation&, budget_charge, call_context&) noexcept override { ++outcomes; }
    [[nodiscard]] std::optional<budget_charge> try_charge(const observation*, call_context&) noexcept override {
        if (left == 0) return std::nullopt;
        return --left, budget_charge{1};
    }
    void refund(budget_charge) noexcept override { ++left; }
};

TEST_P(hedge_policy, T62_an_exhausted_budget_suppresses_the_extra_and_not_the_call) {
    few_attempts budget{1};
    on.dependency.returns(1, 10s).returns(2, 500ms);
    pipeline guarded{observe{on.heard}, hedge{{.max_attempts = 5, .delay = 50ms, .budget = &budget}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(on.dependency.calls(), 2U);
    EXPECT_EQ(on.heard.count("hedge_suppressed"), 1U) << "told once";
    EXPECT_EQ(budget.originals, 1U);
    EXPECT_EQ(budget.outcomes, 1U) << "what has lost is told to nobody";
}

TEST_P(hedge_policy, S116_beyond_what_the_caller_has_left_nothing_is_hedged) {
    on.dependency.returns(1, 500ms);
    pipeline guarded{hedge{{.max_attempts = 5, .delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded, {.idempotent = idempotency::idempotent, .retries_left = 0}), 1);
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(play(guarded, {.idempotent = idempotency::idempotent, .retries_left = 2}), 1);
    EXPECT_EQ(on.dependency.calls(), 4U);
}

TEST_P(hedge_policy, where_the_first_is_refused_and_nothing_is_under_way_that_is_the_outcome) {
    circuit_breaker broken{};
    (void)broken.open(on.time.present());
    pipeline guarded{hedge{{.delay = 50ms}}, ref(broken), ref(threads)};
    EXPECT_EQ(play(guarded).error().code(), errc::circuit_open);
    EXPECT_EQ(on.time.elapsed(), 0ms);
}

TEST_P(hedge_policy, who_has_lost_counts_for_nothing) {
    circuit_breaker breaker{{.window = breaker_window::count, .window_calls = 10, .minimum_calls = 1}};
    on.dependency.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(breaker), ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    let_everything_end();
    EXPECT_EQ(breaker.counts(on.time.present()).calls, 1U);
    EXPECT_EQ(breaker.counts(on.time.present()).failures, 0U);
}

TEST_P(hedge_policy, T69_a_layer_outside_hears_of_one_attempt_and_at_once) {
    circuit_breaker breaker{{.window = breaker_window::count, .window_calls = 10, .minimum_calls = 1}};
    bulkhead outside{{.max_concurrent = 5}};
    on.dependency.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{ref(breaker), ref(outside), hedge{{.delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(breaker.counts(on.time.present()).calls, 1U);
    let_everything_end();
    EXPECT_EQ(outside.in_use(), 0U);
}

TEST_P(hedge_policy, T48_a_permit_outside_that_holds_the_work_stays_until_the_last_attempt_has_ended) {
    bulkhead outside{{.max_concurrent = 5}};
    on.dependency.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{ref(outside), hedge{{.delay = 50ms}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(outside.in_use(), GetParam() == driver::blocking ? 1U : 0U) << "what cannot be stopped runs on";
    let_everything_end();
    EXPECT_EQ(outside.in_use(), 0U);
}

TEST_P(hedge_policy, a_retry_outside_hedges_each_of_its_attempts) {
    on.dependency.fails(std::errc::connection_reset, 5ms).fails(std::errc::connection_reset, 5ms).returns(3, 5ms);
    pipeline guarded{observe{on.heard}, retry{{.base_delay = 100ms, .jitter = jitter::none}}, hedge{{.delay = 50ms}},
                     ref(threads)};
    EXPECT_EQ(play(guarded), 3);
    EXPECT_EQ(on.time.elapsed(), 115ms);
    EXPECT_THAT(on.heard.last("call_completed"), event_with("attempts", "3"));
}

/// Who is busy says how long to leave it alone.
auto asks_for(duration wish) {
    return classify{[wish](const outcome<int>& out) -> std::optional<judgement> {
        if (out.has_value() || out.failure().code() != std::errc::device_or_resource_busy) return std::nullopt;
        return judgement{.meaning = verdict::transient, .retry_after = wish};
    }};
}

TEST_P(hedge_policy, T67_a_retry_outside_waits_for_the_longest_wish_also_where_another_attempt_has_failed_last) {
    on.dependency.fails(std::errc::device_or_resource_busy, 20ms)
        .fails(std::errc::connection_reset, 20ms)
        .returns(3, 5ms);
    pipeline guarded{observe{on.heard}, retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}},
                     hedge{{.delay = 10ms}}, ref(threads), asks_for(2s)};
    EXPECT_EQ(play(guarded), 3);
    EXPECT_GE(on.time.elapsed(), 2025ms) << "asked at 20 ms, though the last failed at 30 ms";
    EXPECT_LE(on.time.elapsed(), 3025ms) << "and half as long again at most";
}

TEST_P(hedge_policy, T67_a_retry_outside_gives_up_after_a_negative_wish_also_where_another_attempt_has_failed_last) {
    on.dependency.fails(std::errc::device_or_resource_busy, 20ms).fails(std::errc::connection_reset, 20ms);
    pipeline guarded{observe{on.heard}, retry{{.max_attempts = 5, .base_delay = 10ms}}, hedge{{.delay = 10ms}},
                     ref(threads), asks_for(-1ms)};
    EXPECT_FALSE(play(guarded));
    EXPECT_EQ(on.dependency.calls(), 2U);
    EXPECT_EQ(on.time.elapsed(), 30ms);
}

TEST_P(hedge_policy, T67_the_longest_wish_is_told_by_the_calls_error) {
    on.dependency.fails(std::errc::device_or_resource_busy, 20ms).fails(std::errc::connection_reset, 20ms);
    pipeline guarded{hedge{{.delay = 10ms}}, ref(threads), asks_for(2s)};
    const auto got = play(guarded);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), std::errc::connection_reset);
    EXPECT_EQ(got.error().retry_after(), 1990ms) << "of two seconds that were asked for 10 ms ago";
}

TEST_P(hedge_policy, a_retry_inside_is_each_attempts_own) {
    on.dependency.fails(std::errc::connection_reset, 5ms).returns(2, 5ms);
    pipeline guarded{hedge{{.delay = 50ms}}, retry{{.base_delay = 10ms, .jitter = jitter::none}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(on.time.elapsed(), 20ms);
}

TEST_P(hedge_policy, a_timeout_outside_ends_all_attempts_and_names_itself) {
    on.dependency.returns(1, 10s);
    pipeline guarded{timeout{{.name = "total", .after = 120ms}}, hedge{{.max_attempts = 3, .delay = 50ms}},
                     ref(threads)};
    const result<int> told = play(guarded);
    EXPECT_EQ(told.error().code(), errc::timed_out);
    EXPECT_EQ(told.error().layer(), name{"total"});
    EXPECT_EQ(on.time.elapsed(), 120ms);
}

TEST_P(hedge_policy, the_callers_own_deadline_is_no_timeout) {
    on.dependency.returns(1, 10s);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(threads)};
    const result<int> told = play(guarded, {.deadline = on.time.in(80ms), .idempotent = idempotency::idempotent});
    EXPECT_EQ(told.error().code(), errc::deadline_exceeded);
    EXPECT_EQ(on.time.elapsed(), 80ms);
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(hedge_policy, T43_a_cancellation_ends_all_attempts_and_none_begins) {
    on.dependency.returns(1, 10s);
    bulkhead narrow{{.max_concurrent = 5}};
    pipeline guarded{hedge{{.max_attempts = 5, .delay = 50ms}}, ref(narrow), ref(threads)};
    cancels_after(120ms);
    EXPECT_EQ(play(guarded).error().code(), errc::cancelled);
    EXPECT_EQ(on.time.elapsed(), 120ms);
    EXPECT_EQ(on.dependency.calls(), 3U);
    let_everything_end();
    EXPECT_EQ(on.dependency.calls(), 3U);
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_P(hedge_policy, T43_a_call_that_is_cancelled_after_an_attempt_has_failed_is_cancelled_and_not_tried_again) {
    on.dependency.fails(std::errc::connection_reset, 5ms).returns(1, 10s);
    pipeline guarded{observe{on.heard}, retry{{.base_delay = 1s}}, hedge{{.delay = 50ms}}, ref(threads)};
    cancels_after(100ms);
    const result<int> told = play(guarded);
    EXPECT_EQ(told.error().code(), errc::cancelled);
    EXPECT_EQ(on.time.elapsed(), 100ms);
    EXPECT_THAT(on.heard.names(), ::testing::Not(::testing::Contains("retry_scheduled")));
    ASSERT_THAT(told.error().history(), SizeIs(2));
    EXPECT_EQ(told.error().history().front().code, std::errc::connection_reset);
}

TEST_P(hedge_policy, an_attempt_that_waits_in_a_queue_leaves_it_when_another_has_won) {
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 10s}};
    on.dependency.returns(1, 80ms);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(narrow), ref(threads)};
    EXPECT_EQ(play(guarded), 1);
    EXPECT_EQ(on.time.elapsed(), 80ms);
    let_everything_end();
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(narrow.queued(), 0U);
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_P(hedge_policy, T57_the_delay_may_be_a_function) {
    duration tracked = 30ms;
    on.dependency.returns(1, 10s).returns(2, 10ms);
    pipeline guarded{hedge{{.delay_by = [&] { return tracked; }}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(on.time.elapsed(), 40ms);
}

TEST_P(hedge_policy, the_delay_may_be_that_of_an_estimate_once_it_says_something) {
    const auto estimate = std::make_shared<latency_estimate>(latency_estimate_options{.min_samples = 100});
    on.dependency.returns(1, 10s).returns(2, 5ms).returns(3, 10s).returns(4, 5ms);
    pipeline guarded{hedge{{.delay = 200ms, .estimate = estimate}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(on.time.elapsed(), 205ms);
    on.time.pass(1s);  // what it said is remembered for a while
    for (int i = 0; i < 100; ++i) estimate->record(i < 90 ? 10ms : 50ms, on.time.present());
    const duration before = on.time.elapsed();
    EXPECT_EQ(play(guarded), 4);
    const duration took = on.time.elapsed() - before;
    EXPECT_GE(took, 54ms);
    EXPECT_LE(took, 56ms);
}

TEST_P(hedge_policy, a_function_that_throws_fails_its_call) {
    on.dependency.returns(1, 10s);
    bulkhead narrow{{.max_concurrent = 5}};
    pipeline guarded{hedge{{.delay_by = []() -> duration { throw std::runtime_error{"no"}; }}}, ref(narrow),
                     ref(threads)};
    const result<int> told = play(guarded);
    EXPECT_EQ(told.error().code(), errc::callback_failed);
    EXPECT_EQ(told.error().layer(), name{"hedge"});
    let_everything_end();
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_P(hedge_policy, is_the_same_in_a_pipeline_put_together_at_run_time) {
    on.dependency.returns(1, 10s).returns(2, 20ms);
    any_pipeline<int> guarded{observe{on.heard}, timeout{1s}, hedge{{.delay = 50ms}}};
    bulkhead narrow{{.max_concurrent = 5}};
    guarded.add(ref(narrow)).add(ref(threads));
    EXPECT_EQ(play(guarded), 2);
    EXPECT_EQ(on.time.elapsed(), 70ms);
    let_everything_end();
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_P(hedge_policy, T42_what_ends_together_with_the_winner_is_not_lost) {
    bulkhead narrow{{.max_concurrent = 5}};
    on.dependency.returns(1, 100ms).returns(2, 50ms);
    pipeline guarded{hedge{{.delay = 50ms}}, ref(narrow), ref(threads)};
    EXPECT_TRUE(play(guarded));
    EXPECT_EQ(on.time.elapsed(), 100ms);
    let_everything_end();
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST(hedge, a_call_that_is_cancelled_while_it_waits_for_the_dependencys_wish_is_cancelled) {
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    boost::asio::cancellation_signal signal;
    time.after(100ms, [&] { signal.emit(boost::asio::cancellation_type::terminal); });
    pipeline guarded{hedge{{.delay = 50ms}}};
    const auto busy = []() -> boost::asio::awaitable<std::expected<int, error>> {
        co_return std::unexpected{error{make_error_code(std::errc::connection_reset)}.with_retry_after(500ms)};
    };
    const result<int> told = loop.run(guarded, idempotent_get, busy, signal.slot());
    EXPECT_EQ(told.error().code(), errc::cancelled);
    EXPECT_EQ(told.error().layer(), name{"hedge"});
    EXPECT_EQ(time.elapsed(), 100ms);
    ASSERT_THAT(told.error().history(), SizeIs(1));
    EXPECT_EQ(told.error().history().front().code, std::errc::connection_reset);
}

// ---- what an estimate inside hears of who has lost ----

/// An estimate that says something from the first sample on.
std::shared_ptr<latency_estimate> attentive() {
    return std::make_shared<latency_estimate>(latency_estimate_options{.min_samples = 1});
}
/// The samples that are known of, those that were cut off, and that the longest is as long as expected, within what the estimate promises.
void expect_known(latency_estimate& of, instant now, std::uint64_t samples, std::uint64_t censored, duration longest) {
    const latency_reading known = of.read(0.9999, now);
    EXPECT_EQ(known.samples, samples);
    EXPECT_EQ(known.censored, censored);
    ASSERT_TRUE(known.percentile);
    EXPECT_EQ(known.percentile->is_at_least, censored > 0);
    EXPECT_GE(known.percentile->value, longest * 98 / 100);
    EXPECT_LE(known.percentile->value, longest * 102 / 100);
}

TEST_P(hedge_policy, T69_what_has_lost_takes_at_least_as_long_as_it_had_until_another_won) {
    const auto takes = attentive();
    on.dependency.returns(1, 10s).returns(2, 20ms);
    pipeline guarded{hedge{{.delay = 50ms}}, adaptive_timeout{{.estimate = takes}}, ref(threads)};
    EXPECT_EQ(play(guarded), 2);
    let_everything_end();
    expect_known(*takes, on.time.present(), 2, 1, 70ms);
}

TEST_P(hedge_policy, so_it_does_in_a_pipeline_put_together_at_run_time) {
    const auto takes = attentive();
    on.dependency.returns(1, 60ms).returns(2, 20s);
    any_pipeline<int> guarded{hedge{{.delay = 5ms}}, adaptive_timeout{{.estimate = takes}}};
    guarded.add(ref(threads));
    EXPECT_EQ(play(guarded), 1);
    let_everything_end();
    const latency_reading known = takes->read(0.5, on.time.present());
    EXPECT_EQ(known.samples, 2U);
    EXPECT_EQ(known.censored, 1U) << "the second, after 55 ms";
    EXPECT_FALSE(known.percentile->is_at_least)
        << "of what is only known to be longer than 55 ms, 60 ms is no contradiction";
}

TEST_P(hedge_policy, T37_what_its_caller_has_cancelled_says_nothing_of_how_long_it_takes) {
    const auto takes = attentive();
    on.dependency.returns(1, 10s).returns(2, 10s);
    pipeline guarded{hedge{{.delay = 50ms}}, adaptive_timeout{{.initial = 1s, .estimate = takes}}, ref(threads)};
    cancels_after(120ms);
    EXPECT_EQ(play(guarded).error().code(), errc::cancelled);
    let_everything_end();
    EXPECT_EQ(takes->read(0.5, on.time.present()).samples, 0U);
}

TEST_P(hedge_policy, what_lost_before_it_was_sent_says_nothing) {
    const auto takes = attentive();
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 10s}};
    on.dependency.returns(1, 80ms);
    pipeline guarded{hedge{{.delay = 50ms}}, adaptive_timeout{{.estimate = takes}}, ref(narrow), ref(threads)};
    EXPECT_EQ(play(guarded), 1);
    let_everything_end();
    expect_known(*takes, on.time.present(), 1, 0, 80ms);
}

TEST(hedge_and_an_estimate, what_dawdles_after_it_has_lost_had_no_more_than_until_then) {
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    const auto takes = attentive();
    pipeline guarded{hedge{{.delay = 50ms}}, adaptive_timeout{{.initial = 20s, .ceiling = 20s, .estimate = takes}}};
    unsigned calls = 0;
    const auto dawdling = [&]() -> boost::asio::awaitable<int> {
        if (++calls == 2) {
            co_await loop.sleep(20ms);
            co_return 2;
        }
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        co_await loop.sleep(9s);
        throw std::runtime_error{"it was cancelled"};
    };
    EXPECT_EQ(loop.run(guarded, idempotent_get, dawdling), 2);
    loop.run_all();
    while (time.advance_to_next()) loop.run_all();
    EXPECT_EQ(time.elapsed(), 9s);
    expect_known(*takes, time.present(), 2, 1, 70ms);
}

TEST(hedge, options_out_of_range_are_refused_all_at_once) {
    EXPECT_THAT(testing::refused_with<hedge>(hedge_options{.max_attempts = 0, .delay = -1ms, .min_delay = 0ms}),
                AllOf(HasSubstr("max_attempts is 0, allowed is from 1 to 100"), HasSubstr("delay is -1ms"),
                      HasSubstr("min_delay is 0s, allowed is from 1ms")));
    EXPECT_EQ(testing::refused_with<hedge>(hedge_options{}), "");
}

TEST(hedge, a_blocking_call_without_threads_says_what_is_missing) {
    any_pipeline<int> guarded{hedge{}};
    EXPECT_THROW((void)guarded.run([] { return 1; }), std::logic_error);
}

TEST(hedge, two_of_them_or_threads_outside_are_refused) {
    EXPECT_THROW((any_pipeline<int>{hedge{}, hedge{}}), std::logic_error);
    worker_pool pool{};
    EXPECT_THROW((any_pipeline<int>{ref(pool), hedge{}}), std::logic_error);
}

}  // namespace
}  // namespace cutwater
