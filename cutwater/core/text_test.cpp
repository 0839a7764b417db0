#include "cutwater/core/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <charconv>
#include <cmath>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

TEST(text, a_duration_is_written_in_the_largest_unit_that_leaves_a_whole) {
    EXPECT_EQ(to_text(0s), "0s");
    EXPECT_EQ(to_text(1ns), "1ns");
    EXPECT_EQ(to_text(999ns), "999ns");
    EXPECT_EQ(to_text(1us), "1us");
    EXPECT_EQ(to_text(250ms), "250ms");
    EXPECT_EQ(to_text(1s), "1s");
    EXPECT_EQ(to_text(59s), "59s");
    EXPECT_EQ(to_text(60s), "1min");
    EXPECT_EQ(to_text(59min), "59min");
    EXPECT_EQ(to_text(1h), "1h");
    EXPECT_EQ(to_text(100h), "100h");
}

TEST(text, a_duration_has_up_to_three_decimals_and_no_zeros_after_them) {
    EXPECT_EQ(to_text(1500ms), "1.5s");
    EXPECT_EQ(to_text(1250ms), "1.25s");
    EXPECT_EQ(to_text(1001ms), "1.001s");
    EXPECT_EQ(to_text(1009ms), "1.009s");
    EXPECT_EQ(to_text(1100us), "1.1ms");
    EXPECT_EQ(to_text(90s), "1.5min");
    EXPECT_EQ(to_text(90min), "1.5h");
    EXPECT_EQ(to_text(1s + 1us), "1s") << "what is below the third decimal is left out";
    EXPECT_EQ(to_text(1s - 1ns), "999.999ms") << "and never rounded up to the next unit";
}

TEST(text, a_duration_before_zero_has_a_sign) {
    EXPECT_EQ(to_text(-1500ms), "-1.5s");
    EXPECT_EQ(to_text(-1ns), "-1ns");
}

TEST(text, the_ends_of_the_range_have_a_text) {
    EXPECT_EQ(to_text(forever), "none");
    EXPECT_EQ(to_text(forever - 1ns), "2562047.788h");
    EXPECT_EQ(to_text(duration::min()), "-2562047.788h");
    EXPECT_EQ(to_text(-forever), "-2562047.788h") << "a long time ago is not \"no limit\"";
}

TEST(text, an_exact_duration_is_not_rounded) {
    EXPECT_EQ(to_exact_text(0s), "0s");
    EXPECT_EQ(to_exact_text(90min), "1.5h");
    EXPECT_EQ(to_exact_text(1001ms), "1.001s");
    EXPECT_EQ(to_exact_text(1s + 1us), "1000.001ms");
    EXPECT_EQ(to_exact_text(24h + 1ns), "86400000000.001us");
    EXPECT_EQ(to_exact_text(-1ns), "-1ns");
    EXPECT_EQ(to_exact_text(forever), "none");
}

TEST(text, a_number_is_written_as_short_as_it_reads_back) {
    EXPECT_EQ(to_text(0.5), "0.5");
    EXPECT_EQ(to_text(0.1), "0.1");
    EXPECT_EQ(to_text(2.0), "2");
    EXPECT_EQ(to_text(-0.0), "-0");
    EXPECT_EQ(to_text(1e300), "1e+300");
    EXPECT_EQ(to_text(std::numeric_limits<double>::denorm_min()), "5e-324");
    EXPECT_EQ(to_text(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
}

TEST(text, what_is_no_number_says_so_whatever_its_sign) {
    EXPECT_EQ(to_text(std::nan("")), "nan");
    EXPECT_EQ(to_text(-std::nan("")), "nan");
    EXPECT_EQ(to_text(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(to_text(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(text, flags_integers_strings_and_functions) {
    EXPECT_EQ(to_text(true), "true");
    EXPECT_EQ(to_text(false), "false");
    EXPECT_EQ(to_text(7U), "7");
    EXPECT_EQ(to_text(std::int64_t{-7}), "-7");
    EXPECT_EQ(to_text(std::string{"inventory"}), "\"inventory\"");
    EXPECT_EQ(to_text(std::function<void()>{}), "none");
    EXPECT_EQ(to_text(std::function<void()>{[] {}}), "set");
    int (*pointer)(int) = nullptr;
    EXPECT_EQ(to_text(pointer), "none");
    EXPECT_EQ(to_text(pointer = [](int i) { return i; }), "set");
    EXPECT_EQ(to_text(std::vector<std::function<void()>>{}), "none");
    EXPECT_EQ(to_text(std::vector<std::function<void()>>(3)), "3");
}

/// Reads what `to_text` wrote.
double nanoseconds_in(const std::string& text) {
    double number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    RC_ASSERT(problem == std::errc{});
    const std::string unit{end};
    constexpr std::pair<std::string_view, double> units[] = {{"h", 3.6e12}, {"min", 6e10}, {"s", 1e9},
                                                             {"ms", 1e6},   {"us", 1e3},   {"ns", 1}};
    for (const auto& [suffix, size] : units)
        if (unit == suffix) return number * size;
    RC_FAIL("no unit in " + text);
}

RC_GTEST_PROP(text_property, a_duration_reads_back_to_a_thousandth_of_its_unit, ()) {
    const auto shift = *rc::gen::inRange(0, 62);
    const duration d{*rc::gen::inRange<duration::rep>(1, duration::rep{2} << shift)};
    const auto exact = static_cast<double>(d.count());
    const double read = nanoseconds_in(to_text(d));
    RC_ASSERT(read <= exact * (1 + 1e-12));
    RC_ASSERT(exact - read <= exact * 1e-3);
}

RC_GTEST_PROP(text_property, a_number_reads_back_as_the_same, (double number)) {
    const std::string text = to_text(number);
    double read = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), read);
    RC_ASSERT(read == number);
}

TEST(text, a_text_in_quotes_stays_on_its_line_and_can_be_read_back) {
    EXPECT_EQ(in_quotes("stock"), R"("stock")");
    EXPECT_EQ(in_quotes("a \"b\" \\ c"), R"("a \"b\" \\ c")");
    EXPECT_EQ(in_quotes("two\nlines\t\x1b[31m\x7f"), R"("two\nlines\x09\x1b[31m\x7f")");
    EXPECT_EQ(in_quotes("größer"), R"("größer")");
    EXPECT_EQ(to_text(std::string{"a\nb"}), R"("a\nb")");
}

}  // namespace
}  // namespace cutwater
