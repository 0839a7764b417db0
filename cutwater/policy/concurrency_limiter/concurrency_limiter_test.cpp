// The concurrency limiter in pipelines, on both drivers.

#include "cutwater/policy/concurrency_limiter/concurrency_limiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/permit_scenario.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/others.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;
using testing::others;

static_assert(queueing_gate<concurrency_limiter> && quick_gate<concurrency_limiter>);

// ---- one table, both drivers: one call, where others are inside or wait already ----

using scenario = testing::permit_scenario<concurrency_limiter>;

const concurrency_limiter_options narrow{.name = "db", .initial_limit = 1, .max_queue = 1, .max_wait = 200ms};
const std::string queued = "db concurrency_queued longest_wait=200ms queued=1";
std::string let_in(const std::string& waited) { return "db concurrency_wait_ended admitted=true waited=" + waited; }
std::string in_vain(const std::string& waited) { return "db concurrency_wait_ended admitted=false waited=" + waited; }

const std::vector<scenario> scenarios{
    {.name = "there_is_room", .options = narrow, .result = "7", .elapsed = 5ms, .events = {}},
    {.name = "S125_the_limit_is_reached",
     .options = {.name = "db", .initial_limit = 2},
     .others = 2,
     .result = "db: get: the concurrency limit is reached",
     .elapsed = 0ms,
     .events = {"db concurrency_refused limit=2 queued=0"}},
    {.name = "it_waits_until_one_goes",
     .options = narrow,
     .others = 1,
     .one_goes_after = 50ms,
     .result = "7",
     .elapsed = 55ms,
     .events = {queued, let_in("50ms")}},
    {.name = "it_waits_in_vain",
     .options = narrow,
     .others = 1,
     .result = "db: get: no permit or place became free in time (limit 200ms)",
     .elapsed = 200ms,
     .events = {queued, in_vain("200ms")}},
    {.name = "the_queue_is_full",
     .options = narrow,
     .others = 2,
     .result = "db: get: the concurrency limit is reached",
     .elapsed = 0ms,
     .events = {"db concurrency_refused limit=1 queued=1"}},
    {.name = "T46_who_is_let_in_at_its_deadline_sends_nothing",
     .options = narrow,
     .others = 1,
     .one_goes_after = 80ms,
     .deadline = 80ms,
     .result = "db: get: no permit or place became free in time",
     .elapsed = 80ms,
     .events = {"db concurrency_queued longest_wait=80ms queued=1", in_vain("80ms")}},
    {.name = "T43_it_stops_waiting_when_its_caller_cancels",
     .options = narrow,
     .others = 1,
     .cancels_after = 30ms,
     .result = "db: get: the caller cancelled the call",
     .elapsed = 30ms,
     .events = {queued, in_vain("30ms")}},
    {.name = "T85_what_matters_more_takes_a_place_in_a_full_queue",
     .options = narrow,
     .others = 2,
     .one_goes_after = 50ms,
     .importance = criticality::critical,
     .result = "7",
     .elapsed = 55ms,
     .events = {queued, let_in("50ms")}},
};

class concurrency_limiter_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(concurrency_limiter_scenarios, are_as_the_table_says) { testing::expect_scenario(GetParam()); }

