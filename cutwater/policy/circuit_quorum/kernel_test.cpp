// What follows from what other instances say, and how it is written down, without a store.

#include "cutwater/policy/circuit_quorum/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace cutwater {

inline void PrintTo(const circuit_tally& t, std::ostream* out) {
    *out << t.closed << " closed, " << t.open << " open, " << t.half_open << " half-open";
}
inline void PrintTo(circuit_advice a, std::ostream* out) { *out << to_text(a); }

namespace circuit_quorum_kernel_tests {
namespace {

using enum circuit_state;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t me = 99;

/// Others that report, in turn: each time all those that are named by a letter, in the state that it says; `.` says nothing new.
class heard_by_me {
public:
    explicit heard_by_me(circuit_quorum_options o = {.stale_after = 10s, .quorum = 0.5, .min_instances = 2})
        : kernel{o}, options{o} {}

    circuit_quorum_options options_of() const { return options; }

    heard_by_me& says(std::string_view letters, duration open_left = 30s) {
        now = add(now, 1s);
        said.reports.resize(letters.size());
        for (std::size_t i = 0; i < letters.size(); ++i) {
            circuit_report& report = said.reports[i];
            if (letters[i] == '.') continue;
            report.instance = i + 1;
            ++report.number;
            report.state = letters[i] == 'o' ? open : letters[i] == 'h' ? half_open : closed;
            report.open_left = report.state == open ? open_left : duration::zero();
        }
        kernel.hear(said, me, now);
        return *this;
    }
    heard_by_me& after(duration d) { return now = add(now, d), *this; }
    circuit_advice advise(circuit_state ours) { return kernel.advise(ours, now); }
    [[nodiscard]] circuit_tally tally() const { return kernel.tally(now); }

