#include "cutwater/http/call_metadata.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "cutwater/core/exception_cast.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;

const instant received{std::chrono::hours{7}};

struct sending {
    metadata_options options{};
    unsigned attempts = 1;
    duration each = 0s;
    http_fields own{};
};

/// What a call goes by that is made because of these.
call_options options_of(const http_fields& fields, instant at, call_options own = {}) {
    const call_metadata got = extract(fields);
    call_options made = got.options(at, std::move(own));
    made.id = {};  // points into what is gone
    made.trace = nullptr;
    return made;
}

/// The fields as each attempt of a call sends them.
std::vector<http_fields> sent(auto&& pipeline, const call_options& said, const sending& s) {
    testing::virtual_time time;
    std::vector<http_fields> all;
    (void)time.run(pipeline, said, [&](attempt& a) -> std::expected<int, std::error_code> {
        time.pass(s.each);
        all.push_back(s.own);
        inject(all.back(), a, said, s.options);
        if (all.size() < s.attempts) return std::unexpected{std::make_error_code(std::errc::connection_reset)};
        return 7;
    });
    return all;
}

std::string field(const http_fields& fields, std::string_view called) {
    return std::string{fields.find(called).value_or("none")};
}

// ---- what is read ----

struct vector_row {
    std::string_view what;
    http_fields fields;
    call_metadata read;
};

