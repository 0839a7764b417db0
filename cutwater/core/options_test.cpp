#include "cutwater/core/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

enum class colour : std::uint8_t { red, green, blue };
constexpr std::string_view to_text(colour c) {
    constexpr std::string_view texts[] = {"red", "green", "blue"};
    return c <= colour::blue ? texts[static_cast<std::uint8_t>(c)] : "unknown";
}

struct patience_options {
    std::string name = "patience";
    unsigned tries = 3;
    double share = 0.5;
    duration least = 10ms;
    duration most = 1s;
    colour paint = colour::green;
    bool strict = true;
    std::function<void()> on_end{};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name");
        visit("tries", self.tries, at_least(1U), "tries in all");
        visit("share", self.share, within(0.0, 1.0), "share that may fail");
        visit("least", self.least, more_than(duration::zero()), "shortest wait");
        visit("most", self.most, above_and_up_to<duration>(0ns, 24h), "longest wait");
        visit("paint", self.paint, within(colour::red, colour::blue), "which one");
        visit("strict", self.strict, any_value, "whether");
        visit("on_end", self.on_end, any_value, "called at the end");
    }
    void cross_check(option_problems& problems) const {
        if (least > most) problems.push_back({"least", to_text(least), "at most most, " + to_text(most)});
    }

private:
    static std::string to_text(duration d) { return cutwater::to_text(d); }
};

std::vector<std::string> complaints(const patience_options& options) {
    std::vector<std::string> texts;
    for (const option_problem& p : problems_of(options)) texts.push_back(p.message());
    return texts;
}

// ---- ranges ----

TEST(range, says_what_it_allows) {
    EXPECT_EQ(within(1U, 5U).text(), "from 1 to 5");
    EXPECT_EQ(at_least(1U).text(), "at least 1");
    EXPECT_EQ(more_than(duration::zero()).text(), "more than 0s");
    EXPECT_EQ(above_and_up_to<duration>(0ns, 24h).text(), "more than 0s and at most 24h");
    EXPECT_EQ(within(0.0, 1.0).text(), "from 0 to 1");
    EXPECT_EQ(within(colour::red, colour::blue).text(), "from red to blue");
    EXPECT_EQ(any_value.text(), "any");
}

TEST(range, its_ends_are_in_it_where_it_says_so) {
    EXPECT_TRUE(within(1, 5).holds(1));
    EXPECT_TRUE(within(1, 5).holds(5));
    EXPECT_FALSE(within(1, 5).holds(0));
    EXPECT_FALSE(within(1, 5).holds(6));
    EXPECT_TRUE(at_least(1U).holds(std::numeric_limits<unsigned>::max()));
    EXPECT_FALSE(more_than(0s).holds(0s));
    EXPECT_TRUE(more_than(duration::zero()).holds(forever));
    EXPECT_FALSE(above_and_up_to(0, 5).holds(0));
    EXPECT_TRUE(above_and_up_to(0, 5).holds(5));
    EXPECT_TRUE(any_value.holds(nan));
}

TEST(range, what_is_no_number_is_in_none) {
    for (const auto& range : {within(0.0, 1.0), at_least(0.0), more_than(0.0), above_and_up_to(0.0, 1.0)}) {
        EXPECT_FALSE(range.holds(nan));
        EXPECT_FALSE(range.holds(infinity));
        EXPECT_FALSE(range.holds(-infinity));
        EXPECT_TRUE(range.holds(0.5));
    }
    EXPECT_TRUE(at_least(0.0).holds(1e308));
}

// ---- options ----

TEST(options, the_defaults_are_in_range) { EXPECT_THAT(complaints({}), IsEmpty()); }

TEST(options, a_problem_names_option_value_and_what_is_allowed) {
    EXPECT_THAT(complaints({.tries = 0}), ElementsAre("tries is 0, allowed is at least 1"));
    EXPECT_THAT(complaints({.share = nan}), ElementsAre("share is nan, allowed is from 0 to 1"));
    EXPECT_THAT(complaints({.share = infinity}), ElementsAre("share is inf, allowed is from 0 to 1"));
    EXPECT_THAT(complaints({.share = -0.001}), ElementsAre("share is -0.001, allowed is from 0 to 1"));
    EXPECT_THAT(complaints({.least = 0s}), ElementsAre("least is 0s, allowed is more than 0s"));
    EXPECT_THAT(complaints({.most = 25h}), ElementsAre("most is 25h, allowed is more than 0s and at most 24h"));
    EXPECT_THAT(complaints({.paint = colour{9}}), ElementsAre("paint is unknown, allowed is from red to blue"));
}

TEST(options, what_no_single_field_can_know_is_checked_as_well) {
    EXPECT_THAT(complaints({.least = 2s, .most = 1s}), ElementsAre("least is 2s, allowed is at most most, 1s"));
}

TEST(options, all_problems_come_at_once) {
    try {
        (void)validated("patience", patience_options{.name = "stock", .tries = 0, .share = 2.0, .least = 2s});
        FAIL() << "options out of range were taken";
    } catch (const invalid_options& e) {
        EXPECT_STREQ(e.what(),
                     "patience \"stock\": tries is 0, allowed is at least 1\n"
                     "patience \"stock\": share is 2, allowed is from 0 to 1\n"
                     "patience \"stock\": least is 2s, allowed is at most most, 1s");
        ASSERT_EQ(e.problems().size(), 3U);
        EXPECT_EQ(e.problems()[1].option, "share");
        EXPECT_EQ(e.problems()[1].value, "2");
        EXPECT_EQ(e.problems()[1].allowed, "from 0 to 1");
    }
}

TEST(options, T57_what_is_right_comes_back_as_it_was) {
    const patience_options checked = validated("patience", patience_options{.tries = 9, .paint = colour::blue});
    EXPECT_EQ(checked.tries, 9U);
    EXPECT_EQ(checked.paint, colour::blue);
}

TEST(options, the_text_shows_every_option_in_force) {
    EXPECT_EQ(options_text(patience_options{.on_end = [] {}}),
              "{tries = 3, share = 0.5, least = 10ms, most = 1s, paint = green, strict = true, on_end = set}");
}

struct no_options {
    std::string name = "none";
    static void fields(auto& self, auto&& visit) { visit("name", self.name, any_value, "the layer's name"); }
};

TEST(options, of_nothing_but_a_name_have_an_empty_text) {
    EXPECT_EQ(options_text(no_options{}), "{}");
    EXPECT_EQ(validated("none", no_options{}).name, "none");
}

}  // namespace
}  // namespace cutwater
