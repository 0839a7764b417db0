// The algorithm by itself: published vectors, and what holds for any history.

#include "cutwater/policy/rate_limiter/gcra.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace cutwater::gcra_tests {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

/// Asks for `weight`: takes it if it is there, and reads the limiter after.
rate_reading ask(const gcra& rule, gcra::word& w, unsigned weight, instant now) {
    const bool taken = rule.take(w, weight, now).has_value();
    rate_reading seen = rule.read(w, weight, now);
    if (taken) seen.retry_after = duration{-1};
    return seen;
}

// throttled/throttled rate_test.go, TestRateLimit; the same rows are in brandur/redis-cell. Retry -1: admitted.
TEST(gcra, T74_counts_as_published) {
    struct row {
        duration at;
        unsigned volume;
        unsigned remaining;
        duration reset;
        duration retry;
    };
    constexpr duration admitted{-1};
    const std::vector<row> rows{
        {0ms, 6, 5, 0ms, forever},        {0ms, 1, 4, 1000ms, admitted},    {0ms, 1, 3, 2000ms, admitted},
        {0ms, 1, 2, 3000ms, admitted},    {0ms, 1, 1, 4000ms, admitted},    {0ms, 1, 0, 5000ms, admitted},
        {0ms, 1, 0, 5000ms, 1000ms},      {3000ms, 1, 2, 3000ms, admitted}, {3100ms, 1, 1, 3900ms, admitted},
        {4000ms, 1, 1, 4000ms, admitted}, {8000ms, 1, 4, 1000ms, admitted}, {9500ms, 1, 4, 1000ms, admitted},
        {9500ms, 0, 4, 1000ms, admitted}, {9500ms, 2, 2, 3000ms, admitted}, {9500ms, 5, 2, 3000ms, 3000ms},
    };
    const gcra rule{1, 1s, 5};
    gcra::word w = gcra::fresh;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const row& r = rows[i];
        EXPECT_EQ(ask(rule, w, r.volume, noon + r.at),
                  (rate_reading{.limit = 5, .remaining = r.remaining, .reset = r.reset, .retry_after = r.retry}))
            << "row " << i;
    }
}

TEST(gcra, T73_gives_the_burst_after_a_quiet_time_and_not_one_more) {
    const gcra rule{10, 1s, 3};
    gcra::word w = gcra::fresh;
    for (const duration quiet : {0s, 1s, 3600s * 24 * 365}) {
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(rule.take(w, 1, noon + quiet));
        EXPECT_FALSE(rule.take(w, 1, noon + quiet));
        EXPECT_EQ(rule.wait_for(w, 1, noon + quiet), 100ms);
    }
}

TEST(gcra, a_burst_of_one_spaces_calls_evenly) {
    const gcra rule{4, 1s, 1};
    gcra::word w = gcra::fresh;
    unsigned admitted = 0;
    for (duration t{}; t < 10s; t += 10ms) admitted += rule.take(w, 1, noon + t).has_value() ? 1U : 0U;
    EXPECT_EQ(admitted, 40U) << "every 250 ms";
}

TEST(gcra, T75_time_that_jumps_back_neither_gives_nor_locks_out) {
    const gcra rule{1, 1s, 5};
    gcra::word w = gcra::fresh;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(rule.take(w, 1, noon));
    EXPECT_FALSE(rule.take(w, 1, noon - 2s)) << "no permits for going back";
    EXPECT_EQ(rule.wait_for(w, 1, noon - 1h), 1s) << "and no hour to wait";
    EXPECT_EQ(rule.wait_for(w, 5, noon - 1h), 5s);
}

TEST(gcra, T75_whoever_waits_as_told_after_time_jumped_back_gets_in) {
    const gcra rule{10, 1s, 5};
    gcra::word w = gcra::fresh;
    EXPECT_TRUE(rule.take(w, 5, noon));
    instant now = noon - 1h;
    EXPECT_FALSE(rule.take(w, 1, now));
    now = add(now, rule.wait_for(w, 1, now));
    EXPECT_EQ(now, noon - 1h + 100ms);
    EXPECT_TRUE(rule.take(w, 1, now));
    EXPECT_FALSE(rule.take(w, 1, now));
}

