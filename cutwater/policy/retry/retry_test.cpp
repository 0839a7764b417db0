// The retry in pipelines, on both drivers.

#include "cutwater/policy/retry/retry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using mock = testing::mock_dependency<int>;

retry_options steady(unsigned max_attempts = 3) {
    return {.max_attempts = max_attempts, .base_delay = 100ms, .growth = backoff::constant, .jitter = jitter::none};
}

// ---- one table, both drivers ----

struct scenario {
    std::string name;
    retry_options options;
    std::function<void(mock&)> dependency;
    duration deadline = forever;
    idempotency stated = idempotency::unstated;

    std::string result;
    unsigned calls = 0;
    duration elapsed{};
    std::vector<std::string> events;  // with what each says beside the error
};

std::string said_by(const testing::recorded_event& e) {
    if (e.name == "retry_scheduled") return e.field("delay");
    if (e.name == "retry_rescued") return "rescued by attempt " + e.field("attempts");
    if (e.name == "retry_not_tried") return "not tried: " + e.field("reason");
    return e.name == "retry_gave_up" ? "gave up: " + e.field("reason") : e.name;
}

retry_options with(retry_options options, const std::function<void(retry_options&)>& change) {
    change(options);
    return options;
}

const std::vector<scenario> scenarios{
    {.name = "first_attempt_succeeds",
     .options = steady(),
     .dependency = [](mock& m) { m.returns(7, 20ms); },
     .result = "7",
     .calls = 1,
     .elapsed = 20ms,
     .events = {}},
    {.name = "second_attempt_succeeds",
     .options = steady(),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset, 20ms).returns(7); },
     .result = "7",
     .calls = 2,
     .elapsed = 120ms,
     .events = {"100ms", "rescued by attempt 2"}},
    {.name = "all_attempts_fail",
     .options = {.max_attempts = 3, .base_delay = 100ms, .jitter = jitter::none},
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "get: Connection reset by peer, after 3 attempts",
     .calls = 3,
     .elapsed = 300ms,
     .events = {"100ms", "200ms", "gave up: attempts_exhausted"}},
    {.name = "fibonacci_delays",
     .options = {.max_attempts = 6, .base_delay = 10ms, .growth = backoff::fibonacci, .jitter = jitter::none},
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "get: Connection reset by peer, after 6 attempts",
     .calls = 6,
     .elapsed = 120ms,
     .events = {"10ms", "10ms", "20ms", "30ms", "50ms", "gave up: attempts_exhausted"}},
    {.name = "permanent_failure",
     .options = steady(),
     .dependency = [](mock& m) { m.fails(std::errc::permission_denied); },
     .result = "get: Permission denied",
     .calls = 1,
     .elapsed = 0s,
     .events = {"not tried: not_transient"}},
    {.name = "bug_of_the_callers",
     .options = steady(),
     .dependency = [](mock& m) { m.throws(std::logic_error{"not a number"}); },
     .result = "get: not a number",
     .calls = 1,
     .elapsed = 0s,
     .events = {"not tried: not_transient"}},
    {.name = "permanent_after_transient",
     .options = steady(),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset).fails(std::errc::permission_denied); },
     .result = "get: Permission denied, after 2 attempts",
     .calls = 2,
     .elapsed = 100ms,
     .events = {"100ms", "gave up: not_transient"}},
    {.name = "T58_not_idempotent_and_perhaps_sent",
     .options = steady(),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .stated = idempotency::not_idempotent,
     .result = "get: Connection reset by peer",
     .calls = 1,
     .elapsed = 0s,
     .events = {"not tried: not_idempotent"}},
    {.name = "T58_not_idempotent_and_never_sent",
     .options = steady(),
     .dependency = [](mock& m) { m.fails(std::errc::connection_refused).returns(7); },
     .stated = idempotency::not_idempotent,
     .result = "7",
     .calls = 2,
     .elapsed = 100ms,
     .events = {"100ms", "rescued by attempt 2"}},
    {.name = "T52_the_total_is_a_hard_bound",
     .options = with(steady(1000), [](auto& o) { o.max_total = 5s; }),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset, 400ms); },
     .result = "get: Connection reset by peer, after 10 attempts",
     .calls = 10,
     .elapsed = 4900ms,
     .events = {"100ms", "100ms", "100ms", "100ms", "100ms", "100ms", "100ms", "100ms", "100ms",
                "gave up: time_exhausted"}},
    {.name = "T53_no_sleep_reaches_the_deadline",
     .options = steady(),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset, 50ms); },
     .deadline = 250ms,
     .result = "get: Connection reset by peer, after 2 attempts",
     .calls = 2,
     .elapsed = 200ms,
     .events = {"100ms", "gave up: time_exhausted"}},
    {.name = "T53_a_sleep_as_long_as_what_is_left_is_too_long",
     .options = steady(),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .deadline = 100ms,
     .result = "get: Connection reset by peer",
     .calls = 1,
     .elapsed = 0s,
     .events = {"gave up: time_exhausted"}},
    {.name = "stop_condition_of_ones_own",
     .options = with(steady(9), [](auto& o) { o.should_stop = [](unsigned n, duration) { return n == 2; }; }),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "get: Connection reset by peer, after 2 attempts",
     .calls = 2,
     .elapsed = 100ms,
     .events = {"100ms", "gave up: stopped"}},
    {.name = "delays_of_ones_own",
     .options = with(steady(), [](auto& o) { o.delay_by = [](unsigned n, const observation&) { return n * 7ms; }; }),
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "get: Connection reset by peer, after 3 attempts",
     .calls = 3,
     .elapsed = 21ms,
     .events = {"7ms", "14ms", "gave up: attempts_exhausted"}},
};