    circuit_quorum_kernel kernel;
    circuit_quorum_options options;
    circuit_bulletin said{};
    instant now{1h};
};

// ---- who counts ----

TEST(circuit_quorum_kernel, one_that_is_seen_for_the_first_time_may_be_long_dead) {
    heard_by_me them;
    EXPECT_EQ(them.says("ooo").tally(), circuit_tally{});
    EXPECT_EQ(them.says("ooo").tally(), (circuit_tally{.open = 3}));
}

TEST(circuit_quorum_kernel, one_is_fresh_while_it_says_something_new) {
    heard_by_me them;
    them.says("co").says("co");
    EXPECT_EQ(them.after(10s).tally(), (circuit_tally{.closed = 1, .open = 1}));
    EXPECT_EQ(them.after(1ns).tally(), circuit_tally{});
    EXPECT_EQ(them.says("c.").tally(), (circuit_tally{.closed = 1}));
}

TEST(circuit_quorum_kernel, our_own_report_does_not_count) {
    heard_by_me them;
    them.says("cc").says("cc");
    them.said.reports.push_back({.instance = me, .number = 1});
    them.kernel.hear(them.said, me, them.now);
    EXPECT_EQ(them.tally().all(), 2U);
}

TEST(circuit_quorum_kernel, T35_an_open_one_is_open_for_as_long_as_it_said_from_when_we_heard_it) {
    heard_by_me them;
    them.says("o", 5s).says("o", 5s);
    EXPECT_EQ(them.after(5s - 1ns).tally(), (circuit_tally{.open = 1}));
    EXPECT_EQ(them.after(1ns).tally(), (circuit_tally{.half_open = 1}));
}

TEST(circuit_quorum_kernel, one_that_is_not_in_the_cell_any_more_does_not_count) {
    heard_by_me them;
    them.says("ooo").says("ooo");
    EXPECT_EQ(them.says("oo").tally(), (circuit_tally{.open = 2}));
}

// ---- advice ----

TEST(circuit_quorum_kernel, T34_one_alone_is_no_quorum) {
    heard_by_me them;
    EXPECT_EQ(them.says("o").says("o").advise(closed), circuit_advice::none);
    EXPECT_EQ(them.says("oc").says("oc").advise(closed), circuit_advice::none) << "half of them, but one";
}

TEST(circuit_quorum_kernel, a_quorum_is_a_share_of_those_that_are_fresh) {
    heard_by_me them;
    EXPECT_EQ(them.says("ooccc").says("ooccc").advise(closed), circuit_advice::none) << "two of five";
    EXPECT_EQ(them.says("oohcc").advise(closed), circuit_advice::none) << "one that probes is not open";
    EXPECT_EQ(them.says("ooocc").advise(closed), circuit_advice::others_open);
    heard_by_me dying;
    dying.says("oocc").says("oocc");
    EXPECT_EQ(dying.after(5s).says("oo..").after(6s).advise(closed), circuit_advice::others_open)
        << "two of two that are left";
}

TEST(circuit_quorum_kernel, the_same_advice_is_not_given_twice) {
    heard_by_me them;
    EXPECT_EQ(them.says("ooo").says("ooo").advise(closed), circuit_advice::others_open);
    EXPECT_EQ(them.says("ooo").advise(half_open), circuit_advice::none);
    EXPECT_EQ(them.says("ooo").advise(closed), circuit_advice::none) << "its probes have succeeded";
    EXPECT_EQ(them.says("occ").advise(closed), circuit_advice::none) << "it has fallen";
    EXPECT_EQ(them.says("ooo").advise(closed), circuit_advice::others_open) << "and risen again";
}

TEST(circuit_quorum_kernel, a_quorum_that_rose_while_ours_was_open_is_no_news_when_ours_closes) {
    heard_by_me them;
    EXPECT_EQ(them.says("ooo").says("ooo").advise(open), circuit_advice::none);
    EXPECT_EQ(them.says("ooo").advise(closed), circuit_advice::none);
}

TEST(circuit_quorum_kernel, T34_where_ours_alone_is_open_it_probes_before_its_time_and_once) {
    heard_by_me them;
    EXPECT_EQ(them.says("ccc").says("ccc").advise(closed), circuit_advice::none);
    EXPECT_EQ(them.says("ccc").advise(open), circuit_advice::none) << "it has just opened";
    EXPECT_EQ(them.after(4s).advise(open), circuit_advice::none);
    EXPECT_EQ(them.after(1s).advise(open), circuit_advice::others_closed);
    EXPECT_EQ(them.says("ccc").advise(half_open), circuit_advice::none);
    EXPECT_EQ(them.says("ccc").after(5s).advise(open), circuit_advice::none) << "its probes have failed: it waits";
    EXPECT_EQ(them.says("ccc").after(6s).advise(open), circuit_advice::none);
    EXPECT_EQ(them.says("ccc").advise(closed), circuit_advice::none);
    EXPECT_EQ(them.says("ccc").advise(open), circuit_advice::none);
    EXPECT_EQ(them.says("ccc").after(5s).advise(open), circuit_advice::others_closed) << "it had closed in between";
}

TEST(circuit_quorum_kernel, another_opening_begins_anew_though_nobody_saw_that_the_first_had_ended) {
    heard_by_me them;
    const instant first = add(them.now, 20s);
    const instant second = add(them.now, 30s);
    (void)them.says("ccc").says("ccc");
    EXPECT_EQ(them.kernel.advise(open, them.now, first), circuit_advice::none);
    EXPECT_EQ(them.after(4s).kernel.advise(open, them.now, second), circuit_advice::none);
    EXPECT_EQ(them.after(4s).kernel.advise(open, them.now, second), circuit_advice::none) << "open for four seconds";
    EXPECT_EQ(them.after(1s).kernel.advise(open, them.now, second), circuit_advice::others_closed);
}

TEST(circuit_quorum_kernel, where_opinions_are_divided_there_is_no_advice) {
    heard_by_me them{{.stale_after = 1min, .quorum = 0.6, .min_instances = 2}};
    them.says("oocc").says("oocc");
    EXPECT_EQ(them.advise(closed), circuit_advice::none);
    EXPECT_EQ(them.after(20s).advise(open), circuit_advice::none);
    EXPECT_EQ(them.after(6s).advise(open), circuit_advice::none);
}

// ---- what is written ----

circuit_bulletin three() {
    return {.reports = {
                {.instance = 1, .number = 5, .state = open, .since = 3s, .open_left = 27s, .calls = 12, .failures = 7},
                {.instance = 0xabcdef, .number = 1, .state = half_open, .since = 1ms},
                {.instance = ~std::uint64_t{0}, .number = ~std::uint64_t{0}, .state = closed, .since = 1h}}};
}

TEST(circuit_bulletin, T35_bytes_hold_no_hour) {
    EXPECT_EQ(three().encoded(),
              "cwq1\n"
              "1 5 o 3000 27000 12 7\n"
              "abcdef 1 h 1 0 0 0\n"
              "ffffffffffffffff 18446744073709551615 c 3600000 0 0 0\n");
    EXPECT_EQ(circuit_bulletin::decoded(three().encoded(), 10).reports, three().reports);
}

TEST(circuit_bulletin, what_cannot_be_read_is_passed_over_and_counted) {
    const std::string good = "7 1 o 0 1000 0 0\n";
    for (const char* const bad :
         {"\n", "7 1 o 0 1000 0\n", "8 1 x 0 0 0 0\n", "8 1 oo 0 0 0 0\n", "8 1 o -1 0 0 0\n", "8 1 o 0 0 0 0 0\n",
          "0 1 o 0 0 0 0\n", "zz 1 o 0 0 0 0\n", "8 99999999999999999999 o 0 0 0 0\n", "7 2 c 0 0 0 0\n",
          "8 1 o 9223372036854775807 0 0 0\n", "8 1 o 0 0 0 0"}) {
        const circuit_bulletin read = circuit_bulletin::decoded("cwq1\n" + good + bad, 10);
        EXPECT_THAT(read.reports, SizeIs(1)) << bad;
        EXPECT_EQ(read.unreadable, 1U) << bad;
    }
    EXPECT_EQ(circuit_bulletin::decoded("", 10).unreadable, 0U);
    EXPECT_EQ(circuit_bulletin::decoded("who knows", 10).unreadable, 1U);
    EXPECT_EQ(circuit_bulletin::decoded("cwq2\n" + good, 10).unreadable, 1U) << "of another version";
}

TEST(circuit_bulletin, no_more_are_read_than_are_allowed) {
    const circuit_bulletin read = circuit_bulletin::decoded(three().encoded(), 2);
    EXPECT_THAT(read.reports, SizeIs(2));
    EXPECT_EQ(read.unreadable, 1U);
}

TEST(circuit_quorum_kernel, our_report_stands_among_the_others_and_once) {
    heard_by_me them;
    them.says("oc");
    circuit_bulletin next = them.kernel.compose(them.said, {.instance = me, .number = 1}, them.now);
    EXPECT_THAT(next.reports, SizeIs(3));
    next = them.kernel.compose(next, {.instance = me, .number = 2}, them.now);
    ASSERT_THAT(next.reports, SizeIs(3));
    EXPECT_EQ(next.reports.back().number, 2U);
}

TEST(circuit_quorum_kernel, who_has_long_said_nothing_is_left_out) {
    heard_by_me them;
    them.says("oc").after(20s).says("o.").after(9s);
    EXPECT_THAT(them.kernel.compose(them.said, {.instance = me}, them.now).reports, SizeIs(3)) << "thirty seconds";
    them.after(1s);
    const auto left = them.kernel.compose(them.said, {.instance = me}, them.now).reports;
    ASSERT_THAT(left, SizeIs(2));
    EXPECT_EQ(left[0].instance, 1U);
}

TEST(circuit_quorum_kernel, where_there_is_no_room_ours_is_left_out) {
    heard_by_me them{{.stale_after = 10s, .min_instances = 2, .max_instances = 3}};
    them.says("occ");
    EXPECT_EQ(them.kernel.compose(them.said, {.instance = me}, them.now).reports, them.said.reports);
}

RC_GTEST_PROP(circuit_bulletin, any_bytes_are_read_without_harm, (const std::string& bytes)) {
    for (const std::string& all : {bytes, "cwq1\n" + bytes, "cwq1\n7 1 o 0 1000 0 0\n" + bytes}) {
        const circuit_bulletin read = circuit_bulletin::decoded(all, 4);
        RC_ASSERT(read.reports.size() <= 4U);
        RC_ASSERT(circuit_bulletin::decoded(read.encoded(), 4).reports == read.reports);
    }
}

/// Whatever is said: advice is for the contrary only, and there is none without `min_instances` others.
RC_GTEST_PROP(circuit_quorum_kernel, T34_fewer_than_a_quorum_never_advise_anything, ()) {
    const auto needed = *rc::gen::inRange(1U, 5U);
    heard_by_me them{{.stale_after = 10s, .quorum = 0.5, .min_instances = needed, .open_at_least = 2s}};
    const auto size = *rc::gen::inRange<std::size_t>(0, 8);
    for (int step = 0; step < 40; ++step) {
        const auto letters = *rc::gen::container<std::string>(size, rc::gen::elementOf(std::string{"occoh."}));
        them.says(letters).after(duration{1s} * *rc::gen::inRange(0, 4));
        const circuit_state ours = static_cast<circuit_state>(*rc::gen::inRange(0, 3));
        const circuit_tally others = them.tally();
        const circuit_advice advice = them.advise(ours);
        if (advice == circuit_advice::others_open)
            RC_ASSERT(ours == closed && others.open >= needed && 2 * others.open >= others.all());
        if (advice == circuit_advice::others_closed)
            RC_ASSERT(ours == open && others.closed >= needed && 2 * others.closed >= others.all());
    }
}

}  // namespace
}  // namespace circuit_quorum_kernel_tests
}  // namespace cutwater
