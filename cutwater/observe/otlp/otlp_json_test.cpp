#include "cutwater/observe/otlp/otlp_json.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "cutwater/observe/otlp/otlp_schema_test.hpp"

namespace cutwater {
namespace {

using nlohmann::json;
using testing::attribute_of;
using ::testing::IsEmpty;
using testing::otlp_schema;

trace_span whole_span() {
    trace_span made;
    made.context = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03");
    made.context.state = *trace_state::parse("congo=t61rcWkgMzE");
    made.parent = {0xb9c7c989f97918e1};
    made.name = "get attempt";
    made.kind = span_kind::client;
    made.begin = unix_nanoseconds{std::chrono::nanoseconds{1'714'521'600'000'000'001}};
    made.end = made.begin + std::chrono::nanoseconds{41};
    made.attributes = {{"text", "a"},
                       {"count", std::int64_t{9'007'199'254'740'993}},
                       {"least", std::numeric_limits<std::int64_t>::min()},
                       {"real", 0.05},
                       {"flag", true}};
    made.events = {
        {.name = "cutwater.retry_scheduled", .at = made.begin, .attributes = {{"cutwater.retry.delay", 0.1}}},
        {.name = "bare", .at = made.end, .attributes = {}}};
    made.dropped_events = 3;
    made.status = span_status::error;
    made.status_message = "no route";
    return made;
}

TEST(otlp_json, every_field_of_a_span_is_as_the_specification_maps_it) {
    const trace_span one = whole_span();
    const otlp_schema read{to_otlp_json({&one, 1}, {{"service.name", "shop"}})};
    ASSERT_THAT(read.problems, IsEmpty());
    ASSERT_EQ(read.spans.size(), 1U);
    const json& span = read.spans[0];
    EXPECT_EQ(span.at("traceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(span.at("spanId"), "00f067aa0ba902b7");
    EXPECT_EQ(span.at("parentSpanId"), "b9c7c989f97918e1");
    EXPECT_EQ(span.at("traceState"), "congo=t61rcWkgMzE");
    EXPECT_EQ(span.at("flags"), 3);
    EXPECT_EQ(span.at("name"), "get attempt");
    EXPECT_EQ(span.at("kind"), 3);
    EXPECT_EQ(span.at("startTimeUnixNano"), "1714521600000000001");
    EXPECT_EQ(span.at("endTimeUnixNano"), "1714521600000000042");
    EXPECT_EQ(attribute_of(span, "text"), (json{{"stringValue", "a"}}));
    EXPECT_EQ(attribute_of(span, "count"), (json{{"intValue", "9007199254740993"}}));
    EXPECT_EQ(attribute_of(span, "least"), (json{{"intValue", "-9223372036854775808"}}));
    EXPECT_EQ(attribute_of(span, "real"), (json{{"doubleValue", 0.05}}));
    EXPECT_EQ(attribute_of(span, "flag"), (json{{"boolValue", true}}));
    EXPECT_EQ(span.at("events").at(0).at("timeUnixNano"), "1714521600000000001");
    EXPECT_EQ(attribute_of(span.at("events").at(0), "cutwater.retry.delay"), (json{{"doubleValue", 0.1}}));
    EXPECT_FALSE(span.at("events").at(1).contains("attributes"));
    EXPECT_EQ(span.at("droppedEventsCount"), 3);
    EXPECT_EQ(span.at("status"), (json{{"code", 2}, {"message", "no route"}}));
    const json& of_process = read.whole.at("resourceSpans").at(0);
    EXPECT_EQ(attribute_of(of_process.at("resource"), "service.name"), (json{{"stringValue", "shop"}}));
    EXPECT_EQ(of_process.at("scopeSpans").at(0).at("scope").at("name"), "cutwater");
}

TEST(otlp_json, what_has_its_default_value_is_left_out) {
    trace_span bare;
    bare.context = {.trace = {0, 1}, .span = {1}};
    bare.name = "call";
    const otlp_schema read{to_otlp_json({&bare, 1}, {})};
    ASSERT_THAT(read.problems, IsEmpty());
    for (const char* key :
         {"parentSpanId", "traceState", "flags", "attributes", "events", "droppedEventsCount", "status"})
        EXPECT_FALSE(read.spans.at(0).contains(key)) << key;
}

TEST(otlp_json, numbers_that_are_not_finite_are_words_and_bytes_that_are_no_text_are_mended) {
    trace_span one = whole_span();
    one.attributes = {{"far", std::numeric_limits<double>::infinity()},
                      {"back", -std::numeric_limits<double>::infinity()},
                      {"none", std::numeric_limits<double>::quiet_NaN()},
                      {"bytes",
                       "a\xff"
                       "b\n"}};
    const otlp_schema read{to_otlp_json({&one, 1}, {})};
    ASSERT_THAT(read.problems, IsEmpty());
    EXPECT_EQ(attribute_of(read.spans[0], "far"), (json{{"doubleValue", "Infinity"}}));
    EXPECT_EQ(attribute_of(read.spans[0], "back"), (json{{"doubleValue", "-Infinity"}}));
    EXPECT_EQ(attribute_of(read.spans[0], "none"), (json{{"doubleValue", "NaN"}}));
    EXPECT_EQ(attribute_of(read.spans[0], "bytes"), (json{{"stringValue",
                                                           "a\xEF\xBF\xBD"
                                                           "b\n"}}));
}

TEST(otlp_json, the_schema_of_these_tests_refuses_what_the_specification_does) {
    const auto problems = [](const std::string& span) {
        return otlp_schema{R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + span + "]}]}]}"}.problems.size();
    };
    const std::string right =
        R"({"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","name":"n","kind":2,"startTimeUnixNano":"1","endTimeUnixNano":"2")";
    EXPECT_EQ(problems(right + "}"), 0U);
    EXPECT_EQ(problems(right + R"(,"parent_span_id":"EEE19B7EC3C1B174"})"), 1U);
    EXPECT_EQ(problems(right + R"(,"parentSpanId":"7uGbfsPBsXQ="})"), 1U) << "base64";
    EXPECT_EQ(problems(right + R"(,"status":{"code":"STATUS_CODE_ERROR"}})"), 1U);
    EXPECT_EQ(problems(right + R"(,"attributes":[{"key":"a","value":{"intValue":1}}]})"), 1U);
    EXPECT_GT(otlp_schema{"no"}.problems.size(), 0U);
}

RC_GTEST_PROP(otlp_json, whatever_a_span_says_the_message_is_one,
              (const std::string& text, std::int64_t count, double real)) {
    trace_span one = whole_span();
    one.name = text;
    one.status_message = text;
    one.attributes = {{"text", text}, {"count", count}, {"real", real}};
    one.events.front().name = text;
    const otlp_schema read{to_otlp_json({&one, 1}, {{"service.name", text}})};
    RC_ASSERT(read.problems.empty());
    RC_ASSERT(attribute_of(read.spans.at(0), "count") == json({{"intValue", std::to_string(count)}}));
}

TEST(otlp_answer, says_what_was_not_taken) {
    EXPECT_EQ(parse_otlp_answer("{}"), otlp_answer{});
    EXPECT_EQ(parse_otlp_answer(R"({"partialSuccess":{}})"), otlp_answer{});
    EXPECT_EQ(parse_otlp_answer(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})"),
              (otlp_answer{3, "too old"}));
    EXPECT_EQ(parse_otlp_answer(R"({"partialSuccess":{"rejectedSpans":3},"more":1})"), (otlp_answer{3, ""}));
    EXPECT_EQ(parse_otlp_answer(R"({"partialSuccess":{"errorMessage":"beware"}})"), (otlp_answer{0, "beware"}));
}

TEST(otlp_answer, whatever_is_none_says_nothing) {
    for (const char* body :
         {"", "no", "[]", "3", R"({"partialSuccess":3})", R"({"partialSuccess":{"rejectedSpans":-3}})",
          R"({"partialSuccess":{"rejectedSpans":"three"}})", R"({"partialSuccess":{"rejectedSpans":""}})"})
        EXPECT_EQ(parse_otlp_answer(body), otlp_answer{}) << body;
}

}  // namespace
}  // namespace cutwater