std::ostream& operator<<(std::ostream& out, const scenario& s) { return out << s.name; }

class retry_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

template <class Pipeline>
void expect_played(const scenario& s, testing::stage<int>& on, Pipeline& guarded) {
    s.dependency(on.dependency);
    const instant deadline = s.deadline == forever ? never : on.time.in(s.deadline);
    const auto result = on.play(guarded, {.operation = "get", .deadline = deadline, .idempotent = s.stated});
    std::vector<std::string> heard;
    for (const auto& e : on.heard.all()) heard.push_back(said_by(e));
    EXPECT_EQ(result ? std::to_string(*result) : result.error().message(), s.result);
    EXPECT_EQ(on.dependency.calls(), s.calls);
    EXPECT_EQ(to_text(on.time.elapsed()), to_text(s.elapsed));
    ASSERT_GE(heard.size(), 2U);
    EXPECT_EQ(std::vector(heard.begin() + 1, heard.end() - 1), s.events) << "between start and end of the call";
}

TEST_P(retry_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    pipeline guarded{observe{on.heard}, retry{s.options}};
    expect_played(s, on, guarded);
}

TEST_P(retry_scenarios, are_the_same_in_a_pipeline_chosen_at_run_time) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    any_pipeline<int> guarded{observe{on.heard}, retry{s.options}};
    expect_played(s, on, guarded);
}