const vector_row vectors[] = {
    {"nothing", {}, {}},
    {"a deadline", {{"X-Request-Deadline", "1600"}}, {.time_left = 1600ms}},
    {"a name in another case", {{"x-request-DEADLINE", "1600"}}, {.time_left = 1600ms}},
    {"space round it", {{"x-request-deadline", " \t1600 "}}, {.time_left = 1600ms}},
    {"no time", {{"x-request-deadline", "0"}}, {.time_left = 0ms}},
    {"zeros in front", {{"x-request-deadline", "000000000000000000000000007"}}, {.time_left = 7ms}},
    {"more than a duration holds", {{"x-request-deadline", "9223372036855"}}, {.time_left = forever}},
    {"more than a number holds", {{"x-request-deadline", "99999999999999999999"}}, {.time_left = forever}},
    {"a sign", {{"x-request-deadline", "-5"}}, {.malformed = 1}},
    {"a plus", {{"x-request-deadline", "+5"}}, {.malformed = 1}},
    {"a fraction", {{"x-request-deadline", "1.5"}}, {.malformed = 1}},
    {"a unit", {{"x-request-deadline", "5ms"}}, {.malformed = 1}},
    {"a point in time", {{"x-request-deadline", "2024-05-01T12:00:00Z"}}, {.malformed = 1}},
    {"empty", {{"x-request-deadline", ""}}, {.malformed = 1}},
    {"a list, as a proxy joins two fields", {{"x-request-deadline", "1000, 900"}}, {.malformed = 1}},
    {"a NUL behind it", {{"x-request-deadline", std::string{"5\0", 2}}}, {.malformed = 1}},
    {"digits beyond ASCII", {{"x-request-deadline", "\xd9\xa5"}}, {.malformed = 1}},
    {"a megabyte of digits", {{"x-request-deadline", std::string(1'000'000, '9')}}, {.time_left = forever}},
    {"a megabyte of zeros", {{"x-request-deadline", std::string(1'000'000, '0')}}, {.time_left = 0ms}},
    {"a megabyte for gRPC", {{"grpc-timeout", std::string(1'000'000, '9')}}, {.malformed = 1}},
    {"no time, in one of several", {{"x-request-deadline", "5"}, {"grpc-timeout", "0n"}}, {.time_left = 0ms}},
    {"gRPC's", {{"grpc-timeout", "1600m"}}, {.time_left = 1600ms}},
    {"gRPC's, malformed", {{"grpc-timeout", "1600"}}, {.malformed = 1}},
    {"the least of all",
     {{"x-request-deadline", "900"}, {"grpc-timeout", "800m"}, {"x-request-deadline", "1000"}},
     {.time_left = 800ms}},
    {"the least of what makes sense",
     {{"x-request-deadline", "soon"}, {"grpc-timeout", "800m"}, {"x-request-deadline", "-1"}},
     {.time_left = 800ms, .malformed = 2}},
    {"an attempt", {{"X-Request-Attempt", "3"}}, {.attempt = 3}},
    {"attempt 0", {{"X-Request-Attempt", "0"}}, {.malformed = 1}},
    {"two attempts", {{"X-Request-Attempt", "2"}, {"X-Request-Attempt", "3"}}, {.malformed = 2}},
    {"retries left", {{"X-Request-Retries-Left", "0"}}, {.retries_left = 0U}},
    {"an attempt below zero", {{"X-Request-Attempt", "-1"}}, {.malformed = 1}},
    {"two of which one is malformed", {{"X-Request-Attempt", "2"}, {"X-Request-Attempt", ""}}, {.malformed = 2}},
    {"more retries than a number holds", {{"X-Request-Retries-Left", "4294967296"}}, {.retries_left = 4294967295U}},
    {"retries left, malformed", {{"X-Request-Retries-Left", "many"}}, {.malformed = 1}},
    {"a level", {{"X-Request-Criticality", "best_effort"}}, {.importance = criticality::best_effort}},
    {"the default level", {{"X-Request-Criticality", "default"}}, {.importance = criticality::normal}},
    {"a level that there is not", {{"X-Request-Criticality", "Critical"}}, {.malformed = 1}},
    {"a key", {{"Idempotency-Key", R"("8e03978e-40d5")"}}, {.key = "8e03978e-40d5"}},
    {"a key with quotes", {{"Idempotency-Key", R"("a\"b\\c")"}}, {.key = R"(a"b\c)"}},
    {"a key without quotes", {{"Idempotency-Key", "8e03978e"}}, {.malformed = 1}},
    {"an empty key", {{"Idempotency-Key", R"("")"}}, {.malformed = 1}},
    {"a quote amid it", {{"Idempotency-Key", R"("a"b")"}}, {.malformed = 1}},
    {"a quote that does not end it", {{"Idempotency-Key", R"("a\")"}}, {.malformed = 1}},
    {"an escape of nothing special", {{"Idempotency-Key", R"("a\n")"}}, {.malformed = 1}},
    {"beyond ASCII", {{"Idempotency-Key", "\"caf\xc3\xa9\""}}, {.malformed = 1}},
    {"a NUL amid it", {{"Idempotency-Key", std::string{"\"a\0b\"", 5}}}, {.malformed = 1}},
    {"two keys", {{"Idempotency-Key", R"("a")"}, {"idempotency-key", R"("b")"}}, {.malformed = 2}},
    {"fields of others", {{"X-Request-Id", "-1"}, {"Deadline", "x"}}, {}},
};

TEST(call_metadata, T93_is_read_as_written_down_and_what_is_malformed_is_ignored_and_counted) {
    for (const auto& [what, fields, read] : vectors) EXPECT_EQ(extract(fields), read) << what;
}

TEST(call_metadata, T93_a_deadline_counts_from_its_arrival_and_the_least_counts) {
    const call_metadata got = extract({{"x-request-deadline", "250"}});
    EXPECT_EQ(got.options(received).deadline, received + 250ms);
    EXPECT_EQ(got.options(received, {.deadline = received + 100ms}).deadline, received + 100ms);
    EXPECT_EQ(got.options(received, {.deadline = received + 900ms}).deadline, received + 250ms);
    EXPECT_EQ(options_of({}, received).deadline, never);
    EXPECT_EQ(options_of({{"x-request-deadline", "99999999999999999999"}}, received).deadline, never);
}

TEST(call_metadata, completes_what_the_receiver_says_of_its_call_itself) {
    const call_metadata got = extract({{"x-request-criticality", "sheddable"}, {"idempotency-key", "\"k7\""}});
    const call_options said = got.options(received, {.operation = "serve", .tenant = "blue"});
    EXPECT_EQ(said.importance, criticality::sheddable);
    EXPECT_EQ(said.id, "k7");
    EXPECT_EQ(said.operation, name{"serve"});
    EXPECT_EQ(said.tenant, "blue");
    EXPECT_EQ(options_of({}, received, {.importance = criticality::critical}).importance, criticality::critical);
}

TEST(call_metadata, T93_no_time_is_a_deadline_that_has_passed_and_nothing_is_sent) {
    testing::virtual_time time;
    unsigned calls = 0;
    pipeline backend{retry{}};
    const call_metadata got = extract({{"x-request-deadline", "0"}});
    const auto result = time.run(backend, got.options(time.present()), [&] { return ++calls; });
    EXPECT_EQ(calls, 0U);
    EXPECT_EQ(result.error().code(), errc::deadline_exceeded);
}

// ---- traces: cases of the W3C's suite that are about fields (github.com/w3c/trace-context, test/test.py) ----

constexpr const char* parent_11 = "00-12345678901234567890123456789011-1234567890123456-01";
constexpr const char* parent_12 = "00-12345678901234567890123456789012-1234567890123456-00";

struct trace_row {
    std::string_view what;
    http_fields fields;
    std::string parent;  ///< empty: no trace
    std::string state;
    unsigned malformed = 0;
};

const trace_row traces[] = {
    {"neither", {}, "", ""},
    {"traceparent alone", {{"traceparent", parent_12}}, parent_12, ""},
    {"two of them", {{"traceparent", parent_11}, {"traceparent", parent_12}}, "", "", 2},
    {"a wrong name", {{"trace-parent", parent_12}}, "", ""},
    {"another wrong name", {{"trace.parent", parent_12}}, "", ""},
    {"a name in another case", {{"TrAcEpArEnT", parent_12}}, parent_12, ""},
    {"a name in upper case", {{"TRACEPARENT", parent_12}}, parent_12, ""},
    {"white space round it",
     {{"traceparent", "\t 00-12345678901234567890123456789012-1234567890123456-00 \t"}},
     parent_12,
     ""},
    {"malformed",
     {{"traceparent", "00-00000000000000000000000000000000-1234567890123456-01"}, {"tracestate", "foo=1"}},
     "",
     "",
     1},
    {"tracestate alone", {{"tracestate", "foo=1,bar=2"}}, "", ""},
    {"both", {{"traceparent", parent_12}, {"tracestate", "foo=1,bar=2"}}, parent_12, "foo=1,bar=2"},
    {"a wrong name of the state", {{"traceparent", parent_12}, {"trace-state", "foo=1"}}, parent_12, ""},
    {"the state before, in another case", {{"TraceState", "foo=1"}, {"traceparent", parent_12}}, parent_12, "foo=1"},
    {"an empty state", {{"traceparent", parent_12}, {"tracestate", ""}}, parent_12, ""},
    {"an empty one after it",
     {{"traceparent", parent_12}, {"tracestate", "foo=1"}, {"tracestate", ""}},
     parent_12,
     "foo=1"},
    {"an empty one before it",
     {{"traceparent", parent_12}, {"tracestate", ""}, {"tracestate", "foo=1"}},
     parent_12,
     "foo=1"},
    {"several",
     {{"traceparent", parent_12},
      {"tracestate", "foo=1,bar=2"},
      {"tracestate", "rojo=1,congo=2"},
      {"tracestate", "baz=3"}},
     parent_12,
     "foo=1,bar=2,rojo=1,congo=2,baz=3"},
    {"a key in two of them",
     {{"traceparent", parent_12}, {"tracestate", "foo=1"}, {"tracestate", "foo=2"}},
     parent_12,
     "",
     2},
    {"a malformed state", {{"traceparent", parent_12}, {"tracestate", "foo=,bar=3"}}, parent_12, "", 1},
};

TEST(call_metadata, a_trace_is_read_as_the_suite_of_the_w3c_has_it) {
    for (const auto& [what, fields, parent, state, malformed] : traces) {
        const call_metadata got = extract(fields);
        EXPECT_EQ(got.trace ? to_traceparent(*got.trace) : "", parent) << what;
        EXPECT_EQ(got.trace ? got.trace->state.text() : "", state) << what;
        EXPECT_EQ(got.malformed, malformed) << what;
    }
}

TEST(call_metadata, a_trace_is_handed_on_as_it_came_where_no_layer_traces) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    const call_metadata got = extract({{"traceparent", parent_12}, {"tracestate", "foo=1"}});
    for (const http_fields& f : sent(guarded, got.options(received), {.attempts = 2})) {
        EXPECT_EQ(field(f, "traceparent"), parent_12);
        EXPECT_EQ(field(f, "tracestate"), "foo=1");
    }
    const trace_context mine = *parse_traceparent(parent_11);
    EXPECT_EQ(got.options(received, {.trace = &mine}).trace, &mine);
}

TEST(call_metadata, a_trace_goes_in_place_of_what_stands_there_and_stays_where_there_is_none) {
    pipeline guarded{timeout{1s}};
    const http_fields forwarded{{"Traceparent", parent_11}, {"Tracestate", "a=1"}, {"tracestate", "b=2"}};
    EXPECT_EQ(field(sent(guarded, nothing_said, {.own = forwarded}).front(), "tracestate"), "a=1");
    const trace_context mine = *parse_traceparent(parent_12);
    const http_fields f = sent(guarded, {.trace = &mine}, {.own = forwarded}).front();
    EXPECT_EQ(field(f, "traceparent"), parent_12);
    EXPECT_EQ(field(f, "tracestate"), "none");
    const metadata_options to_strangers{.trace = trace_fields::none};
    EXPECT_EQ(field(sent(guarded, {.trace = &mine}, {.options = to_strangers}).front(), "traceparent"), "none");
}

// ---- what is sent ----

TEST(call_metadata, T93_a_deadline_is_sent_relative_and_reckoned_anew_for_each_attempt) {
    pipeline guarded{timeout{{.name = "total", .after = 10s}},
                     retry{{.max_attempts = 3, .base_delay = 1s, .growth = backoff::constant, .jitter = jitter::none}}};
    std::vector<std::string> deadlines;
    for (const http_fields& f : sent(guarded, nothing_said, {.attempts = 3, .each = 1s}))
        deadlines.push_back(field(f, "x-request-deadline"));
    EXPECT_THAT(deadlines, ElementsAre("7200", "5600", "4000")) << "0.8 of 9, 7 and 5 seconds";
}

TEST(call_metadata, sends_less_than_there_is) {
    pipeline guarded{timeout{{.name = "total", .after = 1s}}};
    const auto deadline = [&](metadata_options o) {
        return field(sent(guarded, nothing_said, {.options = o}).front(), "x-request-deadline");
    };
    EXPECT_EQ(deadline({}), "800");
    EXPECT_EQ(deadline({.share = 1.0}), "1000");
    EXPECT_EQ(deadline({.share = 1.0, .margin = 50ms}), "950");
    EXPECT_EQ(deadline({.share = 0.5, .margin = 500ms}), "250");
    EXPECT_EQ(deadline({.margin = 2s}), "0");
    EXPECT_EQ(deadline({.share = 1.0, .margin = 1us}), "999") << "rounded down";
}

TEST(call_metadata, says_nothing_of_a_deadline_that_there_is_not) {
    pipeline unbounded{bulkhead{{.max_concurrent = 1}}};
    const http_fields fields = sent(unbounded, nothing_said, {.options = {.deadline = deadline_fields::both}}).front();
    EXPECT_EQ(fields.size(), 0U);
}

TEST(call_metadata, sends_a_deadline_in_the_fields_that_were_chosen) {
    pipeline guarded{timeout{{.name = "total", .after = 1s}}};
    const auto both = [&](deadline_fields d) {
        const http_fields f = sent(guarded, nothing_said, {.options = {.deadline = d}}).front();
        return field(f, "x-request-deadline") + " " + field(f, "grpc-timeout");
    };
    EXPECT_EQ(both(deadline_fields::request_deadline), "800 none");
    EXPECT_EQ(both(deadline_fields::grpc_timeout), "none 800000u");
    EXPECT_EQ(both(deadline_fields::both), "800 800000u");
    EXPECT_EQ(both(deadline_fields::none), "none none");
}

TEST(call_metadata, T93_a_deadline_that_stands_there_and_is_less_stays) {
    pipeline guarded{timeout{{.name = "total", .after = 1s}}};
    const auto with = [&](const http_fields& own) {
        const http_fields f = sent(guarded, nothing_said, {.own = own}).front();
        return field(f, "x-request-deadline");
    };
    EXPECT_EQ(with({{"X-Request-Deadline", "300"}}), "300");
    EXPECT_EQ(with({{"X-Request-Deadline", "3000"}, {"X-Request-Deadline", "5000"}}), "800");
    EXPECT_EQ(with({{"grpc-timeout", "300m"}}), "300");
    EXPECT_EQ(with({{"X-Request-Deadline", "soon"}}), "800");
}

TEST(call_metadata, says_which_attempt_it_is_from_the_second_on) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    std::vector<std::string> attempts;
    for (const http_fields& f : sent(guarded, nothing_said, {.attempts = 3}))
        attempts.push_back(field(f, "x-request-attempt"));
    EXPECT_THAT(attempts, ElementsAre("none", "2", "3"));
}

TEST(call_metadata, T70_attempts_of_the_senders_callers_are_counted) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    std::vector<std::string> attempts;
    for (const http_fields& f : sent(guarded, {.earlier_attempts = 4}, {.attempts = 2}))
        attempts.push_back(field(f, "x-request-attempt"));
    EXPECT_THAT(attempts, ElementsAre("5", "6"));
    const auto most = std::numeric_limits<unsigned>::max();
    EXPECT_EQ(field(sent(guarded, {.earlier_attempts = most}, {}).front(), "x-request-attempt"), "4294967296");
}

