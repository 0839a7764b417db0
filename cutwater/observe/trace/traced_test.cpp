// What calls look like as spans, on both drivers.

#include "cutwater/observe/trace/traced.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/observe/trace/spans_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/others.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using testing::driver;
using ::testing::ElementsAre;
using testing::events_of;
using ::testing::IsEmpty;
using testing::names_of;
using ::testing::SizeIs;
using testing::span_named;
using testing::text_of;

const unix_nanoseconds first_of_may{std::chrono::sys_days{std::chrono::year{2024} / 5 / 1}};
const trace_context from_outside = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
const trace_context not_wanted = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");

class traced_calls : public ::testing::TestWithParam<driver> {
protected:
    [[nodiscard]] tracer_options with_a_wall(tracer_options options) {
        options.wall_clock = [] {
            return std::chrono::time_point_cast<std::chrono::system_clock::duration>(first_of_may);
        };
        return options;
    }
    [[nodiscard]] auto retried(tracer& by, unsigned attempts = 3) {
        return pipeline{traced{by}, retry{{.max_attempts = attempts, .base_delay = 100ms, .jitter = jitter::none}},
                        traced_attempt{by}, timeout{500ms}};
    }
    [[nodiscard]] duration since_began(unix_nanoseconds t) const { return t - first_of_may; }

