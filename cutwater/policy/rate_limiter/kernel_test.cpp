// What is right for a rate limiter, as a script that can be read.

#include "cutwater/policy/rate_limiter/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cutwater {

void PrintTo(rate_limiter_kernel::answer a, std::ostream* out) {
    constexpr const char* texts[] = {"admitted", "queued", "refused"};
    *out << texts[static_cast<std::size_t>(a)];
}

namespace kernel_tests {
namespace {

using namespace std::chrono_literals;
using enum rate_limiter_kernel::answer;

constexpr instant noon{12h};

/// Ten a second, two at once; as many as may wait.
rate_limiter_kernel ten(unsigned max_queue, rate_window window = rate_window::rolling) {
    return rate_limiter_kernel{{.window = window, .permits = 10, .per = 1s, .burst = 2, .max_queue = max_queue}};
}

TEST(rate_limiter_kernel, admits_the_burst_and_then_one_by_one) {
    rate_limiter_kernel kernel = ten(0);
    EXPECT_EQ(kernel.admit(1, 1, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit(2, 1, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit(3, 1, noon, 1s), refused);
    EXPECT_EQ(kernel.admit(4, 1, noon + 100ms, 1s), admitted);
    EXPECT_EQ(kernel.admit(5, 1, noon + 199ms, 1s), refused);
}

TEST(rate_limiter_kernel, those_who_wait_are_let_in_in_their_order) {
    rate_limiter_kernel kernel = ten(3);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    for (unsigned who = 1; who <= 3; ++who) EXPECT_EQ(kernel.admit(who, 1, noon, 1s), queued);
    EXPECT_EQ(kernel.admit(4, 1, noon, 1s), refused) << "the queue is full";
    EXPECT_FALSE(kernel.look(2, noon + 99ms)) << "it is not its turn";
    EXPECT_TRUE(kernel.look(1, noon + 100ms));
    EXPECT_FALSE(kernel.look(2, noon + 199ms));
    EXPECT_TRUE(kernel.look(2, noon + 200ms));
    EXPECT_EQ(kernel.admit(5, 1, noon + 299ms, 1s), queued) << "nobody overtakes";
}

TEST(rate_limiter_kernel, who_stands_behind_one_that_does_not_look_lets_it_in_and_has_its_own) {
    rate_limiter_kernel kernel = ten(3);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit({.who = 1, .until = noon + 300ms}, noon, 1s), queued);
    EXPECT_EQ(kernel.admit(2, 1, noon, 1s), queued);
    EXPECT_TRUE(kernel.look(2, noon + 200ms)) << "two have come back: the first's, too";
    EXPECT_EQ(kernel.queued(), 0U);
    EXPECT_TRUE(kernel.look(1, noon + 300ms)) << "it has had its permits since";
    EXPECT_EQ(kernel.latest().taken, noon + 200ms);
}

TEST(rate_limiter_kernel, who_looks_when_its_time_is_over_has_none_and_what_it_was_granted_goes_back) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter_kernel kernel = ten(3, window);
        const auto most = static_cast<unsigned>(kernel.read(1, noon).limit);
        EXPECT_EQ(kernel.admit(0, most, noon, 1s), admitted);
        EXPECT_EQ(kernel.admit({.who = 1, .until = noon + 1100ms}, noon, 2s), queued);
        EXPECT_EQ(kernel.admit(2, 1, noon + 1095ms, 1s), admitted) << "and lets in the first";
        EXPECT_FALSE(kernel.look(1, noon + 1101ms));
        EXPECT_TRUE(kernel.is_turned_away(1));
        EXPECT_EQ(kernel.read(1, noon + 1101ms).remaining, most - 1);
    }
}

TEST(rate_limiter_kernel, the_first_leaves_when_its_time_is_over_whoever_sees_it) {
    rate_limiter_kernel kernel = ten(3);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit({.who = 1, .until = noon + 100ms}, noon, 1s), queued);
    EXPECT_EQ(kernel.admit(2, 1, noon, 1s), queued);
    EXPECT_TRUE(kernel.look(2, noon + 101ms));
    EXPECT_TRUE(kernel.is_turned_away(1));
}