INSTANTIATE_TEST_SUITE_P(table, retry_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class retry_policy : public ::testing::TestWithParam<testing::driver> {
public:
    testing::stage<int> on{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(drivers, retry_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(retry_policy, the_error_is_the_last_attempts_own_with_the_history_of_all) {
    on.dependency.fails(std::errc::timed_out).fails(std::errc::connection_refused).throws(std::runtime_error{"boom"});
    any_pipeline<int> guarded{retry{steady()}, classify{transient(exception<std::runtime_error>())}};
    const auto result = on.play(guarded, {.operation = "get"});
    ASSERT_FALSE(result);
    EXPECT_THROW(result.error().raise(), std::runtime_error);
    const auto history = result.error().history();
    ASSERT_THAT(history, SizeIs(3));
    EXPECT_EQ(history[0].code, std::errc::timed_out);
    EXPECT_EQ(history[0].wait_after, 100ms);
    EXPECT_EQ(history[1].code, std::errc::connection_refused);
    EXPECT_EQ(history[1].number, 2U);
    EXPECT_EQ(history[2].text, "boom");
    EXPECT_EQ(history[2].wait_after, 0s);
}

TEST_P(retry_policy, inside_another_counts_anew_each_time) {
    pipeline guarded{retry{{.name = "outer", .max_attempts = 2, .jitter = jitter::none}},
                     retry{{.name = "inner", .max_attempts = 3, .jitter = jitter::none}}};
    on.dependency.fails(std::errc::connection_reset);
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(on.dependency.calls(), 6U);
}

TEST_P(retry_policy, a_single_attempt_has_no_history) {
    on.dependency.fails(std::errc::permission_denied);
    any_pipeline<int> guarded{retry{steady()}};
    EXPECT_THAT(on.play(guarded).error().history(), IsEmpty());
}

TEST_P(retry_policy, the_history_of_a_long_call_is_bounded) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{steady(1000)}};
    const auto result = on.play(guarded, {.operation = "get"});
    ASSERT_THAT(result.error().history(), SizeIs(32));
    EXPECT_EQ(result.error().history().front().number, 1U);
    EXPECT_EQ(result.error().history()[1].number, 970U);
    EXPECT_EQ(result.error().history().back().number, 1000U);
    EXPECT_THAT(result.error().message(), HasSubstr("after 1000 attempts"));
}

TEST_P(retry_policy, what_the_callable_returned_comes_out_whole) {
    struct db_error {
        int number;
    };
    any_pipeline<int> guarded{retry{steady()}, classify{transient(returned<db_error>())}};
    const auto result = on.play(guarded, {}, [] { return std::expected<int, db_error>{std::unexpect, 1205}; });
    ASSERT_NE(result.error().original<db_error>(), nullptr);
    EXPECT_EQ(result.error().original<db_error>()->number, 1205);
    EXPECT_THAT(result.error().history(), SizeIs(3));
}

TEST_P(retry_policy, a_value_can_be_retried_and_is_still_the_value_in_the_end) {
    on.dependency.returns(503).returns(503).returns(200).returns(503);
    const classify busy{transient(value([](int status) { return status == 503; }))};
    any_pipeline<int> guarded{observe{on.heard}, retry{steady()}, busy};
    EXPECT_EQ(*on.play(guarded), 200);
    EXPECT_EQ(*on.play(guarded), 503) << "nothing better came";
    EXPECT_EQ(on.heard.last("retry_gave_up").field("error_type"), "result");
}

/// A response that says how long to leave the dependency alone.
auto asks_for(duration wish) {
    return [wish](const outcome<int>& out) -> std::optional<judgement> {
        if (!out.has_value() || *out.result() != 503) return std::nullopt;
        return judgement{.meaning = verdict::transient, .retry_after = wish};
    };
}

TEST_P(retry_policy, the_dependencys_wish_is_waited_for) {
    on.dependency.returns(503).returns(200);
    any_pipeline<int> guarded{retry{steady()}, classify{asks_for(2s)}};
    EXPECT_EQ(*on.play(guarded), 200);
    EXPECT_GE(on.time.elapsed(), 2s);
    EXPECT_LE(on.time.elapsed(), 3s);
}

TEST_P(retry_policy, a_wish_that_reaches_the_deadline_ends_the_call_now) {
    on.dependency.returns(503);
    any_pipeline<int> guarded{observe{on.heard}, timeout{2s}, retry{steady()}, classify{asks_for(2s)}};
    EXPECT_EQ(*on.play(guarded), 503);
    EXPECT_EQ(on.time.elapsed(), 0s);
    EXPECT_EQ(on.heard.last("retry_gave_up").field("reason"), "time_exhausted");
}

TEST_P(retry_policy, a_wish_above_its_cap_ends_the_call_now) {
    on.dependency.returns(503);
    any_pipeline<int> guarded{observe{on.heard}, retry{steady()}, classify{asks_for(61s)}};
    EXPECT_EQ(*on.play(guarded), 503);
    EXPECT_EQ(on.heard.last("retry_not_tried").field("reason"), "retry_after_too_long");
}

TEST_P(retry_policy, an_error_may_carry_the_wish) {
    any_pipeline<int> guarded{retry{steady(2)}, classify{transient(code(errc::failed))}};
    const auto result = on.play(guarded, {}, [] {
        return std::expected<int, error>{std::unexpect, error{errc::failed}.with_retry_after(30s)};
    });
    EXPECT_GE(on.time.elapsed(), 30s);
    EXPECT_LE(on.time.elapsed(), 45s);
    EXPECT_EQ(result.error().retry_after(), 30s);
}

// ---- refusals of our own ----

/// Refuses so many calls, with a hint.
class turnstile {
public:
    struct ticket {};
    turnstile(int refusals, std::optional<duration> hint) : left_{refusals}, hint_{hint} {}
    [[nodiscard]] name layer_name() const { return "turnstile"; }
    admission<ticket> admit(call_context&, moment&) {
        if (left_-- > 0) return refusal{.reason = errc::refused, .retry_after = hint_};
        return ticket{};
    }
    void settle(ticket&, const observation&, call_context&, moment&) {}
    void abandon(ticket&) noexcept {}

private:
    int left_;
    std::optional<duration> hint_;
};

TEST_P(retry_policy, T36_a_refusal_inside_ends_the_call_as_a_value_without_a_history) {
    on.dependency.returns(7);
    any_pipeline<int> guarded{observe{on.heard}, retry{steady()}, turnstile{1, 10ms}};
    const auto result = on.play(guarded);
    EXPECT_EQ(result.error().code(), errc::refused);
    EXPECT_EQ(result.error().layer(), name{"turnstile"});
    EXPECT_EQ(result.error().cause(), nullptr) << "no exception was made";
    EXPECT_THAT(result.error().history(), IsEmpty());
    EXPECT_EQ(on.dependency.calls(), 0U);
    EXPECT_EQ(on.heard.last("retry_not_tried").field("reason"), "refused");
}

TEST_P(retry_policy, a_refusal_is_waited_for_where_that_is_asked) {
    on.dependency.returns(7);
    retry_options patient = steady();
    patient.refusals = on_refusal::wait_for_hint;
    any_pipeline<int> guarded{retry{patient}, turnstile{1, 10s}};
    EXPECT_EQ(*on.play(guarded, {.idempotent = idempotency::not_idempotent}), 7);
    EXPECT_GE(on.time.elapsed(), 10s);
    EXPECT_LE(on.time.elapsed(), 15s);
}

TEST_P(retry_policy, a_refusal_without_a_hint_is_not_waited_for) {
    on.dependency.returns(7);
    retry_options patient = steady();
    patient.refusals = on_refusal::wait_for_hint;
    any_pipeline<int> guarded{retry{patient}, turnstile{1, std::nullopt}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::refused);
}

// ---- cancellation ----

TEST_P(retry_policy, T43_T72_cancelling_a_sleep_ends_it_at_once_and_cleanly) {
    on.dependency.fails(std::errc::connection_reset);
    on.cancels_after(30ms);
    any_pipeline<int> guarded{observe{on.heard}, retry{steady()}};
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_EQ(result.error().code(), errc::cancelled);
    EXPECT_EQ(on.time.elapsed(), 30ms);
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "retry_scheduled", "call_failed"));
    ASSERT_THAT(result.error().history(), SizeIs(1));
    EXPECT_EQ(result.error().history().front().text, "Connection reset by peer") << "what the cancellation replaced";
    EXPECT_EQ(result.error().history().front().wait_after, 0s) << "no attempt came after it";
}

