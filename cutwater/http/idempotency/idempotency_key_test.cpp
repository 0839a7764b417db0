#include "cutwater/http/idempotency/idempotency_key.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "cutwater/http/structured_string.hpp"

namespace cutwater {
namespace {

std::expected<std::string, std::string> read(const std::string& value, const idempotent_edge_options& options = {}) {
    return read_idempotency_key({{"idempotency-key", value}}, options);
}

TEST(idempotency_key, is_a_string_in_quotes) {
    EXPECT_EQ(read(R"("8e03978e-40d5-43dd-bc93-6894a57f9324")"), "8e03978e-40d5-43dd-bc93-6894a57f9324");
    EXPECT_EQ(read(" \"a key\"\t"), "a key") << "white space round it is not its own";
    EXPECT_EQ(read(R"("a\"b\\c")"), R"(a"b\c)");
}

TEST(idempotency_key, without_quotes_is_the_same_key_where_that_is_taken) {
    EXPECT_EQ(read("8e03978e-40d5"), read(R"("8e03978e-40d5")"));
    EXPECT_EQ(read("order:7/*"), "order:7/*");
    EXPECT_FALSE(read("8e03978e-40d5", {.bare_keys = bare_keys::refused}));
    EXPECT_EQ(read(R"("8e03978e-40d5")", {.bare_keys = bare_keys::refused}), "8e03978e-40d5");
}

TEST(idempotency_key, that_there_is_none_is_no_mistake) {
    EXPECT_EQ(read_idempotency_key({}, {}), "");
    EXPECT_EQ(read_idempotency_key({{"X-Idempotency-Key", "\"7\""}}, {}), "");
}

TEST(idempotency_key, T94_what_cannot_be_read_is_never_taken_for_none) {
    for (const char* malformed :
         {"",        "  ",       R"("")",           R"(")",        R"("a)",     R"(a")", R"("a"b")",
          R"("a\")", R"("a\n")", R"("a";p=1)",      R"("a", "b")", "a, b",      "a,b",   "a b",
          "a;p",     R"(a\b)",   "\"caf\xc3\xa9\"", "caf\xc3\xa9", "\"a\x01\"", "a\x7f"})
        EXPECT_FALSE(read(malformed)) << malformed;
}

TEST(idempotency_key, in_several_fields_is_none_that_anybody_can_choose) {
    const http_fields twice{{"Idempotency-Key", "\"a\""}, {"idempotency-key", "\"a\""}};
    EXPECT_THAT(read_idempotency_key(twice, {}).error(), ::testing::HasSubstr("2 fields"));
}

TEST(idempotency_key, is_bounded_by_its_own_length) {
    const idempotent_edge_options five{.max_key = 5};
    EXPECT_EQ(read("\"12345\"", five), "12345");
    EXPECT_EQ(read(R"("\"\"\"\"\"")", five), R"(""""")");
    EXPECT_THAT(read("\"123456\"", five).error(), ::testing::HasSubstr("has 6 bytes; 5 are taken"));
    EXPECT_FALSE(read("123456", five));
}

RC_GTEST_PROP(idempotency_key, is_read_as_it_was_written, ()) {
    const auto text = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f')));
    RC_PRE(text.size() <= 255U);
    RC_ASSERT(read(detail::to_structured_string(text)).value() == text);
}

}  // namespace
}  // namespace cutwater