TEST(rate_limiter_kernel, what_one_was_granted_who_leaves_goes_back_as_far_as_can_be_told_without_the_time) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter_kernel kernel = ten(3, window);
        const auto most = static_cast<unsigned>(kernel.read(1, noon).limit);
        EXPECT_EQ(kernel.admit(0, most, noon, 1s), admitted);
        for (unsigned who = 1; who <= 2; ++who) EXPECT_EQ(kernel.admit(who, 1, noon, 2s), queued);
        EXPECT_EQ(kernel.admit(3, most, noon + 1001ms, 0s), refused) << "and lets in the two";
        kernel.leave(1);
        kernel.leave(2);
        EXPECT_EQ(kernel.read(1, noon + 1001ms).remaining, window == rate_window::rolling ? most - 1 : most)
            << "a rolling limit knows only the last one";
    }
}

TEST(rate_limiter_kernel, T80_who_leaves_gives_back_nothing_that_others_have_taken_since_a_give_back) {
    rate_limiter_kernel kernel{{.permits = 1, .per = 1s, .burst = 4, .max_queue = 3, .max_wait = 24h}};
    ASSERT_EQ(kernel.admit(0, 4, noon, 0s), admitted);
    const rate_slot all = kernel.latest();
    ASSERT_EQ(kernel.admit(1, 1, noon, 2s), queued);
    ASSERT_EQ(kernel.admit(2, 4, noon + 1s, 0s), refused) << "and lets in the first";
    kernel.give_back(all, noon + 1s);
    ASSERT_EQ(kernel.admit(3, 2, noon + 3s, 0s), admitted) << "the state is as the first had left it";
    kernel.leave(1);
    EXPECT_EQ(kernel.read(1, noon + 3s).remaining, 2U);
}

TEST(rate_limiter_kernel, T85_what_matters_more_goes_first) {
    using enum criticality;
    rate_limiter_kernel kernel = ten(3);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit({.who = 1, .importance = best_effort}, noon, 1s), queued);
    EXPECT_EQ(kernel.admit(2, 1, noon, 1s), queued);
    EXPECT_EQ(kernel.admit({.who = 3, .importance = critical}, noon, 100ms), queued) << "nobody stands before it";
    EXPECT_FALSE(kernel.look(2, noon + 100ms));
    EXPECT_TRUE(kernel.look(3, noon + 100ms));
    EXPECT_TRUE(kernel.look(2, noon + 200ms));
    EXPECT_TRUE(kernel.look(1, noon + 300ms));
}

TEST(rate_limiter_kernel, T85_what_matters_more_than_all_who_wait_does_not_wait_for_permits_that_are_there) {
    using enum criticality;
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter_kernel kernel = ten(1, window);
        const auto most = static_cast<unsigned>(kernel.read(1, noon).limit);
        EXPECT_EQ(kernel.admit(0, most - 1, noon, 0s), admitted);
        EXPECT_EQ(kernel.admit({.who = 1, .weight = 2}, noon, 2s), queued);
        EXPECT_EQ(kernel.admit(2, 1, noon, 2s), refused) << "the line is full, and it does not matter more";
        EXPECT_EQ(kernel.admit({.who = 3, .importance = critical}, noon, 0s), admitted);
        EXPECT_FALSE(kernel.is_turned_away(1)) << "nobody has to make room for it";
        EXPECT_EQ(kernel.queued(), 1U);
    }
}

TEST(rate_limiter_kernel, T85_what_matters_least_makes_room) {
    using enum criticality;
    rate_limiter_kernel kernel = ten(2);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit({.who = 1, .importance = sheddable}, noon, 1s), queued);
    EXPECT_EQ(kernel.admit({.who = 2, .importance = sheddable}, noon, 1s), queued);
    EXPECT_EQ(kernel.admit({.who = 3, .importance = sheddable}, noon, 1s), refused) << "it matters as little";
    EXPECT_EQ(kernel.admit({.who = 4, .importance = critical}, noon, 1s), queued);
    EXPECT_TRUE(kernel.is_turned_away(2));
    EXPECT_FALSE(kernel.is_turned_away(1));
    EXPECT_EQ(kernel.queued(), 2U);
    EXPECT_EQ(kernel.admit({.who = 5, .importance = best_effort}, noon, 1s), refused);
}