TEST(gcra, however_long_it_was_quiet_it_is_open_again_at_once_or_in_no_time) {
    for (const duration quiet : std::vector<duration>{9s, 20h, 24h * 7, 24h * 420, 24h * 36500})
        for (const gcra& rule : {gcra{1'000'000'000, 1us, 100}, gcra{1'000'000'000, 1s, 100},
                                 gcra{125'000'000, 1s, 100}, gcra{1'000'000, 1s, 100}, gcra{1000, 1s, 100}}) {
            gcra::word w = gcra::fresh;
            EXPECT_TRUE(rule.take(w, 100, noon));
            instant now = noon + quiet;
            if (!rule.take(w, 1, now)) now = add(now, 100ms);  // its count has come round: as if it had been empty
            EXPECT_TRUE(rule.take(w, 1, now)) << quiet.count();
        }
}

TEST(gcra, nothing_can_always_be_had_and_takes_nothing) {
    const gcra rule{1, 1s, 1, 1h};
    gcra::word w = gcra::fresh;
    duration wait{};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(rule.reserve(w, 1, noon, 1h, wait));
    const gcra::word before = w;
    EXPECT_TRUE(rule.take(w, 0, noon));
    EXPECT_EQ(w, before);
    EXPECT_FALSE(rule.reserve(w, 2, noon, forever, wait)) << "there are never two";
    EXPECT_EQ(w, before);
}