TEST_P(retry_policy, T43_a_cancellation_at_any_moment_ends_the_call_with_the_step_it_is_in) {
    for (duration when = 0ms; when < 260ms; when += 5ms) {  // attempts of 20 ms at 0, 120 and 240 ms
        testing::stage<int> now{GetParam()};
        now.dependency.fails(std::errc::connection_reset, 20ms);
        now.cancels_after(when);
        any_pipeline<int> guarded{observe{now.heard}, retry{steady()}};
        const auto result = now.play(guarded, {.operation = "get"});
        EXPECT_EQ(result.error().code(), errc::cancelled) << to_text(when);
        EXPECT_LE(now.time.elapsed(), when + 20ms) << "an attempt that cannot be interrupted is waited for";
        EXPECT_EQ(now.dependency.calls(), std::max(1L, (when + 119ms) / 120ms)) << to_text(when);
        EXPECT_EQ(now.heard.count("retry_gave_up"), 0U);
    }
}

TEST_P(retry_policy, a_cancelled_attempt_still_tells_what_failed_before) {
    unsigned calls = 0;
    any_pipeline<int> guarded{retry{steady()}};
    const auto result = on.play(guarded, {.operation = "get"}, [&]() -> std::expected<int, std::error_code> {
        if (++calls == 2) on.cancels();
        return std::unexpected{std::make_error_code(std::errc::connection_reset)};
    });
    EXPECT_EQ(result.error().code(), errc::cancelled);
    ASSERT_THAT(result.error().history(), SizeIs(2));
    EXPECT_EQ(result.error().history()[0].code, std::errc::connection_reset);
    EXPECT_EQ(result.error().history()[1].code, errc::cancelled);
}

TEST_P(retry_policy, T37_an_attempt_that_its_caller_cancelled_is_not_retried) {
    any_pipeline<int> guarded{
        observe{on.heard},
        retry{with(steady(), [](auto& o) { o.should_retry = [](const observation&) { return true; }; })}};
    const auto result = on.play(guarded, {}, [&]() -> std::expected<int, std::error_code> {
        on.cancels();
        return std::unexpected{std::make_error_code(std::errc::connection_reset)};
    });
    EXPECT_EQ(result.error().code(), errc::cancelled);
    EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "call_failed"));
}

TEST_P(retry_policy, T38_a_cancellation_is_known_by_who_asked_not_by_the_error) {
    unsigned calls = 0;
    any_pipeline<int> guarded{retry{steady()}, classify{transient(code(std::errc::operation_canceled))}};
    const auto result = on.play(guarded, {}, [&]() -> std::expected<int, std::error_code> {
        ++calls;
        return std::unexpected{std::make_error_code(std::errc::operation_canceled)};
    });
    EXPECT_EQ(calls, 3U) << "the dependency's own cancellation is a failure like any other";
    EXPECT_EQ(result.error().code(), std::errc::operation_canceled);
}

TEST_P(retry_policy, T42_a_value_is_not_overwritten_by_a_cancellation) {
    any_pipeline<int> guarded{retry{steady()}};
    const auto result = on.play(guarded, {}, [&] {
        on.cancels();
        return 7;
    });
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(*result, 7);
}