    testing::stage<int> on{GetParam()};
    span_recorder seen;
    tracer all{seen, with_a_wall({}), on.time};
};
INSTANTIATE_TEST_SUITE_P(drivers, traced_calls, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(traced_calls, a_call_is_a_span_and_so_is_each_of_its_attempts) {
    on.dependency.fails(std::errc::connection_reset, 20ms).returns(7, 30ms);
    auto guarded = retried(all);
    EXPECT_EQ(on.play(guarded, {.operation = "get"}), 7);
    const auto spans = seen.all();
    ASSERT_THAT(names_of(spans), ElementsAre("get attempt", "get attempt", "get")) << "as they end";
    const trace_span& call = spans[2];
    EXPECT_EQ(call.kind, span_kind::internal);
    EXPECT_TRUE(call.parent.is_zero());
    EXPECT_EQ(since_began(call.begin), 0ms);
    EXPECT_EQ(since_began(call.end), 150ms);
    EXPECT_EQ(call.status, span_status::unset);
    for (const trace_span* attempt : {&spans[0], &spans[1]}) {
        EXPECT_EQ(attempt->kind, span_kind::client);
        EXPECT_EQ(attempt->parent, call.context.span);
        EXPECT_EQ(attempt->context.trace, call.context.trace);
        EXPECT_NE(attempt->context.span, call.context.span);
    }
    EXPECT_NE(spans[0].context.span, spans[1].context.span);
    EXPECT_EQ(since_began(spans[0].end), 20ms);
    EXPECT_EQ(since_began(spans[1].begin), 120ms);
    EXPECT_EQ(since_began(spans[1].end), 150ms);
    EXPECT_EQ(all.abandoned() + all.lost(), 0U);
}

TEST_P(traced_calls, the_callers_time_is_told_from_the_callees) {
    on.dependency.fails(std::errc::connection_reset, 20ms).returns(7, 30ms);
    auto guarded = retried(all);
    (void)on.play(guarded, {.operation = "get", .id = "k7"});
    const trace_span call = span_named(seen, "get");
    EXPECT_EQ(text_of(call, "cutwater.call.callee_time"), "0.05");
    EXPECT_EQ(text_of(call, "cutwater.call.caller_time"), "0.1");
    EXPECT_EQ(text_of(call, "cutwater.call.attempts"), "2");
    EXPECT_EQ(text_of(call, "cutwater.call.sent"), "2");
    EXPECT_EQ(text_of(call, "cutwater.call.id"), "k7");
    EXPECT_EQ(text_of(call, "cutwater.verdict"), "success");
    EXPECT_EQ(text_of(call, "error.type"), "none");
}

TEST_P(traced_calls, what_layers_tell_is_an_event_of_the_span_that_they_are_in) {
    on.dependency.returns(1, 10s).returns(7, 30ms);
    auto guarded = retried(all);
    (void)on.play(guarded, {.operation = "get"});
    const auto spans = seen.all();
    ASSERT_THAT(spans, SizeIs(3));
    EXPECT_THAT(events_of(spans[0]), ElementsAre("cutwater.timed_out"));
    EXPECT_THAT(events_of(spans[1]), IsEmpty());
    EXPECT_THAT(events_of(spans[2]), ElementsAre("cutwater.retry_scheduled", "cutwater.retry_rescued"));
    const span_event& waits = spans[2].events.front();
    EXPECT_EQ(since_began(waits.at), 500ms);
    EXPECT_EQ(text_of(waits.attributes, "cutwater.layer"), "retry");
    EXPECT_EQ(text_of(waits.attributes, "cutwater.attempt.number"), "1");
    EXPECT_EQ(text_of(waits.attributes, "cutwater.retry.delay"), "0.1");
    EXPECT_EQ(text_of(waits.attributes, "error.type"), "cutwater:timed_out");
}

TEST_P(traced_calls, a_failure_has_its_type_its_words_and_the_layer_that_spoke) {
    on.dependency.hangs();
    auto guarded = retried(all, 1);
    (void)on.play(guarded, {.operation = "get"});
    const trace_span attempt = span_named(seen, "get attempt");
    EXPECT_EQ(attempt.status, span_status::error);
    EXPECT_EQ(text_of(attempt, "error.type"), "cutwater:timed_out");
    EXPECT_EQ(text_of(attempt, "cutwater.error.layer"), "timeout");
    EXPECT_EQ(text_of(attempt, "cutwater.verdict"), "transient");
    EXPECT_EQ(attempt.status_message, "the time limit was reached");
    EXPECT_EQ(span_named(seen, "get").status, span_status::error);
}

TEST_P(traced_calls, a_refusal_is_a_call_without_attempts) {
    circuit_breaker health{{.name = "health", .open_for = 10s}};
    health.open(on.time.now());
    pipeline guarded{traced{all}, ref(health), traced_attempt{all}};
    on.dependency.returns(7);
    (void)on.play(guarded, {.operation = "get"});
    const auto spans = seen.all();
    ASSERT_THAT(names_of(spans), ElementsAre("get"));
    EXPECT_EQ(text_of(spans[0], "error.type"), "cutwater:circuit_open");
    EXPECT_EQ(text_of(spans[0], "cutwater.error.layer"), "health");
    EXPECT_EQ(text_of(spans[0], "cutwater.verdict"), "rejected");
    EXPECT_EQ(text_of(spans[0], "cutwater.retry_after"), "10");
    EXPECT_EQ(text_of(spans[0], "cutwater.call.sent"), "0");
    EXPECT_EQ(text_of(spans[0], "cutwater.call.caller_time"), "none");
    EXPECT_EQ(spans[0].status, span_status::error);
    EXPECT_THAT(events_of(spans[0]), ElementsAre("cutwater.circuit_refused"));
}

TEST_P(traced_calls, a_place_in_a_queue_is_the_callers_time) {
    bulkhead db{{.name = "db", .max_concurrent = 1, .max_queue = 1, .max_wait = 1s}};
    testing::others those{db, on.time};
    those.come();
    those.go_after(50ms);
    pipeline guarded{traced{all}, ref(db), traced_attempt{all}};
    on.dependency.returns(7, 5ms);
    (void)on.play(guarded, {.operation = "get"});
    const trace_span call = span_named(seen, "get");
    EXPECT_THAT(events_of(call), ElementsAre("cutwater.bulkhead_queued", "cutwater.bulkhead_wait_ended"));
    EXPECT_EQ(text_of(call, "cutwater.call.caller_time"), "0.05");
    EXPECT_EQ(text_of(call, "cutwater.call.callee_time"), "0.005");
}

TEST_P(traced_calls, a_value_that_was_judged_a_failure_is_an_error_by_its_reason) {
    const auto judges = [](const outcome<int>& out) -> std::optional<judgement> {
        if (!out.has_value()) return {};
        return judgement{.meaning = verdict::transient, .retry_after = 2s, .reason = "HTTP 503"};
    };
    pipeline guarded{traced{all}, traced_attempt{all}, classify{judges}};
    on.dependency.returns(503);
    EXPECT_EQ(on.play(guarded, {.operation = "get"}), 503);
    const trace_span attempt = span_named(seen, "get attempt");
    EXPECT_EQ(attempt.status, span_status::error);
    EXPECT_EQ(text_of(attempt, "error.type"), "HTTP 503");
    EXPECT_EQ(text_of(attempt, "cutwater.retry_after"), "2");
    EXPECT_EQ(attempt.status_message, "the result was judged transient: HTTP 503");
}

TEST_P(traced_calls, what_its_caller_cancels_is_no_error) {
    on.dependency.returns(7, 1h);
    auto guarded = pipeline{traced{all}, retry{}, traced_attempt{all}, timeout{24h}};
    on.cancels_after(10ms);
    (void)on.play(guarded, {.operation = "get"});
    for (const trace_span& each : seen.all()) {
        EXPECT_EQ(each.status, span_status::unset) << each.name;
        EXPECT_EQ(text_of(each, "cutwater.verdict"), "cancelled");
        EXPECT_EQ(since_began(each.end), 10ms);
    }
    EXPECT_THAT(seen.all(), SizeIs(2));
}

TEST_P(traced_calls, one_that_comes_too_late_is_a_span_too) {
    auto guarded = retried(all);
    on.dependency.returns(7);
    (void)on.play(guarded, {.operation = "get", .deadline = on.time.present()});
    EXPECT_EQ(text_of(span_named(seen, "get"), "error.type"), "cutwater:deadline_exceeded");
    EXPECT_THAT(seen.all(), SizeIs(1)) << "there was no attempt";
    EXPECT_EQ(on.dependency.calls(), 0U);
}

TEST_P(traced_calls, where_an_attempt_goes_is_the_server) {
    pipeline guarded{traced{all}, traced_attempt{all}};
    on.dependency.returns(7);
    (void)on.play(guarded, {.operation = "get", .target = "10.0.0.1:8080", .earlier_attempts = 2});
    const trace_span attempt = span_named(seen, "get attempt");
    EXPECT_EQ(text_of(attempt, "server.address"), "10.0.0.1");
    EXPECT_EQ(text_of(attempt, "server.port"), "8080");
    EXPECT_EQ(text_of(attempt, "cutwater.attempt.number"), "1");
    EXPECT_EQ(text_of(attempt, "cutwater.attempt.earlier"), "2");
}

TEST_P(traced_calls, whoever_listens_outside_hears_the_same) {
    on.dependency.fails(std::errc::connection_reset).returns(7);
    pipeline guarded{observe{on.heard}, traced{all}, retry{{.base_delay = 1ms}}, traced_attempt{all}, timeout{500ms}};
    (void)on.play(guarded, {.operation = "get"});
    EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "retry_scheduled", "retry_rescued", "call_completed"));
    EXPECT_THAT(events_of(span_named(seen, "get")), ElementsAre("cutwater.retry_scheduled", "cutwater.retry_rescued"));
}

