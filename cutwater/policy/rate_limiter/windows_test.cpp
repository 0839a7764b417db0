// The two windows that match somebody's quota.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "cutwater/core/text.hpp"
#include "cutwater/policy/rate_limiter/fixed_window.hpp"
#include "cutwater/policy/rate_limiter/sliding_window.hpp"

namespace cutwater::windows_tests {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

TEST(fixed_window, gives_its_permits_and_has_them_all_back_when_it_is_over) {
    const fixed_window rule{3, 1s};
    fixed_window::word w = fixed_window::fresh;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(rule.take(w, 1, noon + 100ms * i));
    EXPECT_FALSE(rule.take(w, 1, noon + 999ms));
    EXPECT_EQ(rule.read(w, 1, noon + 400ms).remaining, 0U);
    const duration wait = rule.wait_for(w, 1, noon + 400ms);
    EXPECT_EQ(wait, 600ms);
    EXPECT_TRUE(rule.take(w, 3, noon + 400ms + wait)) << "all at once, as with every fixed window";
}

TEST(fixed_window, begins_with_the_first_who_takes) {
    const fixed_window rule{1, 1s};
    fixed_window::word w = fixed_window::fresh;
    EXPECT_TRUE(rule.is_fresh(w, noon));
    EXPECT_TRUE(rule.take(w, 1, noon + 900ms));
    EXPECT_FALSE(rule.take(w, 1, noon + 1100ms)) << "no clock's second";
    EXPECT_TRUE(rule.is_fresh(w, noon + 2s));
}

TEST(fixed_window, what_asks_for_more_than_a_window_has_never_passes) {
    const fixed_window rule{3, 1s};
    fixed_window::word w = fixed_window::fresh;
    EXPECT_FALSE(rule.take(w, 4, noon));
    EXPECT_EQ(rule.wait_for(w, 4, noon), forever);
}

TEST(fixed_window, gives_back_to_its_own_window_alone) {
    const fixed_window rule{2, 1s};
    fixed_window::word w = fixed_window::fresh;
    const auto slot = rule.take(w, 2, noon);
    ASSERT_TRUE(slot);
    fixed_window::word later = w;
    rule.give_back(w, *slot, noon + 500ms);
    EXPECT_EQ(rule.read(w, 1, noon + 500ms).remaining, 2U);
    EXPECT_TRUE(rule.take(later, 1, noon + 2s));
    rule.give_back(later, *slot, noon + 2s);
    EXPECT_EQ(rule.read(later, 1, noon + 2s).remaining, 1U) << "what was of the window before is over";
}

TEST(fixed_window, T75_time_that_jumps_back_a_little_stays_in_the_window) {
    const fixed_window rule{1, 1s};
    fixed_window::word w = fixed_window::fresh;
    EXPECT_TRUE(rule.take(w, 1, noon));
    EXPECT_FALSE(rule.take(w, 1, noon - 10ms));
    EXPECT_LE(rule.wait_for(w, 1, noon - 10ms), 1001ms);
}

TEST(fixed_window, T75_instants_out_of_order_open_no_new_window_and_take_nothing_from_one) {
    const fixed_window rule{100, 1ms};
    fixed_window::word w = fixed_window::fresh;
    unsigned admitted = 0;
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < 200; ++i) admitted += rule.take(w, 1, noon) ? 1U : 0U;
        admitted += rule.take(w, 1, noon - 2ms) ? 1U : 0U;
    }
    EXPECT_EQ(admitted, 100U);

    w = fixed_window::fresh;
    const auto first = rule.take(w, 1, noon);
    ASSERT_TRUE(first);
    (void)rule.take(w, 1, noon - 2s);  // a jump: a window of its own
    rule.give_back(w, *first, noon);
    EXPECT_LE(rule.read(w, 1, noon).remaining, 100U);
}

TEST(fixed_window, T75_after_a_jump_back_of_more_than_a_second_it_is_new_however_long_its_window) {
    for (const duration per : {duration{1ms}, duration{10s}, duration{1h}, duration{24h * 366}}) {
        const fixed_window rule{3, per};
        for (const duration back : {duration{1001ms}, duration{10s}, duration{50min}, duration{1h + 1s}}) {
            fixed_window::word w = fixed_window::fresh;
            ASSERT_TRUE(rule.take(w, 3, noon));
            EXPECT_EQ(rule.read(w, 1, noon - 999ms).remaining, 0U) << "so much may instants be out of order";
            EXPECT_EQ(rule.read(w, 1, noon - back), (rate_reading{.limit = 3, .remaining = 3})) << to_text(per);
        }
    }
}