TEST_P(retry_policy, T39_the_callers_own_deadline_is_not_retried_and_our_own_timeout_is) {
    on.dependency.hangs();
    any_pipeline<int> bounded{retry{steady()}, timeout{{.name = "attempt", .after = 50ms}}};
    const auto ours = on.play(bounded, {.deadline = on.time.in(10s)});
    EXPECT_EQ(ours.error().code(), errc::timed_out);
    EXPECT_EQ(on.dependency.calls(), 3U);
    const auto theirs = on.play(bounded, {.deadline = on.time.in(20ms)});
    EXPECT_EQ(theirs.error().code(), errc::deadline_exceeded);
    EXPECT_EQ(on.dependency.calls(), 4U);
}

// ---- what users give ----

TEST_P(retry_policy, the_hook_is_called_before_each_sleep) {
    std::vector<std::string> told;
    on.dependency.fails(std::errc::connection_reset).throws(std::runtime_error{"boom"}).returns(7);
    retry_options options = steady();
    options.on_retry = [&](const retry_scheduled& next) {
        told.push_back(std::to_string(next.failed_attempts) + " " + next.error_message + " " + to_text(next.delay) +
                       " at " + to_text(on.time.elapsed()));
    };
    any_pipeline<int> guarded{retry{options}, classify{transient(exception<std::runtime_error>())}};
    EXPECT_EQ(*on.play(guarded), 7);
    EXPECT_THAT(told, ElementsAre("1 Connection reset by peer 100ms at 0s", "2 boom 100ms at 100ms"));
}

TEST_P(retry_policy, T38_whatever_of_the_users_throws_fails_the_call_and_names_the_layer) {
    const auto boom = [](const auto&...) -> bool { throw std::runtime_error{"boom"}; };
    const std::vector<std::function<void(retry_options&)>> throwing{
        [&](retry_options& o) { o.should_retry = boom; },
        [&](retry_options& o) { o.should_stop = boom; },
        [&](retry_options& o) {
            o.delay_by = [](unsigned, const observation&) -> duration { throw std::runtime_error{"boom"}; };
        },
        [&](retry_options& o) { o.on_retry = [](const retry_scheduled&) { throw std::runtime_error{"boom"}; }; },
    };
    on.dependency.fails(std::errc::connection_reset);
    for (const auto& change : throwing) {
        on.heard.clear();
        any_pipeline<int> guarded{observe{on.heard}, retry{with(steady(), change)}};
        const auto result = on.play(guarded, {.operation = "get"});
        EXPECT_EQ(result.error().code(), errc::callback_failed);
        EXPECT_EQ(result.error().layer(), name{"retry"});
        EXPECT_EQ(result.error().words(), "boom");
        EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "call_failed")) << "no retry was told that is none";
    }
    EXPECT_EQ(on.dependency.calls(), 4U) << "one each";
}

TEST_P(retry_policy, events_are_at_the_levels_that_people_filter_by) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{observe{on.heard}, retry{steady(2)}};
    (void)on.play(guarded, {.operation = "get"});
    EXPECT_EQ(on.heard.last("retry_scheduled").level, severity::warning);
    EXPECT_EQ(on.heard.last("retry_scheduled").field("error_message"), "Connection reset by peer");
    EXPECT_EQ(on.heard.last("retry_scheduled").field("error_type"), "generic:104");
    EXPECT_EQ(on.heard.last("retry_scheduled").operation, "get");
    EXPECT_EQ(on.heard.last("retry_gave_up").level, severity::error);
    EXPECT_EQ(on.heard.last("retry_gave_up").attempt, 2U);
}

TEST_P(retry_policy, the_attempt_knows_its_number_and_its_deadline) {
    std::vector<std::string> seen;
    any_pipeline<int> guarded{retry{steady()}, timeout{1s}};
    (void)on.play(guarded, {.operation = "get"}, [&](attempt& a) -> std::expected<int, std::error_code> {
        seen.push_back(std::to_string(a.number()) + " " + to_text(a.remaining()));
        return std::unexpected{std::make_error_code(std::errc::connection_reset)};
    });
    EXPECT_THAT(seen, ElementsAre("1 1s", "2 1s", "3 1s"));
}

TEST_P(retry_policy, one_policy_serves_many_calls_and_remembers_none) {
    on.dependency.fails(std::errc::connection_reset);
    any_pipeline<int> guarded{retry{steady(2)}};
    for (int call = 0; call < 3; ++call) EXPECT_THAT(on.play(guarded).error().history(), SizeIs(2));
    EXPECT_EQ(on.dependency.calls(), 6U);
}