TEST_P(traced_calls, any_pipeline_traces_alike) {
    on.dependency.fails(std::errc::connection_reset, 20ms).returns(7, 30ms);
    any_pipeline<int> guarded;
    guarded.add(traced{all}).add(retry{{.base_delay = 100ms, .jitter = jitter::none}}).add(traced_attempt{all});
    EXPECT_EQ(on.play(guarded, {.operation = "get"}), 7);
    EXPECT_THAT(names_of(seen.all()), ElementsAre("get attempt", "get attempt", "get"));
    EXPECT_EQ(text_of(span_named(seen, "get"), "cutwater.call.caller_time"), "0.1");
    EXPECT_THROW(any_pipeline<int>{}.add(traced_attempt{all}).add(retry{}), std::logic_error);
}

TEST_P(traced_calls, an_attempt_that_a_layer_inside_refuses_was_not_sent) {
    circuit_breaker health{{.name = "health", .open_for = 10s}};
    health.open(on.time.now());
    pipeline guarded{traced{all}, traced_attempt{all}, ref(health)};
    on.dependency.returns(7);
    (void)on.play(guarded, {.operation = "get"});
    EXPECT_EQ(text_of(span_named(seen, "get attempt"), "cutwater.attempt.sent"), "false");
    EXPECT_EQ(text_of(span_named(seen, "get attempt"), "error.type"), "cutwater:circuit_open");
}

// ---- whose trace it is, and whether it is recorded ----

TEST_P(traced_calls, a_call_belongs_to_the_trace_that_its_caller_says) {
    on.dependency.returns(7);
    auto guarded = retried(all);
    (void)on.play(guarded, {.operation = "get", .trace = &from_outside});
    const trace_span call = span_named(seen, "get");
    EXPECT_EQ(call.parent, from_outside.span);
    EXPECT_EQ(call.context.trace, from_outside.trace);
    EXPECT_EQ(call.context.flags, trace_context::sampled);
}