TEST(call_metadata, T70_says_how_many_more_the_receiver_may_make_where_that_is_known) {
    const auto left = [](auto&& guarded, const call_options& said, unsigned attempts = 1) {
        std::string all;
        for (const http_fields& f : sent(guarded, said, {.attempts = attempts}))
            all += field(f, "x-request-retries-left") + " ";
        return all;
    };
    EXPECT_EQ(left(pipeline{retry{{.base_delay = 1ms}}}, {}, 2), "0 0 ") << "they are made here";
    EXPECT_EQ(left(pipeline{retry{{.base_delay = 1ms, .retries_below = 1}}}, {}, 2), "1 0 ");
    pipeline without{timeout{1s}};
    EXPECT_EQ(left(without, {}), "none ");
    EXPECT_EQ(left(without, {.retries_left = 3}), "3 ");
}

TEST(call_metadata, T70_what_is_read_of_attempts_counts_with_what_the_receiver_says_itself) {
    const call_metadata got = extract({{"x-request-attempt", "3"}, {"x-request-retries-left", "1"}});
    EXPECT_EQ(got.options(received).earlier_attempts, 2U);
    EXPECT_EQ(got.options(received).retries_left, 1U);
    EXPECT_EQ(got.options(received, {.earlier_attempts = 5, .retries_left = 0}).earlier_attempts, 5U);
    EXPECT_EQ(got.options(received, {.earlier_attempts = 5, .retries_left = 0}).retries_left, 0U);
    EXPECT_EQ(options_of({}, received).earlier_attempts, 0U);
    EXPECT_EQ(options_of({}, received).retries_left, std::nullopt);
    EXPECT_EQ(options_of({{"x-request-attempt", "99999999999"}}, received).earlier_attempts,
              std::numeric_limits<unsigned>::max() - 1);
}

