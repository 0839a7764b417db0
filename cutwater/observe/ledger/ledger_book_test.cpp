#include "cutwater/observe/ledger/ledger_book.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

ledger_entry an_entry() {
    return {.at = 20100us,
            .level = severity::warning,
            .event = "retry_scheduled",
            .layer = "retry",
            .operation = "get",
            .call_id = "c-1",
            .attempt = 1,
            .fields = {{"failed_attempts", std::int64_t{1}},
                       {"delay", duration{100ms}},
                       {"error_type", std::string{"std::runtime_error"}},
                       {"share", 0.25},
                       {"admitted", true}}};
}

std::string written(const ledger_book& book) {
    std::ostringstream out;
    write_ledger(out, book);
    return out.str();
}
std::vector<ledger_book> read_back(const std::string& text) {
    std::istringstream in{text};
    return read_ledger(in).value();
}
ledger_problem problem_of(const std::string& text) {
    std::istringstream in{text};
    auto books = read_ledger(in);
    if (books) throw std::logic_error{"it was read: " + text};
    return books.error();
}

TEST(ledger_book, is_a_line_that_says_what_it_is_and_a_line_for_each_entry) {
    EXPECT_EQ(written({.about = "decisions", .reason = "asked", .unix_ms = 7, .left_out = 2, .entries = {an_entry()}}),
              R"({"ledger":1,"about":"decisions","reason":"asked","unix_ms":7,"left_out":2})"
              "\n"
              R"({"at_ms":20.1,"level":"warning","event":"retry_scheduled","layer":"retry","operation":"get",)"
              R"("call_id":"c-1","attempt":1,"fields":{"failed_attempts":1,"delay":{"ms":100.0},)"
              R"("error_type":"std::runtime_error","share":0.25,"admitted":true}})"
              "\n");
}

TEST(ledger_book, leaves_out_what_an_entry_does_not_know) {
    EXPECT_EQ(written({.entries = {{.at = 0s, .level = severity::info, .event = "x"}}}),
              "{\"ledger\":1,\"about\":\"calls\"}\n{\"at_ms\":0.0,\"level\":\"info\",\"event\":\"x\"}\n");
}

TEST(ledger_book, is_read_as_it_was_written) {
    const ledger_book book{
        .reason = "asked", .unix_ms = 1'714'564'800'042, .left_out = 1, .entries = {an_entry(), an_entry()}};
    EXPECT_EQ(read_back(written(book)), std::vector{book});
}

TEST(ledger_book, may_be_one_of_several_in_a_file) {
    const ledger_book first{.about = "decisions", .entries = {an_entry()}};
    const ledger_book second{.about = "calls"};
    EXPECT_EQ(read_back(written(first) + written(second)), (std::vector{first, second}));
}

TEST(ledger_book, keeps_what_has_no_end_and_what_is_no_number) {
    ledger_entry odd{.event = "odd", .fields = {{"wait", forever}, {"rate", std::nan("")}}};
    const auto books = read_back(written({.entries = {odd}}));
    const ledger_entry& back = books.front().entries.front();
    EXPECT_EQ(back.time("wait"), forever);
    ASSERT_TRUE(back.number("rate"));
    EXPECT_TRUE(std::isnan(*back.number("rate")));
}

TEST(ledger_book, loses_no_field_where_two_have_one_name) {
    ledger_entry twice{.event = "x", .fields = {{"n", std::int64_t{1}}, {"n", std::int64_t{2}}}};
    const ledger_entry back = read_back(written({.entries = {twice}})).front().entries.front();
    EXPECT_EQ(back.number("n"), 1);
    EXPECT_EQ(back.number("field_n"), 2);
}

TEST(ledger_book, replaces_bytes_that_are_not_utf8_and_stays_on_its_line) {
    ledger_entry odd{.event = "x", .call_id = "caf\xe9\n", .fields = {{"text", std::string{"\xff"}}}};
    const ledger_entry back = read_back(written({.entries = {odd}})).front().entries.front();
    EXPECT_EQ(back.call_id, "caf\ufffd\n");
    EXPECT_EQ(back.text("text"), "\ufffd");
}

TEST(ledger_book, passes_over_empty_lines_and_keys_that_it_does_not_know) {
    const auto books =
        read_back("\n{\"ledger\":1,\"by\":\"somebody\"}\n\r\n{\"event\":\"x\",\"at_ms\":1,\"more\":[]}\n");
    ASSERT_EQ(books.front().entries.size(), 1U);
    EXPECT_EQ(books.front().entries.front().at, 1ms);
}

constexpr auto head = "{\"ledger\":1}\n";

TEST(ledger_book, says_where_a_file_is_no_json) {
    const ledger_problem torn = problem_of(std::string{head} + R"({"event":"x","at_ms":)");
    EXPECT_EQ(torn.line, 2U);
    EXPECT_EQ(torn.column, 22U);
    EXPECT_EQ(torn.message("calls.jsonl"), "calls.jsonl:2:22: " + torn.words);
    EXPECT_EQ(problem_of("{\"ledger\":1}\nx\n").column, 1U);
    EXPECT_THAT(problem_of("[1]\n").words, HasSubstr("an object was expected"));
}