TEST_P(retry_policy, a_call_that_gives_nothing_is_retried_too) {
    int left = 2;
    any_pipeline<void> guarded{retry{steady()}, classify{transient(exception<std::runtime_error>())}};
    const auto result = on.play(guarded, {}, [&] {
        if (left-- > 0) throw std::runtime_error{"not yet"};
    });
    EXPECT_TRUE(result);
    EXPECT_EQ(on.time.elapsed(), 200ms);
}

using coroutine = std::function<boost::asio::awaitable<std::expected<int, std::error_code>>()>;

boost::asio::awaitable<void> awaits(any_pipeline<int>* guarded, coroutine work) {
    (void)co_await guarded->async_run(work);
}

TEST(retry_coroutine, leaves_nothing_behind_where_it_is_destroyed) {
    for (unsigned steps = 0; steps < 8; ++steps) {
        testing::virtual_time time;
        mock dependency{time};
        dependency.fails(std::errc::connection_reset, 20ms);
        any_pipeline<int> guarded{retry{steady()}};
        std::optional<testing::virtual_asio> loop{std::in_place, time};
        const auto asked = loop->coroutine(dependency);
        const auto held = std::make_shared<int>(0);
        const auto work = [&asked, kept = held] { return asked(); };
        boost::asio::co_spawn(loop->context(), awaits(&guarded, work), boost::asio::detached);
        loop->run_until([&, taken = 0U]() mutable { return taken++ == steps; });
        loop.reset();
        EXPECT_EQ(held.use_count(), 2) << "this test's own, after step " << steps;
    }
}

// ---- cost and options ----

TEST(retry_cost, a_first_success_and_a_hopeless_failure_look_at_no_clock) {
    testing::virtual_time time;
    any_pipeline<int> guarded{retry{}};
    (void)time.run(guarded, {.deadline = never}, [] { return 7; });
    EXPECT_EQ(time.reads(), 0U);
    (void)time.run(guarded, {.deadline = never}, []() -> int { throw std::logic_error{"bug"}; });
    EXPECT_EQ(time.reads(), 0U);
}

TEST(retry_alone, works_without_a_pipeline) {
    int left = 2;
    retry again{{.base_delay = 1ns, .min_delay = 1ns}};
    const auto result = again([&]() -> std::expected<int, std::errc> {
        if (left-- > 0) return std::unexpected{std::errc::connection_reset};
        return 7;
    });
    EXPECT_EQ(*result, 7);
}

struct refused_option {
    std::function<void(retry_options&)> change;
    std::string problem;
};

TEST(retry_options, T57_whatever_is_out_of_range_is_refused_by_name_value_and_range) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double inf = std::numeric_limits<double>::infinity();
    const std::vector<refused_option> table{
        {[](auto& o) { o.max_attempts = 0; }, "max_attempts is 0, allowed is at least 1"},
        {[](auto& o) { o.max_total = 0s; }, "max_total is 0s, allowed is more than 0s"},
        {[](auto& o) { o.max_total = -1s; }, "max_total is -1s, allowed is more than 0s"},
        {[](auto& o) { o.base_delay = -1ns; }, "base_delay is -1ns, allowed is from 0s to 24h"},
        {[](auto& o) { o.base_delay = 11s; }, "base_delay is 11s, allowed is at most max_delay, 10s"},
        {[](auto& o) { o.base_delay = 10s + 1ns; }, "base_delay is 10000000.001us, allowed is at most max_delay, 10s"},
        {[](auto& o) { o.max_delay = 25h; }, "max_delay is 25h, allowed is more than 0s and at most 24h"},
        {[](auto& o) { o.max_delay = 24h + 1ns; },
         "max_delay is 86400000000.001us, allowed is more than 0s and at most 24h"},
        {[](auto& o) { o.min_delay = 0s; }, "min_delay is 0s, allowed is more than 0s and at most 24h"},
        {[](auto& o) { o.min_delay = -5ms; }, "min_delay is -5ms, allowed is more than 0s and at most 24h"},
        {[](auto& o) { o.min_delay = 11s; }, "min_delay is 11s, allowed is at most max_delay, 10s"},
        {[](auto& o) { o.multiplier = 0.5; }, "multiplier is 0.5, allowed is from 1 to 1000"},
        {[](auto& o) { o.multiplier = -2.0; }, "multiplier is -2, allowed is from 1 to 1000"},
        {[=](auto& o) { o.multiplier = nan; }, "multiplier is nan, allowed is from 1 to 1000"},
        {[=](auto& o) { o.multiplier = inf; }, "multiplier is inf, allowed is from 1 to 1000"},
        {[](auto& o) { o.growth = static_cast<backoff>(99); },
         "growth is unknown, allowed is from constant to fibonacci"},
        {[](auto& o) { o.jitter = static_cast<jitter>(99); }, "jitter is unknown, allowed is from none to additive"},
        {[](auto& o) { o.max_retry_after = -1s; }, "max_retry_after is -1s, allowed is from 0s to 24h"},
        {[](auto& o) { o.max_retry_after = forever; }, "max_retry_after is none, allowed is from 0s to 24h"},
        {[](auto& o) { o.refusals = static_cast<on_refusal>(9); },
         "refusals is unknown, allowed is from give_up to wait_for_hint"},
        {[](auto& o) { o.unstated_means = idempotency::unstated; },
         "unstated_means is unstated, allowed is from idempotent to not_idempotent"},
    };
    for (const refused_option& row : table)
        EXPECT_EQ(testing::refused_with<retry>(with({.name = "prices"}, row.change)),
                  "retry \"prices\": " + row.problem);
}