TEST(call_metadata, an_attempt_knows_what_its_call_says) {
    testing::virtual_time time;
    pipeline guarded{timeout{1s}};
    const metadata_options with_key{.key = key_on_wire::call_id};
    const call_options said{.id = "k7", .importance = criticality::sheddable};
    http_fields by_itself;
    http_fields told;
    (void)time.run(guarded, said, [&](attempt& a) {
        inject(by_itself, a, with_key);
        inject(told, a, said, with_key);
    });
    EXPECT_EQ(field(by_itself, "x-request-criticality"), "sheddable");
    EXPECT_EQ(field(by_itself, "idempotency-key"), "\"k7\"");
    EXPECT_EQ(extract(by_itself), extract(told));
}

TEST(call_metadata, T94_the_key_is_the_same_in_every_attempt_and_one_that_stands_there_stays) {
    pipeline guarded{retry{{.base_delay = 1ms}}};
    const call_options said{.id = R"(order "7"\8)"};
    const metadata_options with_key{.key = key_on_wire::call_id};
    for (const http_fields& f : sent(guarded, said, {.options = with_key, .attempts = 3}))
        EXPECT_EQ(field(f, "idempotency-key"), R"("order \"7\"\\8")");
    const http_fields own{{"Idempotency-Key", "\"mine\""}};
    EXPECT_EQ(field(sent(guarded, said, {.options = with_key, .own = own}).front(), "idempotency-key"), "\"mine\"");
    EXPECT_EQ(field(sent(guarded, said, {}).front(), "idempotency-key"), "none") << "an id need not be a key";
    EXPECT_EQ(field(sent(guarded, nothing_said, {.options = with_key}).front(), "idempotency-key"), "none");
}