TEST(gcra, rates_beyond_one_a_nanosecond_are_kept) {
    const gcra rule{1'000'000'000, 100ms, 1000};  // ten a nanosecond
    gcra::word w = gcra::fresh;
    unsigned admitted = 0;
    for (int ns = 0; ns < 1000; ++ns)
        for (int i = 0; i < 20; ++i) admitted += rule.take(w, 1, noon + duration{ns}).has_value() ? 1U : 0U;
    EXPECT_LE(admitted, 1000U + 9990U);
    EXPECT_GE(admitted, 1000U + 9989U) << "the interval is exact to 2^-15 or better";
}

TEST(gcra, is_never_faster_than_asked_however_long_it_runs) {
    for (const unsigned permits : {3U, 7U, 999'999'937U}) {
        const gcra rule{permits, 1s, 1};
        gcra::word w = gcra::fresh;
        instant now = noon;
        for (std::int64_t admitted = 0; admitted < 100'000; ++admitted) {
            now = add(now, rule.wait_for(w, 1, now));
            ASSERT_TRUE(rule.take(w, 1, now));
            __extension__ using wide = __int128;
            ASSERT_LE(wide{admitted} * 1'000'000'000, wide{permits} * between(noon, now).count())
                << admitted + 1 << " of " << permits << " a second";
        }
    }
}

TEST(gcra, no_instant_is_taken_for_a_limiter_that_is_new) {
    const gcra rule{1, 1s, 1};
    gcra::word w = gcra::fresh;
    EXPECT_TRUE(rule.take(w, 1, instant{-1s}));  // its permit is back at instant zero
    EXPECT_FALSE(rule.take(w, 1, instant{-1s}));
    EXPECT_FALSE(rule.is_fresh(w, instant{-1ms}));
    EXPECT_TRUE(rule.take(w, 1, instant{1ns}));
}

TEST(gcra, a_rate_of_one_in_a_year_is_kept) {
    const gcra rule{1, 24h * 365, 2};
    gcra::word w = gcra::fresh;
    EXPECT_TRUE(rule.take(w, 2, noon));
    EXPECT_EQ(rule.wait_for(w, 1, noon), 24h * 365);
    EXPECT_FALSE(rule.take(w, 1, noon + 24h * 365 - 1ns));
    EXPECT_TRUE(rule.take(w, 1, noon + 24h * 365));
}

TEST(gcra, the_flag_stays_as_it_is) {
    const gcra rule{1, 1s, 5};
    for (const gcra::word flag : {gcra::word{0}, gcra::flag}) {
        gcra::word w = gcra::fresh | flag;
        const auto slot = rule.take(w, 2, noon);
        ASSERT_TRUE(slot);
        EXPECT_EQ(w & gcra::flag, flag);
        rule.give_back(w, *slot, noon);
        EXPECT_EQ(w & gcra::flag, flag);
        EXPECT_TRUE(rule.is_fresh(w, noon));
    }
}

TEST(gcra, the_latest_can_be_undone_as_if_it_had_never_been) {
    const gcra rule{1, 1s, 5};
    gcra::word w = gcra::fresh;
    const auto earlier = rule.take(w, 2, noon);
    const gcra::word before = w;
    const auto slot = rule.take(w, 3, noon);
    ASSERT_TRUE(earlier && slot);
    EXPECT_FALSE(gcra::undo(w, *earlier)) << "it is not the latest";
    EXPECT_TRUE(gcra::undo(w, *slot));
    EXPECT_EQ(w, before);
    EXPECT_TRUE(gcra::undo(w, *earlier)) << "now it is";
    EXPECT_TRUE(rule.is_fresh(w, noon));
}

TEST(gcra, what_is_given_back_comes_back_less_what_refilled_meanwhile) {
    const gcra rule{1, 1s, 5};
    gcra::word w = gcra::fresh;
    const auto mine = rule.take(w, 2, noon);
    (void)rule.take(w, 1, noon);
    ASSERT_TRUE(mine);
    rule.give_back(w, *mine, noon);
    EXPECT_EQ(rule.read(w, 1, noon).remaining, 4U);

    const auto late = rule.take(w, 2, noon);
    (void)rule.take(w, 2, noon);
    ASSERT_TRUE(late);
    EXPECT_EQ(rule.read(w, 1, noon + 1s).remaining, 1U);
    rule.give_back(w, *late, noon + 1s);
    EXPECT_EQ(rule.read(w, 1, noon + 1s).remaining, 2U) << "one of the two had come back by itself";
}

TEST(gcra, T76_who_gives_back_with_an_instant_of_long_ago_opens_nothing_for_others) {
    const gcra rule{10, 1s, 1};
    gcra::word w = gcra::fresh;
    const auto mine = rule.take(w, 1, noon);
    ASSERT_TRUE(mine);
    ASSERT_TRUE(rule.take(w, 1, noon + 300ms)) << "another, whose clock has gone on meanwhile";
    rule.give_back(w, *mine, noon);
    EXPECT_FALSE(rule.take(w, 1, noon + 300ms));
    EXPECT_TRUE(rule.take(w, 1, noon + 400ms));
}

TEST(gcra, a_reservation_is_for_the_earliest_time_that_the_limit_allows) {
    const gcra rule{1, 1s, 2, 1h};
    gcra::word w = gcra::fresh;
    duration wait{};
    for (const duration expected : {0s, 0s, 1s, 2s, 3s}) {
        ASSERT_TRUE(rule.reserve(w, 1, noon, 10s, wait));
        EXPECT_EQ(wait, expected);
    }
    EXPECT_FALSE(rule.reserve(w, 1, noon, 3s, wait)) << "it would be in four seconds";
    EXPECT_EQ(wait, 4s);
    EXPECT_FALSE(rule.reserve(w, 3, noon, 1h, wait)) << "there are never three";
    EXPECT_EQ(wait, forever);
}

TEST(gcra, a_reservation_lies_no_farther_ahead_than_the_limiter_was_made_for) {
    const gcra rule{1, 1s, 1, 2s};
    gcra::word w = gcra::fresh;
    duration wait{};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(rule.reserve(w, 1, noon, 1h, wait));
    EXPECT_EQ(wait, 2s);
    EXPECT_FALSE(rule.reserve(w, 1, noon, 1h, wait));
    EXPECT_TRUE(rule.reserve(w, 1, noon + 1s, 1h, wait));
}

TEST(gcra, a_reservation_that_others_stand_behind_gives_nothing_back) {
    const gcra rule{1, 1s, 1, 1h};
    gcra::word w = gcra::fresh;
    duration wait{};
    (void)rule.take(w, 1, noon);
    const auto mine = rule.reserve(w, 1, noon, 1h, wait);
    const auto theirs = rule.reserve(w, 1, noon, 1h, wait);
    ASSERT_TRUE(mine && theirs);
    rule.give_back(w, *mine, noon);
    EXPECT_EQ(rule.wait_for(w, 1, noon), 3s) << "at two seconds, theirs: one more then would be two at once";
    EXPECT_TRUE(gcra::undo(w, *theirs));
    EXPECT_EQ(rule.wait_for(w, 1, noon), 2s);
}

/// What was admitted, and when it acts.
struct admitted_call {
    instant at;
    unsigned weight;
};

/// In every window from one call to another: at most burst + rate · t. Of exact numbers: weight · per ≤ burst · per + permits · t.
void expect_within_limit(const std::vector<admitted_call>& calls, unsigned permits, duration per, unsigned burst) {
    for (std::size_t first = 0; first < calls.size(); ++first) {
        __extension__ using wide = __int128;
        wide weight = 0;
        for (std::size_t last = first; last < calls.size(); ++last) {
            weight += calls[last].weight;
            const wide t = between(calls[first].at, calls[last].at).count();
            RC_ASSERT(weight * per.count() <= wide{burst} * per.count() + wide{permits} * t);
        }
    }
}

RC_GTEST_PROP(gcra, T76_in_any_window_admits_at_most_the_burst_and_the_rate, ()) {
    const unsigned permits = *rc::gen::oneOf(rc::gen::inRange(1U, 100U), rc::gen::inRange(1U, 1'000'000'000U));
    const duration per = *rc::gen::oneOf(rc::gen::just(duration{1s}), rc::gen::just(duration{1us}),
                                         rc::gen::map(rc::gen::inRange<std::int64_t>(1000, 86'400'000'000'000),
                                                      [](std::int64_t ns) { return duration{ns}; }));
    const unsigned burst = *rc::gen::inRange(1U, 20U);
    const gcra rule{permits, per, burst};
    const std::int64_t interval = std::max<std::int64_t>(1, per.count() / permits);
    gcra::word w = gcra::fresh;
    instant now = noon;
    std::vector<admitted_call> calls;
    std::vector<rate_slot> slots;
    for (int step = 0; step < 60; ++step) {
        now = add(now, duration{*rc::gen::inRange<std::int64_t>(0, 2 * interval + 1)});
        if (const unsigned weight = *rc::gen::inRange(0U, burst + 2); const auto slot = rule.take(w, weight, now)) {
            calls.push_back({now, weight});
            slots.push_back(*slot);
        } else {
            RC_ASSERT(weight > burst || rule.wait_for(w, weight, now) > duration::zero());
        }
        if (!slots.empty() && *rc::gen::inRange(0, 4) == 0) {  // one of the last few was not used after all
            const std::size_t back = std::min<std::size_t>(slots.size(), 1 + *rc::gen::inRange<std::size_t>(0, 3));
            const std::size_t at = slots.size() - back;
            rule.give_back(w, slots[at], now);
            slots.erase(slots.begin() + static_cast<std::ptrdiff_t>(at));
            calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    expect_within_limit(calls, permits, per, burst);
}

RC_GTEST_PROP(gcra, reservations_keep_the_limit_whatever_is_cancelled, ()) {
    const unsigned burst = *rc::gen::inRange(1U, 6U);
    const gcra rule{10, 1s, burst, 1h};
    gcra::word w = gcra::fresh;
    instant now = noon;
    std::vector<admitted_call> calls;
    std::vector<rate_slot> slots;
    bool given_back = false;
    for (int step = 0; step < 60; ++step) {
        now = add(now, duration{*rc::gen::inRange<std::int64_t>(0, 150'000'000)});
        const unsigned weight = *rc::gen::inRange(1U, burst + 1);
        duration wait{};
        if (const auto slot = rule.reserve(w, weight, now, *rc::gen::element<duration>(0s, 1s, 1h), wait)) {
            calls.push_back({now + wait, weight});
            slots.push_back(*slot);
        }
        if (!calls.empty() && *rc::gen::inRange(0, 3) == 0) {
            const std::size_t at = *rc::gen::inRange<std::size_t>(0, calls.size());
            if (calls[at].at < now) continue;  // too late to cancel
            if (given_back || !gcra::undo(w, slots[at])) {
                rule.give_back(w, slots[at], now);
                given_back = true;
            }
            slots.erase(slots.begin() + static_cast<std::ptrdiff_t>(at));
            calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }
    std::ranges::sort(calls, {}, &admitted_call::at);
    expect_within_limit(calls, 10, 1s, burst);
}

RC_GTEST_PROP(gcra, who_waits_as_long_as_it_is_told_is_admitted, ()) {
    const unsigned burst = *rc::gen::inRange(1U, 6U);
    const gcra rule{*rc::gen::inRange(1U, 1'000'000U), 1s, burst};
    gcra::word w = gcra::fresh;
    instant now = noon;
    for (int step = 0; step < 40; ++step) {
        const unsigned weight = *rc::gen::inRange(1U, burst + 1);
        now = add(now, rule.wait_for(w, weight, now));
        RC_ASSERT(rule.take(w, weight, now).has_value());
    }
}

}  // namespace
}  // namespace cutwater::gcra_tests