TEST_P(traced_calls, the_callable_is_told_the_span_of_its_attempt) {
    std::vector<trace_context> told;
    auto guarded = retried(all);
    const auto asks = [&](attempt& a) {
        told.push_back(*a.trace());
        return 7;
    };
    (void)on.play(guarded, {.operation = "get", .trace = &from_outside}, asks);
    (void)on.play(guarded, {.operation = "get"}, asks);
    ASSERT_THAT(told, SizeIs(2));
    EXPECT_EQ(told[0].span, seen.all()[0].context.span);
    EXPECT_EQ(told[0].trace, from_outside.trace);
    EXPECT_EQ(told[1].flags, trace_context::sampled | trace_context::random);
    EXPECT_NE(told[1].trace, told[0].trace);
}

TEST_P(traced_calls, one_that_its_caller_does_not_record_is_not_recorded_and_handed_on_as_it_came) {
    std::optional<trace_context> told;
    auto guarded = retried(all);
    (void)on.play(guarded, {.operation = "get", .trace = &not_wanted},
                  [&](attempt& a) { return told = *a.trace(), 7; });
    EXPECT_EQ(told, not_wanted);
    EXPECT_THAT(seen.all(), IsEmpty());
}

TEST_P(traced_calls, one_that_is_not_chosen_is_not_recorded_and_says_so_to_who_is_called) {
    tracer none{seen, with_a_wall({.share = 0}), on.time};
    auto guarded = retried(none);
    std::optional<trace_context> told;
    (void)on.play(guarded, {.operation = "get"}, [&](attempt& a) { return told = *a.trace(), 7; });
    ASSERT_TRUE(told);
    EXPECT_FALSE(told->is_sampled());
    EXPECT_FALSE(told->trace.is_zero() || told->span.is_zero());
    EXPECT_THAT(seen.all(), IsEmpty());
    (void)on.play(guarded, {.operation = "get", .trace = &from_outside}, [] { return 7; });
    EXPECT_THAT(seen.all(), SizeIs(2)) << "the caller's decision is followed";
}

TEST_P(traced_calls, a_strangers_decision_can_be_ignored_and_the_trace_is_the_same) {
    tracer none{seen, with_a_wall({.share = 0, .caller = caller_decision::ignored}), on.time};
    auto guarded = retried(none);
    std::optional<trace_context> told;
    (void)on.play(guarded, {.operation = "get", .trace = &from_outside},
                  [&](attempt& a) { return told = *a.trace(), 7; });
    ASSERT_TRUE(told);
    EXPECT_EQ(told->trace, from_outside.trace);
    EXPECT_NE(told->span, from_outside.span) << "the flag changes with the span only";
    EXPECT_FALSE(told->is_sampled());
    EXPECT_THAT(seen.all(), IsEmpty());
}

TEST_P(traced_calls, what_failed_is_kept_where_that_is_asked_for) {
    tracer failures{seen, with_a_wall({.share = 0, .keep = kept_spans::failures_too}), on.time};
    auto guarded = retried(failures, 2);
    on.dependency.fails(std::errc::connection_reset).returns(7).fails(std::errc::connection_reset);
    EXPECT_EQ(on.play(guarded, {.operation = "saved"}), 7);
    EXPECT_THAT(seen.all(), IsEmpty()) << "an attempt that was made good";
    EXPECT_FALSE(on.play(guarded, {.operation = "lost"}));
    EXPECT_THAT(names_of(seen.all()), ElementsAre("lost attempt", "lost attempt", "lost"));
    EXPECT_FALSE(seen.all()[2].context.is_sampled()) << "as it was told to who was called";
    EXPECT_FALSE(on.play(guarded, {.operation = "theirs", .trace = &not_wanted}));
    EXPECT_EQ(span_named(seen, "theirs").parent, not_wanted.span);
}

TEST_P(traced_calls, tracestate_is_handed_on) {
    trace_context parent = from_outside;
    parent.state = *trace_state::parse("congo=t61rcWkgMzE");
    auto guarded = retried(all);
    on.dependency.returns(7);
    (void)on.play(guarded, {.operation = "get", .trace = &parent});
    for (const trace_span& each : seen.all()) EXPECT_EQ(each.context.state.text(), "congo=t61rcWkgMzE");
}

