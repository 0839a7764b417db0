#include "apps/cutwater/console/text_table.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace cutwater::app {
namespace {

using ::testing::ElementsAre;

TEST(text_table, aligns_its_columns_and_ends_no_line_in_blanks) {
    text_table table{{align::left, align::right, align::left}};
    table.add({{"calls"}, {"7"}, {"in all"}});
    table.add({{"failed"}, {"12"}, {}});
    EXPECT_EQ(table.text({}),
              "calls    7  in all\n"
              "failed  12\n");
}

TEST(text_table, wraps_its_last_column_where_the_line_ends) {
    text_table table{{align::right, align::left}};
    table.add({{"1ms"}, {"the server closed the connection"}});
    EXPECT_EQ(table.text({.columns = 25}),
              "1ms  the server closed\n"
              "     the connection\n");
}

TEST(text_table, never_squeezes_its_last_column_to_nothing) {
    text_table table{{align::left, align::left}};
    table.add({{std::string(60, 'x')}, {"one two three four five"}});
    std::istringstream lines{table.text({.columns = 10})};
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(line, std::string(60, 'x') + "  one two three");
}

TEST(text_table, paints_only_where_colours_are_wanted) {
    text_table table{{align::left, align::left}};
    table.add({{"a", paint::good}, {"b", paint::bad}});
    EXPECT_EQ(table.text({.colours = false}), "a  b\n");
    EXPECT_EQ(table.text({.colours = true}), "\x1b[32ma\x1b[0m  \x1b[31mb\x1b[0m\n");
}

TEST(text_table, counts_characters_not_bytes) {
    text_table table{{align::left, align::left}};
    table.add({{"█·"}, {"x"}});
    table.add({{"abc"}, {"y"}});
    EXPECT_EQ(table.text({}), "█·   x\nabc  y\n");
}

TEST(wrapped, breaks_at_blanks_and_cuts_what_has_none) {
    EXPECT_THAT(wrapped("one two three", 7), ElementsAre("one two", "three"));
    EXPECT_THAT(wrapped("abcdefghij", 4), ElementsAre("abcd", "efgh", "ij"));
    EXPECT_THAT(wrapped("", 4), ElementsAre(""));
    EXPECT_THAT(wrapped("äöü äöü", 3), ElementsAre("äöü", "äöü"));
    EXPECT_THAT(wrapped("ab", 0), ElementsAre("a", "b"));
}

TEST(printable, keeps_a_server_from_speaking_to_the_terminal) {
    EXPECT_EQ(printable("503 \x1b[31mred\x07\r\n\x7f"), "503 ?[31mred????");
    EXPECT_EQ(printable("größer"), "größer");
    EXPECT_EQ(printable("a\u009b31mb"), "a?31mb") << "the one-character CSI";
    EXPECT_EQ(printable("a\u202eb\u2066c"), "a?b?c") << "what turns the direction";
    EXPECT_EQ(printable("…\u2070\xc2"), "…\u2070\xc2");
}

}  // namespace
}  // namespace cutwater::app
