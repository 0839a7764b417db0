#include "cutwater/observe/trace/attributes.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace cutwater::detail {
namespace {

using ::testing::ElementsAre;

TEST(texts_in_spans, are_cut_off_between_characters) {
    EXPECT_EQ(cut_off("abc", 3), "abc");
    EXPECT_EQ(cut_off("abcd", 3), "abc");
    EXPECT_EQ(cut_off("ab\xc3\xa9", 3), "ab");
    EXPECT_EQ(cut_off("a\xf0\x9f\x98\x80z", 4), "a");
    EXPECT_EQ(cut_off("a\xf0\x9f\x98\x80z", 5), "a\xf0\x9f\x98\x80");
}

RC_GTEST_PROP(texts_in_spans, are_a_beginning_within_the_bound_whatever_bytes_they_are, (const std::string& text)) {
    const auto most = *rc::gen::inRange<std::size_t>(4, 40);
    const std::string cut = cut_off(text, most);
    RC_ASSERT(cut.size() <= most && text.starts_with(cut));
    RC_ASSERT((text.size() <= most ? cut == text : cut.size() + 4 >= most));
}

TEST(fields_of_events, are_named_after_what_the_event_is_about) {
    EXPECT_EQ(subject_of("retry_scheduled"), "retry");
    EXPECT_EQ(subject_of("timed_out"), "timeout");
    EXPECT_EQ(subject_of("alone"), "alone");
    span_attributes made;
    field_attributes fields{made, "retry_scheduled", 5};
    fields.on_duration("delay", std::chrono::milliseconds{1500});
    fields.on_duration("longest", forever);
    fields.on_text("error_type", "generic:104");
    fields.on_text("error_message", "no");
    fields.on_integer("failed_attempts", 2);
    fields.on_flag("admitted", true);
    fields.on_number("ratio", 0.5);
    EXPECT_THAT(made, ElementsAre(span_attribute{"cutwater.retry.delay", 1.5},
                                  span_attribute{"cutwater.retry.longest", std::numeric_limits<double>::infinity()},
                                  span_attribute{"error.type", "gener"}, span_attribute{"error.message", "no"},
                                  span_attribute{"cutwater.retry.failed_attempts", std::int64_t{2}},
                                  span_attribute{"cutwater.retry.admitted", true},
                                  span_attribute{"cutwater.retry.ratio", 0.5}));
}

struct server_row {
    std::string target;
    std::string address;
    std::int64_t port;
};

TEST(targets, have_an_address_and_a_port) {
    const server_row rows[] = {{"10.0.0.1:8080", "10.0.0.1", 8080},
                               {"stock.example", "stock.example", 0},
                               {"[::1]:80", "::1", 80},
                               {"::1", "::1", 0},
                               {"fe80::1:2", "fe80::1:2", 0},
                               {"shard:seven", "shard:seven", 0},
                               {"a:99999", "a:99999", 0},
                               {"a:", "a:", 0},
                               {":80", ":80", 0}};
    for (const auto& [target, address, port] : rows) {
        span_attributes made;
        add_server(made, target, 100);
        span_attributes expected{{"server.address", address}};
        if (port != 0) expected.push_back({"server.port", port});
        EXPECT_EQ(made, expected) << target;
    }
    span_attributes none;
    add_server(none, "", 100);
    EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace cutwater::detail