/// What becomes of a call whose attempt says what it can of it.
error failure_of(const call_options& said, const metadata_options& options) {
    testing::virtual_time time;
    pipeline guarded{retry{{.base_delay = 1ms}}};
    http_fields fields;
    unsigned attempts = 0;
    const auto got = time.run(guarded, said, [&](attempt& a) {
        ++attempts;
        inject(fields, a, options);
    });
    EXPECT_EQ(attempts, 1U);
    EXPECT_EQ(fields.size(), 0U) << "nothing is written";
    return got ? error{std::error_code{}} : got.error();
}

TEST(call_metadata, T94_an_id_that_no_field_can_hold_is_an_error_and_not_a_request_without_a_key) {
    const metadata_options with_key{.key = key_on_wire::call_id};
    for (const std::string_view id : {"a\r\nb", "a\tb", "caf\xc3\xa9", "\x7f"}) {
        const error failed = failure_of({.id = id, .importance = criticality::sheddable}, with_key);
        EXPECT_EQ(failed.code(), http_errc::invalid_request) << id;
        EXPECT_THAT(failed.message(), ::testing::HasSubstr("cannot be sent as its Idempotency-Key")) << id;
    }
    pipeline guarded{retry{}};
    EXPECT_EQ(field(sent(guarded, {.id = "a\r\nb"}, {}).front(), "idempotency-key"), "none") << "no key is asked for";
    const http_fields own{{"Idempotency-Key", "\"mine\""}};
    EXPECT_EQ(field(sent(guarded, {.id = "a\r\nb"}, {.options = with_key, .own = own}).front(), "idempotency-key"),
              "\"mine\"");
}

