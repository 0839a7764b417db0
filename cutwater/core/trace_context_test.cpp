#include "cutwater/core/trace_context.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "cutwater/core/call_scope.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::Optional;

// Cases and values are those of the W3C's suite: github.com/w3c/trace-context, test/test.py, as of level 2.

struct parent_row {
    std::string_view what;
    std::string_view text;
    bool is_read;
};

const parent_row parents[] = {
    {"a traceparent", "00-12345678901234567890123456789012-1234567890123456-01", true},
    {"version 00 with a dot after it", "00-12345678901234567890123456789012-1234567890123456-01.", false},
    {"version 00 with more", "00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
     false},
    {"a version of the future", "cc-12345678901234567890123456789012-1234567890123456-01", true},
    {"that with more", "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like", true},
    {"that with more, and no dash",
     "cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like", false},
    {"version ff", "ff-12345678901234567890123456789012-1234567890123456-01", false},
    {"no digit in the version", ".0-12345678901234567890123456789012-1234567890123456-01", false},
    {"no digit in the version, second", "0.-12345678901234567890123456789012-1234567890123456-01", false},
    {"a version of three", "000-12345678901234567890123456789012-1234567890123456-01", false},
    {"a version of four", "0000-12345678901234567890123456789012-1234567890123456-01", false},
    {"a version of one", "0-12345678901234567890123456789012-1234567890123456-01", false},
    {"a trace of zeros", "00-00000000000000000000000000000000-1234567890123456-01", false},
    {"no digit in the trace, first", "00-.2345678901234567890123456789012-1234567890123456-01", false},
    {"no digit in the trace, last", "00-1234567890123456789012345678901.-1234567890123456-01", false},
    {"a trace that is too long", "00-123456789012345678901234567890123-1234567890123456-01", false},
    {"a trace that is too short", "00-1234567890123456789012345678901-1234567890123456-01", false},
    {"a span of zeros", "00-12345678901234567890123456789012-0000000000000000-01", false},
    {"no digit in the span, first", "00-12345678901234567890123456789012-.234567890123456-01", false},
    {"no digit in the span, last", "00-12345678901234567890123456789012-123456789012345.-01", false},
    {"a span that is too long", "00-12345678901234567890123456789012-12345678901234567-01", false},
    {"a span that is too short", "00-12345678901234567890123456789012-123456789012345-01", false},
    {"no digit in the flags, first", "00-12345678901234567890123456789012-1234567890123456-.0", false},
    {"no digit in the flags, last", "00-12345678901234567890123456789012-1234567890123456-0.", false},
    {"flags that are too long", "00-12345678901234567890123456789012-1234567890123456-001", false},
    {"flags that are too short", "00-12345678901234567890123456789012-1234567890123456-1", false},
    // and of the specification's text (3.2.2)
    {"nothing", "", false},
    {"upper case in the trace", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
    {"upper case in the span", "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01", false},
    {"upper case in the flags", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A", false},
    {"upper case in the version", "CC-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
    {"other signs between", "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01", false},
    {"space before it", " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
};

TEST(traceparent, is_read_or_refused_as_the_suite_of_the_w3c_has_it) {
    for (const auto& [what, text, is_read] : parents) EXPECT_EQ(parse_traceparent(text).has_value(), is_read) << what;
}

TEST(traceparent, has_a_trace_a_span_and_flags) {
    const auto read = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->trace, (trace_id{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736}));
    EXPECT_EQ(read->span, span_id{0x00f067aa0ba902b7});
    EXPECT_TRUE(read->is_sampled());
    EXPECT_EQ(to_text(read->trace), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(to_text(read->span), "00f067aa0ba902b7");
    EXPECT_FALSE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")->is_sampled());
}

TEST(traceparent, of_a_later_version_is_written_in_ours_with_the_flags_that_we_know) {
    const auto read = parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-more");
    ASSERT_TRUE(read);
    EXPECT_EQ(to_traceparent(*read), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03");
}

TEST(traceparent, the_flag_of_a_random_id_is_handed_on) {
    for (const std::string_view text : {"00-12345678901234567890123456789012-1234567890123456-02",
                                        "00-12345678901234567890123456789012-1234567890123456-03"})
        EXPECT_EQ(to_traceparent(*parse_traceparent(text)), text);
}

RC_GTEST_PROP(traceparent, what_is_written_is_read_as_the_same, (std::uint64_t seed, bool sampled)) {
    random_source random{seed};
    trace_context made{.trace = trace_id::random(random), .span = span_id::random(random)};
    made.flags = sampled ? trace_context::sampled : 0;
    RC_ASSERT(parse_traceparent(to_traceparent(made)) == made);
}

RC_GTEST_PROP(traceparent, whatever_one_character_becomes_it_is_refused_or_read_as_it_stands, (char c)) {
    std::string text = "00-12345678901234567890123456789012-1234567890123456-01";
    text[*rc::gen::inRange<std::size_t>(0, text.size())] = c;
    const auto read = parse_traceparent(text);
    if (read) RC_ASSERT(to_traceparent(*read).substr(3, 50) == text.substr(3, 50));
}

// ---- tracestate ----

struct state_row {
    std::string_view what;
    std::string list;
    std::optional<std::string> read;
};

std::string of_all_allowed_characters(const std::string& more_of_the_key) {
    std::string text = "abcdefghijklmnopqrstuvwxyz0123456789_-*/" + more_of_the_key + "=";
    for (char c = ' '; c <= '~'; ++c)
        if (c != ',' && c != '=') text += c;
    return text;
}
std::string numbered(int members) {
    std::string text;
    for (int i = 1; i <= members; ++i) {
        const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
        text.append(text.empty() ? "" : ",").append("bar").append(number).append("=").append(number);
    }
    return text;
}
std::string times(std::size_t n, char c) { return std::string(n, c); }

const state_row states[] = {
    {"nothing", "", ""},
    {"one", "foo=1", "foo=1"},
    {"two", "foo=1,bar=2", "foo=1,bar=2"},
    {"an empty one after it", "foo=1,", "foo=1"},
    {"an empty one before it", ",foo=1", "foo=1"},
    {"several fields, joined", "foo=1,bar=2,rojo=1,congo=2,baz=3", "foo=1,bar=2,rojo=1,congo=2,baz=3"},
    {"a key twice, the same", "foo=1,foo=1", {}},
    {"a key twice", "foo=1,foo=2", {}},
    {"all that is allowed", of_all_allowed_characters(""), of_all_allowed_characters("")},
    {"all that is allowed, with a vendor", of_all_allowed_characters("@a-z0-9_-*/"),
     of_all_allowed_characters("@a-z0-9_-*/")},
    {"white space between", "foo=1 \t , \t bar=2, \t baz=3", "foo=1,bar=2,baz=3"},
    {"white space between, otherwise", "foo=1\t \t,\t \tbar=2,\t \tbaz=3", "foo=1,bar=2,baz=3"},
    {"white space round it", "\t foo=1 \t", "foo=1"},
    {"a space in the key", "foo =1", {}},
    {"upper case in the key", "FOO=1", {}},
    {"a dot in the key", "foo.bar=1", {}},
    {"a key that ends with @", "foo@=1,bar=2", "foo@=1,bar=2"},
    {"a key that begins with @", "@foo=1,bar=2", {}},
    {"two @ in a key", "foo@@bar=1,bar=2", "foo@@bar=1,bar=2"},
    {"three parts of a key", "foo@bar@baz=1,bar=2", "foo@bar@baz=1,bar=2"},
    {"32 members", numbered(32), numbered(32)},
    {"33 members", numbered(33), {}},
    {"a key of 256", "foo=1," + times(256, 'z') + "=1", "foo=1," + times(256, 'z') + "=1"},
    {"a key of 257", "foo=1," + times(257, 'z') + "=1", {}},
    {"a tenant of 241", "foo=1," + times(241, 't') + "@" + times(14, 'v') + "=1",
     "foo=1," + times(241, 't') + "@" + times(14, 'v') + "=1"},
    {"a tenant of 242", "foo=1," + times(242, 't') + "@v=1", "foo=1," + times(242, 't') + "@v=1"},
    {"a vendor of 15", "foo=1,t@" + times(15, 'v') + "=1", "foo=1,t@" + times(15, 'v') + "=1"},
    {"an equals sign in the value", "foo=bar=baz", {}},
    {"no value", "foo=,bar=3", {}},
    {"no equals sign", "foobarbaz", {}},
    {"a key that begins with a digit", "1special=a", "1special=a"},
    {"spaces before a value belong to it", "foo=  1,bar=2", "foo=  1,bar=2"},
    {"a value of 256", "foo=" + times(256, 'x'), "foo=" + times(256, 'x')},
    {"a value of 257", "foo=" + times(257, 'x'), {}},
    {"a tab in a value", "foo=1\t2", {}},
    {"beyond ASCII", "foo=caf\xc3\xa9", {}},
};

TEST(tracestate, is_read_or_refused_as_the_suite_of_the_w3c_has_it) {
    for (const auto& [what, list, expected] : states) {
        const auto read = trace_state::parse(list);
        EXPECT_EQ(read ? std::optional{std::string{read->text()}} : std::nullopt, expected) << what;
    }
}

TEST(tracestate, what_is_too_long_loses_long_members_first_and_then_the_last) {
    const std::string longer = "long=" + times(200, 'x');
    const auto one_is_long =
        trace_state::parse("a=" + times(120, 'a') + "," + longer + ",b=" + times(120, 'b') + ",c=" + times(100, 'c'));
    ASSERT_TRUE(one_is_long);
    EXPECT_EQ(one_is_long->text(), "a=" + times(120, 'a') + ",b=" + times(120, 'b') + ",c=" + times(100, 'c'));
    std::string many;
    for (char c = 'a'; c <= 'e'; ++c) many.append(many.empty() ? "" : ",").append({c, '='}).append(times(125, c));
    const auto none_is_long = trace_state::parse(many);
    ASSERT_TRUE(none_is_long);
    EXPECT_EQ(none_is_long->text(), many.substr(0, 4 * 127 + 3)) << "511 characters, and the fifth would be more";
}

TEST(tracestate, members_are_found_by_their_key) {
    const auto read = trace_state::parse("foo=1,foobar=2,bar= 3");
    ASSERT_TRUE(read);
    EXPECT_THAT(read->find("foo"), Optional(std::string_view{"1"}));
    EXPECT_THAT(read->find("foobar"), Optional(std::string_view{"2"}));
    EXPECT_THAT(read->find("bar"), Optional(std::string_view{" 3"}));
    EXPECT_EQ(read->find("fo"), std::nullopt);
    EXPECT_EQ(trace_state{}.find("foo"), std::nullopt);
}

RC_GTEST_PROP(tracestate, whatever_is_read_is_bounded_and_is_read_again_as_the_same, ()) {
    const auto part =
        rc::gen::element<std::string>("a", "b=", "=", ",", " ", "\t", "key@v", times(140, 'y'), "7", "\x80");
    std::string list;
    for (const std::string& each : *rc::gen::container<std::vector<std::string>>(part)) list += each;
    const auto read = trace_state::parse(list);
    if (!read) return;
    RC_ASSERT(read->text().size() <= trace_state::max_text);
    RC_ASSERT(trace_state::parse(read->text()) == *read);
}

TEST(random_ids, are_never_zero_and_differ) {
    random_source random{7};
    const trace_id one = trace_id::random(random);
    EXPECT_FALSE(one.is_zero());
    EXPECT_NE(one, trace_id::random(random));
    EXPECT_NE(span_id::random(random), span_id::random(random));
}

// ---- in a call ----

const trace_context from_outside = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

TEST(trace_of_a_call, without_a_layer_that_traces_an_attempt_hands_on_what_its_caller_says) {
    testing::virtual_time time;
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 1ms}}};
    std::vector<const trace_context*> seen;
    const auto fails = [&](attempt& a) -> std::expected<int, std::errc> {
        seen.push_back(a.trace());
        return std::unexpected{std::errc::connection_reset};
    };
    (void)time.run(guarded, {.trace = &from_outside}, fails);
    (void)time.run(guarded, fails);
    EXPECT_EQ(seen, (std::vector<const trace_context*>{&from_outside, &from_outside, nullptr, nullptr}));
}

TEST(trace_of_a_call, is_inherited_in_a_scope_and_what_is_said_goes_before) {
    const trace_context mine = *parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01");
    const call_scope here{call_options{.trace = &from_outside}};
    EXPECT_EQ(inherited().trace, &from_outside);
    EXPECT_EQ(inherited({.trace = &mine}).trace, &mine);
    const call_scope away{no_scope};
    EXPECT_EQ(inherited().trace, nullptr);
}

TEST(trace_of_a_call, a_scope_that_is_kept_has_a_copy) {
    std::optional<trace_context> gone = from_outside;
    const kept_scope kept{call_options{.trace = &*gone}};
    gone->span = {};
    ASSERT_NE(kept.said()->trace, nullptr);
    EXPECT_EQ(*kept.said()->trace, from_outside);
    EXPECT_EQ(kept_scope{call_options{}}.said()->trace, nullptr);
}

TEST(trace_of_a_call, calls_inside_of_an_attempt_belong_to_its_span) {
    testing::virtual_time time;
    pipeline outer{timeout{1s}};
    (void)time.run(outer, {.trace = &from_outside}, scoped([&] {
                       EXPECT_EQ(inherited().trace, &from_outside);
                       return 7;
                   }));
}

TEST(trace_of_a_call, work_that_goes_to_a_pool_has_a_copy) {
    testing::virtual_time time;
    pipeline guarded{worker_pool{{.threads = 1}}};
    const auto result = guarded.run({.trace = &from_outside}, [](attempt& a) {
        return a.trace() != nullptr && a.trace() != &from_outside && *a.trace() == from_outside;
    });
    EXPECT_EQ(result, true);
}

}  // namespace
}  // namespace cutwater