INSTANTIATE_TEST_SUITE_P(table, concurrency_limiter_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what is a sample ----

static_assert(sizeof(shared_epochs) + sizeof(shared_permits) + sizeof(concurrency_limiter) <= 2900,
              "as the header says");

class concurrency_limiter_policy : public ::testing::TestWithParam<testing::driver> {
protected:
    /// One call after the other, for so long; a limit of one that is in use all the time.
    void call_for(duration d) {
        const instant end = on.time.in(d);
        while (on.time.present() < end) (void)on.play(guarded);
    }

    testing::stage<int> on{GetParam()};
    concurrency_limiter db{{.name = "db", .initial_limit = 2, .window = 100ms, .min_samples = 5}};
    pipeline<observe, reference<concurrency_limiter>> guarded{observe{on.heard}, ref(db)};
};

INSTANTIATE_TEST_SUITE_P(drivers, concurrency_limiter_policy, ::testing::ValuesIn(testing::both_drivers),
                         testing::driver_name{});

TEST_P(concurrency_limiter_policy, S125_a_limit_that_is_needed_rises_and_is_told) {
    on.dependency.returns(7, 10ms);
    call_for(500ms);
    EXPECT_EQ(db.limit(), 8U) << "of two, one in use is half of it; by six";
    EXPECT_THAT(on.heard.last("concurrency_limit_moved").line(), HasSubstr("before=2"));
}

TEST_P(concurrency_limiter_policy, T84_failures_lower_it_and_success_raises_it_again) {
    on.dependency.fails(std::errc::connection_reset, 10ms);
    call_for(1s);
    EXPECT_EQ(db.limit(), 1U);
    on.dependency.returns(7, 10ms);
    call_for(1s);
    EXPECT_GT(db.limit(), 1U);
}

TEST_P(concurrency_limiter_policy, an_answer_that_is_no_success_is_an_answer) {
    pipeline judging{ref(db), classify{permanent(value([](int) { return true; }))}};
    on.dependency.returns(7, 10ms);
    const instant end = on.time.in(500ms);
    while (on.time.present() < end) (void)on.play(judging);
    EXPECT_EQ(db.limit(), 8U);
}

TEST_P(concurrency_limiter_policy, T40_what_is_refused_further_in_is_no_sample) {
    bulkhead full{{.max_concurrent = 1}};
    others those{full, on.time};
    those.come();
    pipeline refusing{observe{on.heard}, ref(db), ref(full)};
    const instant end = on.time.in(3s);
    while (on.time.present() < end) {
        (void)on.play(refusing);
        on.time.pass(10ms);
    }
    EXPECT_EQ(db.limit(), 2U);
    EXPECT_EQ(db.in_use(), 0U);
    EXPECT_EQ(on.heard.count("bulkhead_refused"), 300U);
    EXPECT_EQ(on.heard.count("concurrency_limit_moved"), 0U);
}

TEST_P(concurrency_limiter_policy, T40_what_its_caller_cancels_is_no_sample) {
    on.dependency.hangs();
    for (int i = 0; i < 100; ++i) {
        testing::stage<int> one{GetParam()};  // a caller can cancel once
        one.dependency.hangs();
        one.time.pass(i * 100ms);
        one.cancels_after(50ms);
        pipeline through{observe{one.heard}, ref(db)};
        EXPECT_THAT(one.play(through), testing::fails_with(errc::cancelled));
        EXPECT_EQ(one.heard.count("concurrency_limit_moved"), 0U);
    }
    EXPECT_EQ(db.limit(), 2U);
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(concurrency_limiter_policy, T84_calls_whose_deadline_passes_while_they_are_under_way_are_signs_of_overload) {
    on.dependency.returns(7, 10ms);
    call_for(1s);
    const unsigned before = db.limit();
    on.dependency.hangs();
    for (int i = 0; i < 30; ++i) EXPECT_FALSE(on.play(guarded, {.deadline = on.time.in(50ms)}));
    EXPECT_LT(db.limit(), before);
}

TEST_P(concurrency_limiter_policy, calls_that_had_less_time_than_it_takes_are_not) {
    on.dependency.returns(7, 10ms);
    call_for(1s);
    const unsigned before = db.limit();
    for (int i = 0; i < 300; ++i) EXPECT_FALSE(on.play(guarded, {.deadline = on.time.in(8ms)}));
    EXPECT_EQ(db.limit(), before);
}

TEST_P(concurrency_limiter_policy, T40_T80_a_permit_comes_back_where_the_users_rule_throws) {
    concurrency_limiter picky{{.initial_limit = 5, .is_overload = [](const observation&) -> bool { throw 7; }}};
    pipeline through{ref(picky)};
    on.dependency.returns(7, 10ms);
    int failed = 0;
    for (int i = 0; i < 40; ++i) failed += on.play(through) ? 0 : 1;
    EXPECT_GE(failed, 10) << "those that count";
    EXPECT_EQ(picky.in_use(), 0U);
}

TEST(concurrency_limiter_policy, T48_learns_when_a_call_gives_up_and_keeps_its_permit_until_the_work_ends) {
    testing::virtual_time time;
    concurrency_limiter db{{.rule = limit_rule::aimd, .initial_limit = 8, .window = 20ms, .min_samples = 3}};
    const error late{errc::timed_out};
    const observation gave_up{.judged = {.meaning = verdict::transient}, .failure = &late};
    for (int i = 0; i < 200; ++i) {
        blocking_parking place;
        call_context call{nothing_said, time, place};
        auto answer = db.admit(call, call.now);
        auto* const taken = std::get_if<concurrency_limiter::ticket>(&answer);
        ASSERT_NE(taken, nullptr);
        time.pass(5ms);
        call.now.forget();
        db.orphaned(*taken, gave_up, call, call.now);
        EXPECT_EQ(db.in_use(), 1U);
        db.abandon(*taken);
    }
    EXPECT_EQ(db.limit(), 1U);
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(concurrency_limiter_policy, a_rule_of_the_users_says_what_is_overload) {
    concurrency_limiter picky{
        {.initial_limit = 2, .window = 100ms, .min_samples = 5, .is_overload = [](const observation& seen) {
             return seen.failure != nullptr && seen.failure->code() == std::errc::too_many_files_open;
         }}};
    pipeline through{ref(picky)};
    on.dependency.fails(std::errc::connection_reset, 10ms);
    const auto call_until = [&](instant end) {
        while (on.time.present() < end) (void)on.play(through);
    };
    call_until(on.time.in(1s));
    EXPECT_EQ(picky.limit(), 2U);
    on.dependency.fails(std::errc::too_many_files_open, 10ms);
    call_until(on.time.in(1s));
    EXPECT_EQ(picky.limit(), 1U);
}

TEST_P(concurrency_limiter_policy, T17_a_permit_comes_back_where_a_later_gate_refuses) {
    circuit_breaker broken{};
    (void)broken.open(on.time.present());
    pipeline both{ref(db), ref(broken)};
    EXPECT_FALSE(on.play(both));
    EXPECT_EQ(db.in_use(), 0U);
}

TEST_P(concurrency_limiter_policy, T30_its_refusals_say_nothing_about_the_dependency) {
    others those{db, on.time};
    those.come(), those.come();
    circuit_breaker breaker{{.window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline both{ref(breaker), ref(db)};
    EXPECT_THAT(on.play(both), testing::fails_with(errc::concurrency_limited));
    EXPECT_EQ(breaker.state(on.time.present()), circuit_state::closed);
}

TEST_P(concurrency_limiter_policy, two_readings_of_the_clock_are_enough) {
    on.dependency.returns(7);
    (void)on.play(guarded);
    on.time.reset_reads();
    (void)on.play(guarded);
    EXPECT_EQ(on.time.reads(), 2U);
}

TEST(concurrency_limiter_options, T57_all_that_is_wrong_is_said_at_once) {
    const auto refused_with = [](concurrency_limiter_options o) {
        return testing::refused_with<concurrency_limiter>(std::move(o));
    };
    EXPECT_EQ(refused_with({.name = "db", .initial_limit = 5, .min_limit = 10, .max_limit = 4, .tolerance = 0.5}),
              "concurrency_limiter \"db\": tolerance is 0.5, allowed is from 1 to 10\n"
              "concurrency_limiter \"db\": min_limit is 10, allowed is at most max_limit (4)");
    EXPECT_THAT(refused_with({.initial_limit = 5, .min_limit = 10}),
                HasSubstr("initial_limit is 5, allowed is from min_limit to max_limit"));
    EXPECT_THAT(refused_with({.window = 10s}), HasSubstr("window is 10s, allowed is at most max_window"));
    EXPECT_THAT(refused_with({.backoff = 1.0}), HasSubstr("backoff is 1"));
    EXPECT_THAT(refused_with({.order = queue_order::codel, .queue_target = 1s}), HasSubstr("queue_interval"));
}

TEST(concurrency_limiter_options, what_is_not_said_is_what_the_others_allow) {
    EXPECT_EQ(concurrency_limiter{{.max_limit = 10}}.limit(), 10U);
    EXPECT_EQ(concurrency_limiter{{.min_limit = 50}}.limit(), 50U);
    EXPECT_EQ(concurrency_limiter{{}}.options().initial_limit, 20U);
}

TEST(concurrency_limiter_options, T57_the_options_in_force_can_be_read) {
    EXPECT_EQ(pipeline{concurrency_limiter{{.rule = limit_rule::aimd}}}.describe(),
              "concurrency_limiter {rule = aimd, initial_limit = 20, min_limit = 1, max_limit = 1000,\n"
              "    window = 100ms, max_window = 5s, min_samples = 20, max_drop_rate = 0.1, backoff = 0.9,\n"
              "    max_queue = 0, max_wait = 1s, order = fifo}\n└─ call\n");
}

TEST(concurrency_limiter_policy, S12_works_alone) {
    concurrency_limiter db{{.initial_limit = 1}};
    EXPECT_EQ(*db([] { return 7; }), 7);
    const auto nested = db([&] { return db([] { return 7; }); });
    EXPECT_FALSE(nested);
}

}  // namespace
}  // namespace cutwater