TEST(rate_limiter_kernel, from_a_full_line_those_leave_whose_time_is_over) {
    rate_limiter_kernel kernel = ten(2);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit({.who = 1, .until = noon + 400ms}, noon, 1s), queued);
    EXPECT_EQ(kernel.admit({.who = 2, .until = noon + 30ms}, noon, 1s), queued);
    EXPECT_EQ(kernel.admit(3, 1, noon + 30ms, 1s), refused);
    EXPECT_EQ(kernel.admit(3, 1, noon + 31ms, 1s), queued);
    EXPECT_TRUE(kernel.is_turned_away(2)) << "though it is not the first";
    EXPECT_FALSE(kernel.is_turned_away(1));
}

TEST(rate_limiter_kernel, T77_who_cannot_be_let_in_in_time_is_not_queued) {
    rate_limiter_kernel kernel = ten(10);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit(1, 1, noon, 99ms), refused);
    EXPECT_EQ(kernel.admit(1, 1, noon, 100ms), queued);
    EXPECT_EQ(kernel.admit(2, 1, noon, 199ms), refused) << "one stands before it";
    EXPECT_EQ(kernel.admit(2, 1, noon, 200ms), queued);
    EXPECT_EQ(kernel.admit(3, 3, noon, 24h), refused) << "there are never three at once";
    EXPECT_EQ(kernel.queued(), 2U);
}

TEST(rate_limiter_kernel, who_leaves_makes_room_for_those_behind) {
    rate_limiter_kernel kernel = ten(3);
    EXPECT_EQ(kernel.admit(0, 2, noon, 1s), admitted);
    EXPECT_EQ(kernel.admit(1, 2, noon, 1s), queued);
    EXPECT_EQ(kernel.admit(2, 1, noon, 1s), queued);
    kernel.leave(1);
    EXPECT_TRUE(kernel.look(2, noon + 100ms));
}

TEST(rate_limiter_kernel, what_is_given_back_can_be_had_again) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter_kernel kernel = ten(0, window);
        const auto most = static_cast<unsigned>(kernel.read(1, noon).limit);
        EXPECT_EQ(kernel.admit(0, most, noon, 1s), admitted);
        const rate_slot unused = kernel.latest();
        EXPECT_EQ(kernel.admit(1, most, noon, 1s), refused);
        kernel.give_back(unused, noon);
        EXPECT_EQ(kernel.admit(2, most, noon, 1s), admitted);
    }
}

RC_GTEST_PROP(rate_limiter_kernel, who_is_queued_is_let_in_within_its_patience, ()) {
    const rate_limiter_options options{
        .permits = *rc::gen::inRange(1U, 20U), .per = 1s, .burst = *rc::gen::inRange(1U, 5U), .max_queue = 10};
    rate_limiter_kernel kernel{options};
    struct waiting {
        std::uint64_t who;
        unsigned weight;
        instant until;
    };
    std::deque<waiting> line;
    instant now = noon;
    for (std::uint64_t who = 1; who <= 60; ++who) {
        const instant then = add(now, duration{*rc::gen::inRange<std::int64_t>(0, 400'000'000)});
        while (!line.empty()) {  // the oldest looks when its permits are due
            const instant due = add(now, kernel.read(line.front().weight, now).retry_after);
            if (due > then) break;
            now = due;
            RC_ASSERT(due <= line.front().until);
            RC_ASSERT(kernel.look(line.front().who, due));
            line.pop_front();
        }
        now = then;
        const duration patience{*rc::gen::inRange<std::int64_t>(0, 2'000'000'000)};
        const unsigned weight = *rc::gen::inRange(0U, options.burst + 1);
        if (kernel.admit(who, weight, now, patience) == queued) line.push_back({who, weight, add(now, patience)});
        RC_ASSERT(kernel.queued() == line.size());
    }
}

}  // namespace
}  // namespace kernel_tests
}  // namespace cutwater
