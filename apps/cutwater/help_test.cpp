#include "apps/cutwater/help.hpp"

#include <gmock/gmock.h>

#include <sstream>

#include "apps/cutwater/commands.hpp"
#include "apps/cutwater/console/text_table.hpp"

namespace cutwater::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string help_at(unsigned columns, const std::string& sub_command) {
    CLI::App program{"About.", "cutwater"};
    program.formatter(wrapping_help(columns));
    action chosen;
    for (const auto add : commands) add(program, chosen);
    return sub_command.empty() ? program.help() : program.get_subcommand(sub_command)->help("cutwater");
}

/// What is longer than the line.
std::string too_long(const std::string& help, std::size_t columns) {
    std::istringstream lines{help};
    std::string found;
    for (std::string line; std::getline(lines, line);)
        if (width_of(line) > columns) found += line + "\n";
    return found;
}

TEST(help, fits_terminals_of_60_and_80_columns) {
    for (const auto* const sub_command : {"", "call", "dashboard", "demo", "doctor", "explain", "slo"})
        for (const unsigned columns : {60U, 80U, 200U})
            EXPECT_EQ(too_long(help_at(columns, sub_command), columns), "") << sub_command << " at " << columns;
}

TEST(help, breaks_a_command_so_that_a_shell_takes_it_as_one) {
    EXPECT_THAT(help_at(60, "call"), HasSubstr("  cutwater call --endpoint http://10.0.0.1 --endpoint \\\n"
                                               "      http://10.0.0.2 /items/7"));
}

TEST(help, of_the_usual_width_holds_whole_examples) {
    std::istringstream lines{help_at(80, "call")};
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 80U) << line;
}

TEST(help, is_shown_on_the_narrowest_terminal) {
    for (const unsigned columns : {0U, 1U, 20U, 40U}) EXPECT_THAT(help_at(columns, "call"), HasSubstr("--timeout"));
}

TEST(help, lists_sub_commands_by_the_first_line_of_what_they_are) {
    const std::string help = help_at(80, "");
    EXPECT_THAT(help, HasSubstr("Makes an HTTP request that survives"));
    EXPECT_THAT(help, Not(HasSubstr("Redirects are not followed")));
}

TEST(help, shows_defaults_and_not_what_the_parser_makes_of_them) {
    const std::string help = help_at(80, "call");
    EXPECT_THAT(help, HasSubstr("[30s]"));
    EXPECT_THAT(help, HasSubstr("[408,425,429,502-504]"));
    EXPECT_THAT(help, Not(HasSubstr("Excludes")));
    EXPECT_THAT(help, Not(HasSubstr("UINT")));
    EXPECT_THAT(help, Not(HasSubstr("\n\n\n")));
}

TEST(help, does_not_call_the_url_optional) { EXPECT_THAT(help_at(80, "call"), HasSubstr("call [OPTIONS] URL\n")); }

TEST(help, ends_with_examples) {
    const std::string help = help_at(80, "call");
    EXPECT_GT(help.find("Examples:"), help.find("Exit codes:"));
}

}  // namespace
}  // namespace cutwater::app
