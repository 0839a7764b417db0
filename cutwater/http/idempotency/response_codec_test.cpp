#include "cutwater/http/idempotency/response_codec.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace cutwater {
namespace {

using codec = cell_codec<http_response>;

http_response again(const http_response& response) { return codec::decode(codec::encode(response)).value(); }

TEST(response_codec, keeps_a_whole_response) {
    const http_response paid{.status = 201,
                             .reason = "Paid",
                             .fields = {{"Content-Type", "application/json"}, {"Location", "/payments/7"}},
                             .body = R"({"receipt":7})"};
    const http_response read = again(paid);
    EXPECT_EQ(read.status, 201U);
    EXPECT_EQ(read.reason, "Paid");
    EXPECT_EQ(read.fields, paid.fields);
    EXPECT_EQ(read.body, paid.body);
}

TEST(response_codec, keeps_bytes_and_line_ends_in_a_body) {
    const std::string body{"\0\r\n\r\nHTTP/1.1 200 OK\r\n\xff", 23};
    EXPECT_EQ(again({.status = 200, .body = body}).body, body);
    EXPECT_EQ(again({.status = 200}).body, "");
}

TEST(response_codec, keeps_fields_of_one_name) {
    const http_response with_cookies{.status = 200, .fields = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}}};
    EXPECT_EQ(again(with_cookies).fields, with_cookies.fields);
}

TEST(response_codec, leaves_out_what_is_the_connections) {
    const http_response read = again({.status = 200,
                                      .fields = {{"Transfer-Encoding", "chunked"},
                                                 {"content-length", "7"},
                                                 {"Connection", "close"},
                                                 {"Keep-Alive", "timeout=5"},
                                                 {"ETag", "x"}},
                                      .body = "ok"});
    EXPECT_EQ(read.fields, (http_fields{{"ETag", "x"}}));
    EXPECT_EQ(read.body, "ok");
}

TEST(response_codec, leaves_out_what_would_smuggle_in_another_field) {
    const http_response read = again({.status = 200,
                                      .reason = "OK\r\nA: b",
                                      .fields = {{"X", "1\r\nA: b"}, {"Y Z", "1"}, {"", "1"}, {"Fine", "2"}}});
    EXPECT_EQ(read.fields, (http_fields{{"Fine", "2"}}));
    EXPECT_EQ(read.status, 200U);
}

TEST(response_codec, has_no_body_where_http_has_none) {
    for (const unsigned status : {100U, 204U, 304U}) {
        EXPECT_EQ(again({.status = status, .body = "lost"}).status, status);
        EXPECT_EQ(again({.status = status, .body = "lost"}).body, "");
    }
}

TEST(response_codec, what_is_no_response_or_not_all_of_it_or_more_is_nothing) {
    const std::string whole = codec::encode({.status = 201, .fields = {{"A", "b"}}, .body = "receipt"});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(codec::decode(std::string_view{whole}.substr(0, size))) << size;
    EXPECT_FALSE(codec::decode(whole + "x"));
    EXPECT_FALSE(codec::decode("receipt"));
    EXPECT_FALSE(codec::decode("GET / HTTP/1.1\r\n\r\n"));
}

TEST(response_codec, a_wire_response_says_how_long_it_is) {
    const wire_response sent = to_wire({.status = 422, .body = "four"});
    EXPECT_EQ(sent.result_int(), 422U);
    EXPECT_EQ(sent["Content-Length"], "4");
    EXPECT_EQ(to_wire({.status = 204}).count("Content-Length"), 0U);
    EXPECT_EQ(to_wire({.status = 0}).result_int(), 100U);
    EXPECT_EQ(to_wire({.status = 4'000'000}).result_int(), 999U);
}

RC_GTEST_PROP(response_codec, what_is_read_is_what_was_written, ()) {
    const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', '{')));
    http_response written{.status = *rc::gen::inRange(200U, 600U), .reason = *word};
    RC_PRE(written.status != 204U && written.status != 304U);
    for (std::size_t i = *rc::gen::inRange(0U, 5U); i > 0; --i)
        written.fields.set("x-" + *word, *rc::gen::container<std::string>(rc::gen::inRange('!', '\x7f')));
    written.body = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const auto read = codec::decode(codec::encode(written));
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->status == written.status && read->reason == written.reason && read->body == written.body);
    RC_ASSERT(read->fields == written.fields);
}

RC_GTEST_PROP(response_codec, reads_any_bytes_without_harm, (const std::string& bytes)) {
    const auto plain = codec::decode(bytes);
    const auto behind_a_status = codec::decode("HTTP/1.1 200 OK\r\n" + bytes);
    RC_ASSERT(!plain || plain->body.size() <= bytes.size());
    RC_ASSERT(!behind_a_status || behind_a_status->body.size() <= bytes.size());
}

TEST(response_codec, leaves_out_a_field_that_is_too_long_to_be_sent) {
    const http_response large{
        .status = 201, .fields = http_fields{{"Long", std::string(100'000, 'x')}, {"Short", "yes"}}, .body = "receipt"};
    const auto read = cell_codec<http_response>::decode(cell_codec<http_response>::encode(large));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->fields.find("Short"), "yes");
    EXPECT_FALSE(read->fields.find("Long"));
    EXPECT_EQ(read->body, "receipt");
}

}  // namespace
}  // namespace cutwater
