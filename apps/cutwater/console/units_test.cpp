#include "apps/cutwater/console/units.hpp"

#include <gmock/gmock.h>

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

template <class Parsed>
std::string problem_of(const Parsed& parsed) {
    return parsed ? "" : parsed.error();
}

TEST(units, a_duration_is_a_number_and_its_unit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("2min"), 2min);
    EXPECT_EQ(parse_duration("2m"), 2min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("7us"), 7us);
    EXPECT_EQ(parse_duration("3ns"), 3ns);
    EXPECT_EQ(parse_duration("0"), 0s);
    EXPECT_EQ(parse_duration("-1s"), -1s);  // a number like any other: whether it is allowed, the option knows
}

TEST(units, a_duration_without_a_unit_is_refused_and_both_readings_are_shown) {
    EXPECT_EQ(parse_duration("5").error(), "5 has no unit; write 5ms or 5s");
    EXPECT_EQ(parse_duration("0.5").error(), "0.5 has no unit; write 0.5ms or 0.5s");
}

TEST(units, what_is_no_duration_is_named) {
    for (const auto* const text : {"", "s", "5x", "5 s", "5s ", " 5s", "nan", "nans", "inf", "infs", "1e3s", "-1",
                                   "0x5s", "5ss", "5S", "+5s", "1,5s", "--5s"})
        EXPECT_THAT(problem_of(parse_duration(text)), HasSubstr("is no duration; write 250ms")) << text;
}

TEST(units, a_duration_that_does_not_fit_is_refused_not_wrapped) {
    EXPECT_EQ(parse_duration("9000000h").error(), "9000000h is more than 290 years");
    EXPECT_EQ(parse_duration("-9000000h").error(), "-9000000h is more than 290 years");
    EXPECT_TRUE(parse_duration("2000000h"));
    EXPECT_FALSE(parse_duration(std::string(400, '9') + "s"));
}

TEST(units, a_size_counts_bytes_in_either_system) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("4096"), 4096U);
    EXPECT_EQ(parse_size("12B"), 12U);
    EXPECT_EQ(parse_size("64KiB"), 65536U);
    EXPECT_EQ(parse_size("16MB"), 16'000'000U);
    EXPECT_EQ(parse_size("1.5GiB"), 1'610'612'736U);
}

TEST(units, what_is_no_size_is_named) {
    for (const auto* const text : {"", "1x", "-1", "-1B", "nan", "inf", "1e9GB", "kB", "1kb", "9999999999GB"})
        EXPECT_THAT(problem_of(parse_size(text)), HasSubstr("is no size; write 4096")) << text;
}

TEST(units, a_count_is_digits_and_nothing_else) {
    EXPECT_EQ(parse_count("0"), 0U);
    EXPECT_EQ(parse_count("18446744073709551615"), ~std::uint64_t{0});
    EXPECT_EQ(parse_count("18446744073709551616").error(), "18446744073709551616 is too large");
    for (const auto* const text : {"", "-1", "+1", "1.5", "1e3", " 1", "1 ", "0x1", "many", "nan"})
        EXPECT_THAT(problem_of(parse_count(text)), HasSubstr("is no whole number")) << text;
}

TEST(units, a_number_may_be_any_for_its_option_to_judge) {
    EXPECT_EQ(parse_number("0.5"), 0.5);
    EXPECT_EQ(parse_number("-2"), -2.0);
    EXPECT_TRUE(std::isnan(parse_number("nan").value_or(0)));
    for (const auto* const text : {"", "x", "0.5x", "0,5", "50%"})
        EXPECT_THAT(problem_of(parse_number(text)), HasSubstr("is no number")) << text;
}

TEST(units, a_time_is_shown_with_three_digits) {
    EXPECT_EQ(short_text(0ns), "0ms");
    EXPECT_EQ(short_text(4us), "4us");
    EXPECT_EQ(short_text(99us), "99us");
    EXPECT_EQ(short_text(410us), "410us");
    EXPECT_EQ(short_text(1410us), "1.41ms");
    EXPECT_EQ(short_text(12'340us), "12.3ms");
    EXPECT_EQ(short_text(500ms), "500ms");
    EXPECT_EQ(short_text(1320ms), "1.32s");
    EXPECT_EQ(short_text(12'340ms), "12.3s");
    EXPECT_EQ(short_text(123s), "2min 3s");
    EXPECT_EQ(short_text(forever), "none");
}

TEST(units, a_time_is_never_rounded_into_a_unit_too_small_for_it) {
    EXPECT_EQ(short_text(999'600ns), "1.00ms");
    EXPECT_EQ(short_text(9'996us), "10.0ms");
    EXPECT_EQ(short_text(999'600us), "1.00s");
    EXPECT_EQ(short_text(59'960ms), "1min 0s");
}

}  // namespace
}  // namespace cutwater::app