TEST(call_metadata, says_how_much_it_matters_where_that_is_not_the_default) {
    pipeline guarded{retry{}};
    const auto level = [&](criticality c) {
        return field(sent(guarded, {.importance = c}, {}).front(), "x-request-criticality");
    };
    EXPECT_EQ(level(criticality::critical), "critical");
    EXPECT_EQ(level(criticality::normal), "none");
    EXPECT_EQ(level(criticality::sheddable), "sheddable");
    EXPECT_EQ(level(criticality::best_effort), "best_effort");
}

TEST(call_metadata, what_an_earlier_attempt_or_a_caller_said_goes_where_this_one_does_not_say_it) {
    pipeline guarded{timeout{{.name = "total", .after = 10s}}};
    const http_fields forwarded{
        {"X-Request-Criticality", "sheddable"}, {"accept", "text/plain"},   {"x-request-retries-left", "3"},
        {"X-Request-Retries-Left", "2"},        {"X-Request-Attempt", "4"}, {"X-Request-Deadline", "1000"},
        {"Idempotency-Key", "\"k7\""}};
    http_fields f = sent(guarded, nothing_said, {.own = forwarded}).front();
    EXPECT_EQ(f,
              (http_fields{{"accept", "text/plain"}, {"X-Request-Deadline", "1000"}, {"Idempotency-Key", "\"k7\""}}));

    testing::virtual_time time;
    (void)time.run(guarded, {.importance = criticality::sheddable, .earlier_attempts = 1, .retries_left = 2},
                   [&](attempt& a) { inject(f, a); });
    EXPECT_EQ(field(f, "x-request-criticality"), "sheddable");
    (void)time.run(guarded, {.importance = criticality::normal}, [&](attempt& a) { inject(f, a); });
    EXPECT_EQ(field(f, "x-request-criticality"), "none");
    EXPECT_EQ(field(f, "x-request-attempt"), "none");
    EXPECT_EQ(field(f, "x-request-retries-left"), "none");
}