TEST(retry_options, all_that_is_wrong_is_said_at_once) {
    try {
        retry refused{{.max_attempts = 0, .base_delay = 1h, .min_delay = 0s}};
        ADD_FAILURE();
    } catch (const invalid_options& e) {
        EXPECT_THAT(e.problems(), SizeIs(3));
    }
}

TEST(retry_options, T57_what_would_silently_have_no_effect_is_refused) {
    const auto by_function = [](unsigned, const observation&) { return duration{1s}; };
    EXPECT_THROW(retry({.jitter = jitter::decorrelated, .delay_by = by_function}), invalid_options);
    EXPECT_NO_THROW(retry({.jitter = jitter::equal, .delay_by = by_function}));
}

TEST(retry_options, the_edges_of_every_range_are_allowed) {
    EXPECT_NO_THROW(retry({.max_attempts = ~0U, .max_total = 1ns, .base_delay = 0s, .min_delay = 1ns}));
    EXPECT_NO_THROW(retry({.base_delay = 24h, .max_delay = 24h, .min_delay = 24h, .multiplier = 1000.0}));
    EXPECT_NO_THROW(retry({.multiplier = 1.0, .max_retry_after = 0s}));
}

TEST(retry_options, T57_the_options_in_force_can_be_read) {
    any_pipeline<int> guarded{retry{{.name = "prices", .max_attempts = 5, .jitter = jitter::equal}}};
    EXPECT_EQ(guarded.describe(),
              "retry \"prices\" {max_attempts = 5, max_total = none, base_delay = 100ms, max_delay = 10s,\n"
              "    min_delay = 1ms, growth = exponential, multiplier = 2, jitter = equal, max_retry_after = 1min,\n"
              "    refusals = give_up, unstated_means = idempotent}\n"
              "└─ call\n");
    const std::string with_a_hook = options_text(retry_options{.should_stop = [](unsigned, duration) { return true; }});
    EXPECT_THAT(with_a_hook, EndsWith("should_stop = set}")) << "hooks that are not set are left out";
}

// ---- every knob has an effect ----

struct knob {
    const char* name;
    std::function<void(retry_options&)> turn;
};

/// What calls through this retry look like: their waits and ends, for failures of each kind with a wish and without.
std::string shape(const retry_options& options) {
    std::string told;
    for (const verdict meaning : {verdict::transient, verdict::permanent, verdict::rejected}) {
        for (const auto wish : {std::optional<duration>{}, std::optional<duration>{20s}}) {
            testing::virtual_time time{7};
            retry policy{options};
            any_pipeline<int> guarded{std::move(policy), classify{[=](const outcome<int>&) -> std::optional<judgement> {
                                          return judgement{.meaning = meaning, .retry_after = wish};
                                      }}};
            const auto result = time.run(guarded, {.operation = "get"}, [] { return 1; });
            for (const duration d : time.sleeps()) told += to_text(d) + " ";
            told += result ? "| " : result.error().words() + " | ";
        }
    }
    return told;
}