TEST(ledger_book, says_where_a_value_is_not_what_it_should_be) {
    const std::pair<std::string, std::size_t> cases[] = {
        {R"({"at_ms":1})", 1},    // no event
        {R"({"event":"x"})", 1},  // no time
        {R"({"event":"x","at_ms":"1"})", 14},
        {R"({"event":7,"at_ms":1})", 2},
        {R"({"event":"x","at_ms":1,"attempt":-1})", 24},
        {R"({"event":"x","at_ms":1,"attempt":4294967296})", 24},
        {R"({"event":"x","at_ms":1,"attempt":1.5})", 24},
        {R"({"event":"x","at_ms":1,"level":"loud"})", 24},
        {R"({"event":"x","at_ms":1,"layer":null})", 24},
        {R"({"event":"x","at_ms":1,"fields":[]})", 24},
        {R"({"event":"x","at_ms":1,"fields":{"a":[]}})", 34},
        {R"({"event":"x","at_ms":1,"fields":{"a":{"s":1}}})", 34},
        {R"({"event":"x","at_ms":1,"fields":{"a":{"ms":"1"}}})", 34},
    };
    for (const auto& [text, column] : cases) {
        const ledger_problem found = problem_of(head + text);
        EXPECT_EQ(found.line, 2U) << text;
        EXPECT_EQ(found.column, column) << text << ": " << found.words;
    }
}

TEST(ledger_book, has_words_for_what_is_nested_without_end_and_for_numbers_without_size) {
    constexpr std::size_t deep = 300'000;
    const std::string nested = std::string(deep, '[') + std::string(deep, ']');
    EXPECT_THAT(problem_of(head + (R"({"event":"x","at_ms":)" + nested + "}")).words,
                HasSubstr("\"at_ms\" is an array"));
    EXPECT_THAT(problem_of(head + (R"({"event":"x","at_ms":1,"fields":{"a":)" + nested + "}}")).words,
                HasSubstr("an array"));
    EXPECT_THAT(problem_of(R"({"ledger":{}})").words, HasSubstr("version an object"));
    const ledger_problem large = problem_of(std::string{head} + R"({"event":"x","at_ms":1e999})");
    EXPECT_EQ(large.line, 2U);
    EXPECT_THAT(large.words, HasSubstr("too large"));
}

TEST(ledger_book, says_that_a_file_is_of_another_version_or_no_ledger_or_empty) {
    EXPECT_THAT(problem_of("{\"ledger\":7}\n").message("f"),
                HasSubstr("f:1:2: this is a ledger of version 7; version 1 can be read"));
    EXPECT_THAT(problem_of("{\"ledger\":\"1\"}\n").words, HasSubstr("version \"1\""));
    EXPECT_THAT(problem_of("{\"event\":\"x\",\"at_ms\":1}\n").message("f"), HasSubstr("f:1:1: this is no ledger"));
    EXPECT_THAT(problem_of("{\"event\":\"x\",\"at_ms\":1}\n").words, HasSubstr("rotated away, put it in front again"));
    EXPECT_THAT(problem_of("").message("f"), HasSubstr("f: the file is empty; a ledger begins with"));
    EXPECT_THAT(problem_of("\n\n").message("f"), HasSubstr("the file is empty"));
}

/// A disk that fails where its text ends.
class failing_disk final : public std::stringbuf {
public:
    explicit failing_disk(const std::string& text) : std::stringbuf{text, std::ios::in} {}

private:
    int_type underflow() override { throw std::runtime_error{"input/output error"}; }
};

TEST(ledger_book, that_could_not_be_read_to_its_end_is_not_taken_as_whole) {
    failing_disk disk{"{\"ledger\":1}\n{\"event\":\"x\",\"at_ms\":1}\n"};
    std::istream in{&disk};
    const auto books = read_ledger(in);
    ASSERT_FALSE(books);
    EXPECT_EQ(books.error().message("f"), "f:3:1: the file could not be read any further");
}

TEST(ledger_book, takes_times_that_are_too_large_as_the_largest) {
    const auto books = read_back(std::string{head} + R"({"event":"x","at_ms":1e300,"fields":{"d":{"ms":-1e300}}})");
    EXPECT_EQ(books.front().entries.front().at, duration::max());
    EXPECT_EQ(books.front().entries.front().time("d"), duration::min());
}

rc::Gen<ledger_value> any_value_of_a_field() {
    const auto whole = rc::gen::arbitrary<std::int64_t>();
    const auto below_100_days = rc::gen::inRange<std::int64_t>(-8'000'000'000'000'000, 8'000'000'000'000'000);
    return rc::gen::oneOf(
        rc::gen::map(whole, [](std::int64_t n) { return ledger_value{n}; }),
        rc::gen::map(rc::gen::inRange(-1'000'000, 1'000'000), [](int n) { return ledger_value{n / 64.0 + 0.001}; }),
        rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return ledger_value{b}; }),
        rc::gen::map(below_100_days, [](std::int64_t ns) { return ledger_value{duration{ns}}; }),
        rc::gen::map(rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127)),
                     [](const std::string& text) { return ledger_value{text}; }));
}

RC_GTEST_PROP(ledger_book, whatever_it_holds_is_read_as_it_was_written, ()) {
    const auto word = rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
    ledger_entry entry{.at = duration{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000)},
                       .level = static_cast<severity>(*rc::gen::inRange(0, 4)),
                       .event = *word,
                       .layer = *word,
                       .operation = *word,
                       .call_id = *word,
                       .attempt = *rc::gen::arbitrary<unsigned>()};
    for (int i = *rc::gen::inRange(0, 6); i > 0; --i)
        entry.fields.push_back({"field " + std::to_string(i), *any_value_of_a_field()});
    const ledger_book book{.about = *word, .reason = *word, .entries = {entry}};
    RC_ASSERT(read_back(written(book)) == std::vector{book});
}

}  // namespace
}  // namespace cutwater