RC_GTEST_PROP(call_metadata, T93_nobody_is_told_of_more_time_than_there_is, ()) {
    const duration limit{*rc::gen::inRange<std::int64_t>(1'000'000, 100'000'000'000)};
    const metadata_options options{.deadline = deadline_fields::both,
                                   .share = *rc::gen::inRange(1, 101) / 100.0,
                                   .margin = duration{*rc::gen::inRange<std::int64_t>(0, 2'000'000'000)}};
    pipeline guarded{timeout{{.name = "total", .after = limit}}};
    const call_options said{.id = "k", .importance = criticality::sheddable};
    const call_metadata got = extract(sent(guarded, said, {.options = options}).front());
    RC_ASSERT(got.malformed == 0U && got.importance == criticality::sheddable);
    RC_ASSERT(got.time_left.has_value() && *got.time_left >= 0s && *got.time_left <= limit);
}

TEST(call_metadata, options_out_of_their_range_are_named) {
    EXPECT_TRUE(problems_of(metadata_options{}).empty());
    EXPECT_EQ(problems_of(metadata_options{.share = 0.0}).size(), 1U);
    EXPECT_EQ(problems_of(metadata_options{.share = 1.1}).size(), 1U);
    EXPECT_EQ(problems_of(metadata_options{.margin = -1s}).size(), 1U);
    EXPECT_EQ(problems_of(metadata_options{.deadline = deadline_fields{9}, .key = key_on_wire{9}}).size(), 2U);
}

TEST(call_metadata, nothing_is_sent_by_options_out_of_their_range) {
    for (const metadata_options& wrong : {metadata_options{.share = 0.0}, metadata_options{.share = 1e300},
                                          metadata_options{.margin = -1h}, metadata_options{.key = key_on_wire{9}}}) {
        const error failed = failure_of({.importance = criticality::sheddable}, wrong);
        EXPECT_NE(exception_cast<invalid_options>(failed.cause()), nullptr) << failed;
    }
}

TEST(http_fields, set_puts_one_in_the_place_of_all_of_that_name) {
    http_fields fields{{"A", "1"}, {"b", "2"}, {"a", "3"}};
    fields.set("a", "4");
    fields.set("c", "5");
    EXPECT_THAT(std::vector<http_field>(fields.begin(), fields.end()),
                ElementsAre(http_field{"A", "4"}, http_field{"b", "2"}, http_field{"c", "5"}));
}

}  // namespace
}  // namespace cutwater
