#include "cutwater/admin/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "cutwater/core/options.hpp"

namespace cutwater::detail {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
namespace http = boost::beast::http;

site with_pages() {
    site made;
    made.add("/a", [](const page_request& asked) {
        return page_answer{.body = std::string{asked.path} + " " + std::string{asked.query}};
    });
    made.add("/broken", [](const page_request&) -> page_answer { throw std::runtime_error{"secret"}; });
    made.add("/busy",
             [](const page_request&) { return page_answer{.status = 503, .content_type = "application/json"}; });
    return made;
}
wire_answer ask(http::verb method, std::string_view target, unsigned version = 11) {
    return with_pages().answer(wire_request{method, {target.data(), target.size()}, version});
}

TEST(admin_site, shows_a_page_and_what_it_was_asked) {
    const auto got = ask(http::verb::get, "/a?x=1&y");
    EXPECT_EQ(got.result_int(), 200U);
    EXPECT_EQ(got.body(), "/a x=1&y");
    EXPECT_EQ(got[http::field::content_length], "8");
    EXPECT_EQ(got[http::field::cache_control], "no-store");
    EXPECT_EQ(got[http::field::content_type], "text/plain; charset=utf-8");
    EXPECT_TRUE(got.keep_alive());
}

TEST(admin_site, a_page_says_its_status_and_type) {
    const auto got = ask(http::verb::get, "/busy");
    EXPECT_EQ(got.result_int(), 503U);
    EXPECT_EQ(got[http::field::content_type], "application/json");
    EXPECT_EQ(got[http::field::content_length], "0");
}

TEST(admin_site, says_which_pages_there_are) {
    const auto got = ask(http::verb::get, "/b");
    EXPECT_EQ(got.result_int(), 404U);
    EXPECT_EQ(got.body(), "there is no such page; there are:\n/a\n/broken\n/busy\n");
    EXPECT_EQ(ask(http::verb::get, "/a/").result_int(), 404U);
    EXPECT_EQ(ask(http::verb::get, "").result_int(), 404U);
}

TEST(admin_site, only_reads) {
    for (const http::verb each : {http::verb::post, http::verb::put, http::verb::delete_, http::verb::options}) {
        const auto got = ask(each, "/a");
        EXPECT_EQ(got.result_int(), 405U);
        EXPECT_EQ(got[http::field::allow], "GET, HEAD");
    }
    EXPECT_EQ(ask(http::verb::head, "/a").result_int(), 200U);
}

TEST(admin_site, a_page_that_fails_says_nothing_of_why) {
    const auto got = ask(http::verb::get, "/broken");
    EXPECT_EQ(got.result_int(), 500U);
    EXPECT_THAT(got.body(), Not(HasSubstr("secret")));
}

TEST(admin_site, a_page_that_cannot_be_sent_is_one_that_fails) {
    for (const unsigned status : {0U, 99U, 100U, 103U, 199U, 1000U, ~0U}) {
        site made;
        made.add("/odd", [&](const page_request&) { return page_answer{.status = status, .body = "secret"}; });
        const auto got = made.answer(wire_request{http::verb::get, "/odd", 11});
        EXPECT_EQ(got.result_int(), 500U) << status;
        EXPECT_THAT(got.body(), Not(HasSubstr("secret")));
        EXPECT_TRUE(got.keep_alive());
    }
    site made;
    made.add("/own", [](const page_request&) { return page_answer{.status = 999}; });
    EXPECT_EQ(made.answer(wire_request{http::verb::get, "/own", 11}).result_int(), 999U);
}

TEST(admin_site, a_status_without_a_body_has_neither_body_nor_length) {
    for (const unsigned status : {204U, 304U}) {
        site made;
        made.add("/none", [&](const page_request&) { return page_answer{.status = status, .body = "too much"}; });
        const auto got = made.answer(wire_request{http::verb::get, "/none", 11});
        EXPECT_EQ(got.result_int(), status);
        EXPECT_EQ(got.body(), "");
        EXPECT_EQ(got.find(http::field::content_length), got.end());
        EXPECT_TRUE(got.keep_alive());
    }
}

TEST(admin_site, a_content_type_is_one_line) {
    for (const std::string_view type : {"text/html\r\nSet-Cookie: a=b", "text/html\n", "\r", "a\x01", "a\x7f"}) {
        site made;
        made.add("/odd", [&](const page_request&) { return page_answer{.content_type = std::string{type}}; });
        const auto got = made.answer(wire_request{http::verb::get, "/odd", 11});
        EXPECT_EQ(got.result_int(), 500U);
        EXPECT_EQ(got[http::field::content_type], "text/plain; charset=utf-8");
        EXPECT_EQ(got.find(http::field::set_cookie), got.end());
    }
}

TEST(admin_site, a_path_that_nobody_can_ask_for_is_refused) {
    for (const std::string_view path : {"", "nolead", "/a b", "/a?b", "/a#b", "/a\r\n", "*"}) {
        site made;
        EXPECT_THROW(made.add(std::string{path}, [](const page_request&) { return page_answer{}; }), invalid_options)
            << path;
        EXPECT_THAT(made.answer(wire_request{http::verb::get, "/", 11}).body(), EndsWith("there are:\n"));
    }
}

TEST(admin_site, knows_which_pages_may_take_long) {
    site made = with_pages();
    made.add("/livez", [](const page_request&) { return page_answer{.body = "alive"}; }, page_pace::at_once);
    const auto takes_long = [&](http::verb method, std::string_view target) {
        return made.takes_long(wire_request{method, {target.data(), target.size()}, 11});
    };
    EXPECT_TRUE(takes_long(http::verb::get, "/a?livez"));
    EXPECT_TRUE(takes_long(http::verb::head, "/a"));
    EXPECT_FALSE(takes_long(http::verb::get, "/livez?verbose"));
    EXPECT_FALSE(takes_long(http::verb::get, "/nowhere")) << "nothing of the user's is asked";
    EXPECT_FALSE(takes_long(http::verb::post, "/a"));
    EXPECT_EQ(made.answer(wire_request{http::verb::get, "/livez", 11}).body(), "alive");
}

TEST(admin_site, speaks_the_version_that_it_is_asked_in) {
    const auto old = ask(http::verb::get, "/a", 10);
    EXPECT_EQ(old.version(), 10U);
    EXPECT_FALSE(old.keep_alive());
}

TEST(admin_site, what_was_replaced_is_gone) {
    site made = with_pages();
    made.add("/a", [](const page_request&) { return page_answer{.body = "new"}; });
    EXPECT_EQ(made.answer(wire_request{http::verb::get, "/a", 11}).body(), "new");
}

TEST(page_request, knows_its_flags) {
    const auto has = [](std::string_view query) { return page_request{.path = "/", .query = query}.has("verbose"); };
    EXPECT_TRUE(has("verbose"));
    EXPECT_TRUE(has("a=b&verbose"));
    EXPECT_TRUE(has("verbose&a"));
    EXPECT_TRUE(has("verbose="));
    EXPECT_TRUE(has("verbose=1"));
    EXPECT_FALSE(has("verbose=0"));
    EXPECT_FALSE(has("verbose=false"));
    EXPECT_FALSE(has(""));
    EXPECT_FALSE(has("verbosely"));
    EXPECT_FALSE(has("a=verbose"));
    EXPECT_FALSE(has("&&"));
}

}  // namespace
}  // namespace cutwater::detail