TEST_P(traced_calls, attempts_alone_are_spans_of_what_their_caller_says) {
    on.dependency.returns(7);
    pipeline guarded{retry{}, traced_attempt{all}};
    (void)on.play(guarded, {.operation = "get", .trace = &from_outside});
    EXPECT_EQ(span_named(seen, "get attempt").parent, from_outside.span);
    (void)on.play(guarded, {.operation = "first"});
    EXPECT_TRUE(span_named(seen, "first attempt").parent.is_zero());
}

TEST_P(traced_calls, calls_inside_of_an_attempt_are_its_children) {
    pipeline inner{traced{all}, timeout{1s}};
    pipeline outer{traced{all}, traced_attempt{all}};
    (void)on.play(outer, {.operation = "outer"}, [&](attempt& a) {
        const call_scope here{a};
        return *on.time.run(inner, inherited({.operation = "inner"}), [] { return 7; });
    });
    EXPECT_EQ(span_named(seen, "inner").parent, span_named(seen, "outer attempt").context.span);
}

// ---- bounds and clocks ----

TEST_P(traced_calls, a_span_keeps_so_many_events_and_counts_the_rest) {
    tracer few{seen, with_a_wall({.max_events = 2, .max_text = 16}), on.time};
    on.dependency.fails(std::errc::connection_reset);
    auto guarded = retried(few, 6);
    (void)on.play(guarded, {.operation = "get", .id = std::string(100, 'k')});
    const trace_span call = span_named(seen, "get");
    EXPECT_THAT(call.events, SizeIs(2));
    EXPECT_EQ(call.dropped_events, 4U);
    EXPECT_EQ(text_of(call, "cutwater.call.id"), std::string(16, 'k'));
    EXPECT_LE(call.status_message.size(), 16U);
}

TEST_P(traced_calls, a_call_holds_so_many_attempts_until_it_is_known_whether_it_failed) {
    tracer failures{seen, with_a_wall({.share = 0, .keep = kept_spans::failures_too, .max_held = 2}), on.time};
    on.dependency.fails(std::errc::connection_reset);
    auto guarded = retried(failures, 5);
    (void)on.play(guarded, {.operation = "get"});
    EXPECT_THAT(seen.all(), SizeIs(3));
    EXPECT_EQ(text_of(span_named(seen, "get"), "cutwater.call.attempts_not_held"), "3");
}

TEST_P(traced_calls, the_wall_clock_is_read_once_and_again_when_asked_for) {
    unix_nanoseconds wall = first_of_may;
    tracer_options options;
    options.wall_clock = [&] { return std::chrono::time_point_cast<std::chrono::system_clock::duration>(wall); };
    tracer by{seen, options, on.time};
    auto guarded = retried(by);
    on.dependency.then({.takes = 30ms, .value = 7});
    on.dependency.on_call([&](unsigned) {
        wall -= 1h;  // set back while a call is under way
        by.resync();
    });
    (void)on.play(guarded, {.operation = "get"});
    EXPECT_EQ(since_began(span_named(seen, "get").begin), 0ms);
    EXPECT_EQ(since_began(span_named(seen, "get").end), 30ms) << "durations are right, whatever the wall clock does";
    EXPECT_EQ(since_began(span_named(seen, "get attempt").end), 30ms);
    on.dependency.on_call({});
    (void)on.play(guarded, {.operation = "later"});
    EXPECT_EQ(since_began(span_named(seen, "later").begin), -1h + 30ms);
}

TEST(traced, describes_itself_and_checks_its_options) {
    span_recorder seen;
    tracer by{seen, {.share = 0.25}};
    pipeline guarded{traced{by}, retry{}, traced_attempt{by}};
    EXPECT_NE(guarded.describe().find("traced {share = 0.25, caller = followed"), std::string::npos)
        << guarded.describe();
    EXPECT_NE(guarded.describe().find("traced_attempt"), std::string::npos);
    EXPECT_THROW((tracer{seen, {.share = 1.5}}), invalid_options);
    EXPECT_THROW((tracer{seen, {.max_text = 1}}), invalid_options);
}

TEST(span_recorder, keeps_the_latest) {
    span_recorder seen{2};
    for (const char* each : {"a", "b", "c"}) {
        trace_span made;
        made.name = each;
        seen.take(std::move(made));
    }
    EXPECT_THAT(names_of(seen.all()), ElementsAre("b", "c"));
    seen.clear();
    EXPECT_THAT(seen.all(), IsEmpty());
}

}  // namespace
}  // namespace cutwater