TEST(retry_options, T56_every_knob_has_an_effect) {
    const retry_options base{.max_attempts = 9};
    const std::vector<knob> knobs{
        {"max_attempts", [](auto& o) { o.max_attempts = 8; }},
        {"max_total", [](auto& o) { o.max_total = 1s; }},
        {"base_delay", [](auto& o) { o.base_delay = 101ms; }},
        {"max_delay", [](auto& o) { o.max_delay = 1s; }},
        {"min_delay", [](auto& o) { o.min_delay = 9s; }},
        {"growth", [](auto& o) { o.growth = backoff::linear; }},
        {"growth", [](auto& o) { o.growth = backoff::constant; }},
        {"growth", [](auto& o) { o.growth = backoff::fibonacci; }},
        {"multiplier", [](auto& o) { o.multiplier = 1.5; }},
        {"jitter", [](auto& o) { o.jitter = jitter::none; }},
        {"jitter", [](auto& o) { o.jitter = jitter::equal; }},
        {"jitter", [](auto& o) { o.jitter = jitter::decorrelated; }},
        {"jitter", [](auto& o) { o.jitter = jitter::additive; }},
        {"max_retry_after", [](auto& o) { o.max_retry_after = 19s; }},
        {"refusals", [](auto& o) { o.refusals = on_refusal::wait_for_hint; }},
        {"unstated_means", [](auto& o) { o.unstated_means = idempotency::not_idempotent; }},
        {"should_retry", [](auto& o) { o.should_retry = [](const observation&) { return true; }; }},
        {"should_stop", [](auto& o) { o.should_stop = [](unsigned n, duration) { return n > 2; }; }},
        {"delay_by", [](auto& o) { o.delay_by = [](unsigned, const observation&) { return duration{3s}; }; }},
        {"on_retry", [](auto& o) { o.on_retry = [](const retry_scheduled&) { throw std::runtime_error{"seen"}; }; }},
    };
    std::map<std::string, std::string> shapes{{shape(base), "the default"}};
    for (const knob& k : knobs) {
        const auto [same, fresh] = shapes.emplace(shape(with(base, k.turn)), k.name);
        EXPECT_TRUE(fresh) << k.name << " does what " << same->second << " does";
    }
}

/// Its sleeps take an hour longer than was asked for: a machine that was suspended.
class oversleeper final : public blocking_environment {
public:
    explicit oversleeper(testing::virtual_time& time) : time_{time} {}
    [[nodiscard]] environment& lent() noexcept override { return time_; }
    [[nodiscard]] wait_end wait(parker& place, instant until, const std::stop_token& stop) override {
        return time_.wait(place, add(until, 1h), stop);
    }

private:
    testing::virtual_time& time_;
};

TEST(retry_asleep, that_has_slept_past_the_deadline_sends_nothing_more_and_says_so) {
    testing::virtual_time time;
    oversleeper waits{time};
    testing::event_recorder heard;
    pipeline guarded{observe{heard}, timeout{10s}, retry{steady()}};
    unsigned calls = 0;
    const auto got = run_blocking(
        guarded, nothing_said,
        [&]() -> std::expected<int, std::errc> {
            ++calls;
            return std::unexpected{std::errc::connection_reset};
        },
        waits);
    EXPECT_THAT(got, testing::fails_with(std::errc::connection_reset));
    EXPECT_EQ(calls, 1U);
    EXPECT_EQ(got.error().history().size(), 1U);
    EXPECT_THAT(heard.names(), ElementsAre("call_started", "retry_scheduled", "retry_gave_up", "call_failed"));
    EXPECT_EQ(heard.last("retry_gave_up").field("reason"), "time_exhausted");
}

// ---- a pipeline in a pipeline ----

/// How often what is not idempotent is sent, by an inner retry that knows nothing of that and an outer one that does.
unsigned sent_by_both(std::errc failing) {
    testing::virtual_time time;
    unsigned sent = 0;
    circuit_breaker health{{.window = breaker_window::consecutive,
                            .consecutive_failures = 1,
                            .open_for = 1min,
                            .probes = 1,
                            .probe_successes = 1}};
    pipeline inner{retry{steady(2)}, ref(health)};
    pipeline outer{retry{with(steady(2), [](auto& o) {
        o.refusals = on_refusal::wait_for_hint;
        o.max_retry_after = 2h;
    })}};
    const auto send = [&]() -> std::expected<int, std::errc> { return ++sent, std::unexpected{failing}; };
    (void)time.run(outer, {.idempotent = idempotency::not_idempotent}, [&] { return time.run(inner, send); });
    return sent;
}

TEST(retry_round_a_pipeline, T58_does_not_take_a_refusal_for_harmless_after_an_attempt_that_was_sent) {
    EXPECT_EQ(sent_by_both(std::errc::connection_refused), 2U) << "neither attempt of the inner one had an effect";
    EXPECT_EQ(sent_by_both(std::errc::connection_reset), 1U) << "the inner one was reset first, and refused then";
}

TEST(retry_round_a_pipeline, T58_the_history_says_of_each_attempt_whether_it_can_have_had_an_effect) {
    testing::virtual_time time;
    pipeline guarded{retry{steady(2)}, classify{transient(code(std::errc::device_or_resource_busy), effect::none)}};
    const auto busy = []() -> std::expected<int, std::errc> {
        return std::unexpected{std::errc::device_or_resource_busy};
    };
    const auto got = time.run(guarded, busy);
    ASSERT_THAT(got.error().history(), SizeIs(2));
    EXPECT_EQ(got.error().history().front().executed, effect::none);
    EXPECT_EQ(got.error().executed(), effect::none) << "although the code alone would not say so";
}

}  // namespace
}  // namespace cutwater