TEST(fixed_window, says_of_no_wait_that_it_is_longer_than_a_window) {
    for (const duration per : {duration{1ms}, duration{1s}, duration{1min}, duration{24h}})
        for (const unsigned permits : {1U, 100U, 1'000'000U}) {
            const fixed_window rule{permits, per};
            fixed_window::word w = fixed_window::fresh;
            ASSERT_TRUE(rule.take(w, permits, noon + 7ns));
            EXPECT_EQ(rule.read(w, 1, noon + 7ns),
                      (rate_reading{.limit = permits, .remaining = 0, .reset = per, .retry_after = per}));
            const duration wait = rule.wait_for(w, 1, noon + 7ns);
            EXPECT_LE(wait - per, std::min<duration>(33us, per / 2048));
            EXPECT_TRUE(rule.take(w, 1, noon + 7ns + wait)) << "who waits as told gets in";
        }
}

RC_GTEST_PROP(fixed_window, that_was_left_alone_for_longer_than_a_window_is_new_for_four_years, ()) {
    const duration per{*rc::gen::element<std::int64_t>(1000, 100'000, 1'000'000, 1'000'000'000, 3'600'000'000'000)};
    const auto most = static_cast<unsigned>(std::min<std::int64_t>(1'000'000, per.count() / 1000 * 7));  // 7 a us
    const unsigned permits = *rc::gen::inRange(1U, most + 1);
    const fixed_window rule{permits, per};
    fixed_window::word w = fixed_window::fresh;
    RC_ASSERT(rule.take(w, permits, noon).has_value());
    const std::int64_t near_a_cycle =
        (std::int64_t{1} << *rc::gen::inRange(30, 57)) - *rc::gen::inRange<std::int64_t>(0, 1'000'000'000);
    const std::int64_t any = *rc::gen::inRange<std::int64_t>(0, 126'000'000'000'000'000);
    const std::int64_t idle = *rc::gen::element(near_a_cycle, any);
    RC_PRE(idle > per.count() + 33'000);
    const instant now = add(noon, duration{idle});
    RC_ASSERT(rule.is_fresh(w, now));
    RC_ASSERT(rule.take(w, permits, now).has_value());
}

TEST(fixed_window, nothing_opens_no_window) {
    const fixed_window rule{10, 1s};
    fixed_window::word w = fixed_window::fresh;
    EXPECT_TRUE(rule.take(w, 0, noon));
    EXPECT_EQ(w, fixed_window::fresh);
}

TEST(fixed_window, those_in_line_wait_for_as_many_windows_as_they_fill) {
    const fixed_window rule{2, 1s};
    fixed_window::word w = fixed_window::fresh;
    (void)rule.take(w, 2, noon);
    EXPECT_EQ(rule.wait_in_line(w, 2, noon) / 1s, 1);
    EXPECT_EQ(rule.wait_in_line(w, 3, noon) / 1s, 2);
    EXPECT_EQ(rule.wait_in_line(w, 6, noon) / 1s, 3);
}

RC_GTEST_PROP(fixed_window, never_admits_more_than_its_permits_before_it_is_over, ()) {
    const unsigned permits = *rc::gen::inRange(1U, 20U);
    const duration per{*rc::gen::inRange<std::int64_t>(1000, 10'000'000'000)};
    const fixed_window rule{permits, per};
    fixed_window::word w = *rc::gen::inRange<fixed_window::word>(0, 2);
    const fixed_window::word flag = w;
    instant now = noon;
    std::optional<std::uint64_t> window;
    instant opened = noon;
    std::uint64_t used = 0;
    for (int step = 0; step < 60; ++step) {
        now = add(now, duration{*rc::gen::inRange<std::int64_t>(0, per.count() / 3)});
        const unsigned weight = *rc::gen::inRange(1U, permits + 2);
        const auto slot = rule.take(w, weight, now);
        RC_ASSERT((w & fixed_window::flag) == flag);
        if (!slot) continue;
        if (slot->mark != window) {
            RC_ASSERT(!window || now - opened >= per);
            window = slot->mark;
            opened = now;
            used = 0;
        }
        used += weight;
        RC_ASSERT(used <= permits);
    }
}

TEST(sliding_window, each_permit_comes_back_after_its_time) {
    sliding_window rule{2, 1s};
    EXPECT_TRUE(rule.take(1, noon));
    EXPECT_TRUE(rule.take(1, noon + 300ms));
    EXPECT_FALSE(rule.take(1, noon + 999ms));
    EXPECT_EQ(rule.wait_for(1, noon + 900ms), 100ms);
    EXPECT_EQ(rule.wait_for(2, noon + 900ms), 400ms);
    EXPECT_EQ(rule.wait_for(3, noon + 900ms), forever);
    EXPECT_TRUE(rule.take(1, noon + 1s));
    EXPECT_EQ(rule.read(1, noon + 1s), (rate_reading{.limit = 2, .remaining = 0, .reset = 1s, .retry_after = 300ms}));
}

TEST(sliding_window, what_is_given_back_was_never_taken) {
    sliding_window rule{3, 1s};
    const auto one = rule.take(1, noon);
    const auto two = rule.take(2, noon + 100ms);
    ASSERT_TRUE(one && two);
    rule.give_back(*two);
    EXPECT_EQ(rule.read(1, noon + 100ms).remaining, 2U);
    rule.give_back(*one);
    EXPECT_EQ(rule.read(1, noon + 100ms), (rate_reading{.limit = 3, .remaining = 3, .reset = 0s, .retry_after = 0s}));
    const auto late = rule.take(3, noon + 200ms);
    ASSERT_TRUE(late);
    (void)rule.take(1, noon + 2s);
    rule.give_back(*late);
    EXPECT_EQ(rule.read(1, noon + 2s).remaining, 2U) << "it had come back by itself";
}

TEST(sliding_window, what_came_out_of_order_can_be_given_back) {
    sliding_window rule{3, 1s};
    EXPECT_TRUE(rule.take(1, noon + 500ms));
    const auto earlier = rule.take(2, noon);  // of a call that read the clock before the other did
    ASSERT_TRUE(earlier);
    EXPECT_EQ(rule.read(1, noon + 500ms).remaining, 0U);
    rule.give_back(*earlier);
    EXPECT_EQ(rule.read(1, noon + 500ms).remaining, 2U);
}

TEST(sliding_window, nobody_who_read_the_clock_before_is_put_before_what_was_let_go) {
    sliding_window rule{1, 1s};
    EXPECT_TRUE(rule.take(1, noon));
    const auto later = rule.take(1, noon + 1s);  // the first has come back
    ASSERT_TRUE(later);
    rule.give_back(*later);
    const auto earlier = rule.take(1, noon + 999ms);
    ASSERT_TRUE(earlier);
    EXPECT_EQ(earlier->taken, noon + 1s) << "else there would be two in one second";
    EXPECT_FALSE(rule.take(1, noon + 1999ms));
    EXPECT_TRUE(rule.take(1, noon + 2s));
}

TEST(sliding_window, T75_time_that_jumps_back_neither_gives_nor_locks_out) {
    sliding_window rule{1, 1s};
    EXPECT_TRUE(rule.take(1, noon));
    EXPECT_FALSE(rule.take(1, noon - 1h));
    EXPECT_EQ(rule.wait_for(1, noon - 1h), 1s);
    EXPECT_TRUE(rule.take(1, noon - 1h + 1s)) << "whoever waits as told gets in";
    EXPECT_EQ(rule.wait_for(1, instant::min()), 1s);
}

RC_GTEST_PROP(sliding_window, in_no_window_of_its_length_admits_more_than_its_permits, ()) {
    const unsigned permits = *rc::gen::inRange(1U, 10U);
    sliding_window rule{permits, 1s};
    struct kept {
        instant at;
        unsigned weight;
        rate_slot slot;
    };
    std::vector<kept> calls;
    instant now = noon;
    for (int step = 0; step < 80; ++step) {
        now = add(now, duration{*rc::gen::inRange<std::int64_t>(0, 400'000'000)});
        const unsigned weight = *rc::gen::inRange(0U, permits + 1);
        const duration wait = rule.wait_for(weight, now);
        const auto slot = rule.take(weight, now);
        RC_ASSERT(slot.has_value() == (wait == duration::zero()));
        if (slot) calls.push_back({now, weight, *slot});
        if (!calls.empty() && *rc::gen::inRange(0, 4) == 0) {
            const std::size_t at = *rc::gen::inRange<std::size_t>(0, calls.size());
            rule.give_back(calls[at].slot);
            if (now - calls[at].at < 1s) calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(at));
        }
        unsigned in_window = 0;
        for (const kept& call : calls) in_window += now - call.at < 1s ? call.weight : 0;
        RC_ASSERT(in_window <= permits);
        RC_ASSERT(rule.read(0, now).remaining == permits - in_window);
    }
}

}  // namespace
}  // namespace cutwater::windows_tests
