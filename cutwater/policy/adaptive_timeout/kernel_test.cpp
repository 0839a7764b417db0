// Which limit follows from what is known, and what a call says of how long things take.

#include "cutwater/policy/adaptive_timeout/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cutwater {
namespace {

const adaptive_timeout_options usual{.factor = 2, .initial = 1s, .floor = 10ms, .ceiling = 10s};
const adaptive_timeout_kernel kernel{usual};

latency_percentile exactly(duration d) { return {.value = d}; }
latency_percentile at_least(duration d) { return {.value = d, .is_at_least = true}; }

TEST(adaptive_timeout_kernel, the_limit_is_the_initial_one_while_nothing_is_known) {
    EXPECT_EQ(kernel.base_after(50ms, std::nullopt), 1s);
}

TEST(adaptive_timeout_kernel, the_limit_is_so_many_times_the_percentile) {
    EXPECT_EQ(kernel.base_after(1s, exactly(100ms)), 200ms);
    EXPECT_EQ(kernel.base_after(50ms, exactly(100ms)), 200ms);
}

TEST(adaptive_timeout_kernel, it_stays_between_floor_and_ceiling) {
    EXPECT_EQ(kernel.base_after(1s, exactly(4ms)), 10ms);
    EXPECT_EQ(kernel.base_after(1s, exactly(5s + 1ns)), 10s);
    EXPECT_EQ(kernel.base_after(1s, exactly(forever)), 10s);
    EXPECT_EQ(kernel.base_after(1s, at_least(forever)), 10s);
}

TEST(adaptive_timeout_kernel, what_is_only_a_bound_makes_it_longer_and_never_shorter) {
    EXPECT_EQ(kernel.base_after(100ms, at_least(100ms)), 200ms);
    EXPECT_EQ(kernel.base_after(300ms, at_least(100ms)), 300ms);
    EXPECT_EQ(kernel.base_after(10s, at_least(10s)), 10s);
}

TEST(adaptive_timeout_kernel, strain_takes_it_that_share_of_the_way_to_the_floor) {
    EXPECT_EQ(kernel.limit(1010ms, 0), 1010ms);
    EXPECT_EQ(kernel.limit(1010ms, 0.25), 760ms);
    EXPECT_EQ(kernel.limit(1010ms, 1), 10ms);
    EXPECT_EQ(kernel.limit(1010ms, -3), 1010ms);
    EXPECT_EQ(kernel.limit(1010ms, 7), 10ms);
    EXPECT_EQ(kernel.limit(10ms, 0.5), 10ms);
}

TEST(adaptive_timeout_kernel, a_quarter_more_or_less_is_worth_telling) {
    EXPECT_TRUE(kernel.is_much(1000ms, 1250ms));
    EXPECT_FALSE(kernel.is_much(1000ms, 1249ms));
    EXPECT_TRUE(kernel.is_much(1250ms, 1000ms));
    EXPECT_FALSE(kernel.is_much(1249ms, 1000ms));
    EXPECT_FALSE(kernel.is_much(1s, 1s));
}

RC_GTEST_PROP(adaptive_timeout_kernel, whatever_is_known_the_limit_is_between_floor_and_ceiling, ()) {
    const auto some = [] { return duration{*rc::gen::inRange<duration::rep>(1, 3'600'000'000'000)}; };
    adaptive_timeout_options o{
        .factor = *rc::gen::element(1.0, 1.5, 100.0), .initial = some(), .floor = some(), .ceiling = some()};
    if (o.floor > o.ceiling) std::swap(o.floor, o.ceiling);
    o.initial = std::clamp(o.initial, o.floor, o.ceiling);
    const adaptive_timeout_kernel any{o};
    duration base = o.initial;
    for (int i = 0; i < 10; ++i) {
        base = any.base_after(base, latency_percentile{.value = some(), .is_at_least = *rc::gen::arbitrary<bool>()});
        const duration limit = any.limit(base, *rc::gen::element(0.0, 0.3, 1.0));
        RC_ASSERT(base >= o.floor && base <= o.ceiling);
        RC_ASSERT(limit >= o.floor && limit <= base);
    }
}

// ---- samples ----

latency_sample of(verdict meaning) { return kernel.sample_of({.judged = {.meaning = meaning}}); }
latency_sample of(verdict meaning, std::error_code code) {
    const error failure{code};
    return kernel.sample_of({.judged = {.meaning = meaning}, .failure = &failure});
}

TEST(adaptive_timeout_samples, an_answer_took_its_time_also_where_it_says_no) {
    EXPECT_EQ(of(verdict::success), latency_sample::ended);
    EXPECT_EQ(of(verdict::permanent), latency_sample::ended);
}

TEST(adaptive_timeout_samples, what_failed_in_passing_had_not_answered_by_then) {
    EXPECT_EQ(of(verdict::transient), latency_sample::censored);
    EXPECT_EQ(of(verdict::transient, make_error_code(std::errc::connection_reset)), latency_sample::censored);
}

TEST(adaptive_timeout_samples, T39_whatever_ran_out_of_time_is_censored_whosever_it_was) {
    for (const verdict v : {verdict::transient, verdict::ignored, verdict::permanent, verdict::success})
        for (const errc code : {errc::timed_out, errc::deadline_exceeded})
            EXPECT_EQ(of(v, make_error_code(code)), latency_sample::censored) << to_text(v);
}

TEST(adaptive_timeout_samples, what_was_cancelled_rejected_or_ignored_says_nothing) {
    for (const verdict v : {verdict::cancelled, verdict::rejected, verdict::ignored, verdict::abandoned})
        EXPECT_EQ(of(v), latency_sample::none) << to_text(v);
    EXPECT_EQ(of(verdict::cancelled, make_error_code(errc::timed_out)), latency_sample::none);
}

TEST(adaptive_timeout_samples, T69_what_was_cancelled_because_another_attempt_won_is_censored) {
    const instant then{5s};
    EXPECT_EQ(kernel.sample_of({.judged = {.meaning = verdict::cancelled}}, then), latency_sample::censored);
    EXPECT_EQ(kernel.sample_of({.judged = {.meaning = verdict::success}}, then), latency_sample::ended)
        << "it has answered all the same";
    for (const verdict v : {verdict::rejected, verdict::ignored, verdict::abandoned})
        EXPECT_EQ(kernel.sample_of({.judged = {.meaning = v}}, then), latency_sample::none) << to_text(v);
}

}  // namespace
}  // namespace cutwater
