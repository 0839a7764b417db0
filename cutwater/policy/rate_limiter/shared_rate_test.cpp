// A rate limiter's line, step by step: who is let in by whom, and when those who wait look again.

#include "cutwater/policy/rate_limiter/shared_rate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <list>

namespace cutwater::shared_rate_tests {
namespace {

constexpr instant noon{12h};

struct guest final : waker {
    guest() = default;
    guest(const guest&) = delete;
    guest& operator=(const guest&) = delete;
    ~guest() = default;
    void wake() noexcept override { ++woken; }

    unsigned woken = 0;
    waiter place{*this};
};

/// One every 10 ms.
rate_limiter_options even(unsigned burst = 1) {
    return {.permits = 100, .per = 1s, .burst = burst, .max_queue = 100, .max_wait = 24h};
}

/// One a second.
rate_limiter_options one_a_second(rate_window window) {
    rate_limiter_options o{.window = window, .permits = 1, .per = 1s, .max_queue = 10, .max_wait = 24h};
    if (window == rate_window::rolling) o.burst = 1;
    return o;
}

/// Those who wait where nothing is left.
struct party {
    explicit party(const rate_limiter_options& o) : rate{o} { EXPECT_TRUE(rate.try_take(o.most_at_once(), noon)); }

    guest& come(duration patience = 1h, instant at = noon, criticality importance = criticality::normal) {
        guest& g = guests.emplace_back();
        g.place.until = add(at, patience);
        g.place.importance = importance;
        EXPECT_EQ(rate.take_or_queue(g.place, at, patience).what, shared_rate::answer::queued);
        return g;
    }
    auto look(guest& g, duration after) { return rate.look_again(g.place, noon + after); }
    [[nodiscard]] bool is_in(guest& g, duration after) { return look(g, after).slot.has_value(); }

    shared_rate rate;
    std::list<guest> guests;
};

TEST(a_rate_limiters_line, T43_who_stands_behind_one_that_does_not_look_is_let_in) {
    party p{even()};
    guest& stuck = p.come(100ms);
    guest& next = p.come();
    guest& last = p.come();
    EXPECT_EQ(p.look(next, 0ms).next, noon + 20ms) << "its own permit is due then";
    EXPECT_EQ(p.look(last, 0ms).next, noon + 30ms);
    const auto seen = p.look(next, 20ms);
    EXPECT_FALSE(seen.slot) << "what is there is the first's";
    EXPECT_EQ(stuck.woken, 1U);
    EXPECT_EQ(seen.next, noon + 30ms);
    EXPECT_TRUE(p.is_in(next, 30ms));
    EXPECT_TRUE(p.is_in(last, 40ms));
}

TEST(a_rate_limiters_line, T43_one_who_has_had_to_let_in_others_looks_for_all_of_them) {
    party p{even()};
    for (int i = 0; i < 5; ++i) p.come();
    guest& last = p.come();
    instant at = noon;
    unsigned looks = 0;
    for (auto seen = p.rate.look_again(last.place, at); !seen.slot; seen = p.rate.look_again(last.place, at)) {
        ASSERT_GT(seen.next, at);
        at = seen.next;
        ++looks;
    }
    EXPECT_EQ(at, noon + 110ms) << "60 ms until it sees it, and one every 10 ms from then on";
    EXPECT_EQ(looks, 6U);
}

TEST(a_rate_limiters_line, T77_one_who_looks_after_its_time_is_turned_away_though_its_permit_is_there) {
    party p{even()};
    guest& in_time = p.come(10ms);
    guest& late = p.come(25ms);
    EXPECT_TRUE(p.is_in(in_time, 10ms)) << "at the last instant is in time";
    const auto seen = p.look(late, 26ms);
    EXPECT_FALSE(seen.slot);
    EXPECT_EQ(seen.turned_away, errc::wait_timed_out);
    EXPECT_EQ(p.rate.queued(), 0U);
    EXPECT_EQ(p.rate.read(1, noon + 26ms).remaining, 1U);
}

TEST(a_rate_limiters_line, T77_T80_what_was_granted_to_one_who_looks_too_late_goes_to_the_next) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        party p{one_a_second(window)};
        guest& stuck = p.come(1010ms);
        guest& next = p.come();
        EXPECT_FALSE(p.is_in(next, 1001ms));
        EXPECT_EQ(stuck.woken, 1U) << "it is let in";
        EXPECT_EQ(p.look(stuck, 1011ms).turned_away, errc::wait_timed_out);
        EXPECT_GE(next.woken, 1U);
        EXPECT_TRUE(p.is_in(next, window == rate_window::rolling ? 2000ms : 1011ms))
            << "of a rolling one what has come by itself does not come twice";
    }
}

TEST(a_rate_limiters_line, T43_the_first_leaves_when_its_time_is_over_whoever_sees_it) {
    party p{even()};
    guest& gone = p.come(10ms);
    guest& next = p.come();
    EXPECT_TRUE(p.is_in(next, 11ms));
    EXPECT_EQ(p.look(gone, 500ms).turned_away, errc::wait_timed_out);
}

TEST(a_rate_limiters_line, whoever_comes_or_gives_back_lets_in_the_first) {
    party p{even(2)};
    guest& first = p.come();
    guest& second = p.come();
    EXPECT_FALSE(p.rate.try_take(1, noon + 9ms));
    EXPECT_FALSE(p.rate.try_take(1, noon + 10ms)) << "it is the first's";
    EXPECT_EQ(first.woken, 1U);
    const auto slot = p.look(first, 10ms).slot;
    ASSERT_TRUE(slot);
    const unsigned woken = second.woken;
    p.rate.give_back(*slot, noon + 10ms);
    EXPECT_GT(second.woken, woken);
    EXPECT_TRUE(p.is_in(second, 10ms));
    guest& third = p.come(1h, noon + 11ms);
    const auto later = p.rate.reserve(1, noon + 20ms, 1h);
    ASSERT_TRUE(later) << "nobody is in line any more";
    EXPECT_EQ(third.woken, 1U);
    EXPECT_EQ(later->wait, 10ms) << "but it had its permit first";
    EXPECT_TRUE(p.is_in(third, 20ms));
    EXPECT_TRUE(p.rate.try_take(1, noon + 1h)) << "nobody is left";
}

TEST(a_rate_limiters_line, T80_who_leaves_with_what_it_was_granted_leaves_no_more_behind_than_that) {
    party p{even(2)};
    guest& first = p.come();
    guest& second = p.come();
    EXPECT_FALSE(p.rate.try_take(1, noon + 20ms)) << "both are let in";
    EXPECT_EQ(p.rate.queued(), 0U);
    p.rate.leave(second.place);
    EXPECT_EQ(p.rate.read(1, noon + 25ms).remaining, 1U);
    EXPECT_TRUE(p.rate.try_take(1, noon + 25ms));
    p.rate.leave(first.place);  // somebody has taken since: it comes back by itself
    EXPECT_FALSE(p.rate.try_take(1, noon + 25ms));
    EXPECT_TRUE(p.rate.try_take(1, noon + 30ms));
}

TEST(a_rate_limiters_line, T80_who_leaves_gives_back_nothing_that_others_have_taken_since_a_give_back) {
    rate_limiter_options o = one_a_second(rate_window::rolling);
    o.burst = 4;
    shared_rate rate{o};
    const auto all = rate.try_take(4, noon);
    ASSERT_TRUE(all);
    guest g;
    g.place.until = noon + 1h;
    ASSERT_EQ(rate.take_or_queue(g.place, noon, 1h).what, shared_rate::answer::queued);
    ASSERT_FALSE(rate.try_take(4, noon + 1s));
    ASSERT_EQ(g.woken, 1U) << "it was let in";
    rate.give_back(*all, noon + 1s);
    ASSERT_TRUE(rate.try_take(2, noon + 3s)) << "the state is as it was when that was let in";
    rate.leave(g.place);
    EXPECT_EQ(rate.read(1, noon + 3s).remaining, 2U);
}

TEST(a_rate_limiters_line, T80_who_looks_too_late_gives_back_what_has_not_come_by_itself) {
    party p{even(2)};
    guest& first = p.come(20ms);
    guest& second = p.come();
    EXPECT_FALSE(p.rate.try_take(1, noon + 20ms)) << "both are let in";
    EXPECT_EQ(p.rate.read(2, noon + 20ms).retry_after, 20ms);
    EXPECT_EQ(p.look(first, 21ms).turned_away, errc::wait_timed_out);
    EXPECT_EQ(p.rate.read(2, noon + 21ms).retry_after, 10ms);
    EXPECT_TRUE(p.is_in(second, 21ms));
}

TEST(a_rate_limiters_line, T85_who_is_overtaken_looks_when_its_own_permit_is_due_then) {
    party p{even()};
    guest& normal = p.come();
    for (int i = 0; i < 3; ++i) p.come(1h, noon + 1ms, criticality::critical);
    EXPECT_EQ(p.look(normal, 2ms).next, noon + 40ms);
}

TEST(a_rate_limiters_line, who_asks_by_hand_does_not_overtake_one_that_waits_for_more) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter_options o = one_a_second(window);
        o.permits = 3;
        if (window == rate_window::rolling) o.burst = 3;
        shared_rate rate{o};
        ASSERT_TRUE(rate.try_take(2, noon));
        guest heavy;
        heavy.place.weight = 2;
        heavy.place.until = noon + 1h;
        ASSERT_EQ(rate.take_or_queue(heavy.place, noon, 1h).what, shared_rate::answer::queued);
        EXPECT_FALSE(rate.try_take(1, noon)) << "one is there";
        EXPECT_FALSE(rate.reserve(1, noon, 1h));
        EXPECT_TRUE(rate.look_again(heavy.place, noon + 1s).slot);
    }
}

TEST(a_rate_limiters_line, T75_after_time_has_jumped_back_a_limit_is_used_up_and_fills) {
    rate_limiter_options o = one_a_second(rate_window::rolling);
    o.burst = 2;
    shared_rate rate{o};
    ASSERT_TRUE(rate.try_take(2, noon + 48h));
    EXPECT_FALSE(rate.try_take(1, noon));
    EXPECT_FALSE(rate.try_take(1, noon + 1s - 1ns));
    EXPECT_TRUE(rate.try_take(1, noon + 1s));
}

TEST(a_rate_limiters_line, T43_whatever_comes_back_has_the_first_look_again_also_where_it_is_not_enough) {
    rate_limiter_options o = one_a_second(rate_window::rolling);
    o.burst = 3;
    shared_rate rate{o};
    const auto one = rate.try_take(1, noon);
    ASSERT_TRUE(one && rate.try_take(2, noon));
    guest heavy;
    heavy.place.weight = 2;
    heavy.place.until = noon + 1h;
    ASSERT_EQ(rate.take_or_queue(heavy.place, noon, 1h).wait, 2s);
    rate.give_back(*one, noon);
    EXPECT_EQ(heavy.woken, 1U);
    EXPECT_EQ(rate.look_again(heavy.place, noon).next, noon + 1s) << "sooner than it was told";
}

TEST(a_rate_limiters_line, T80_who_looks_too_late_gives_back_all_that_it_weighs) {
    rate_limiter_options o = one_a_second(rate_window::rolling);
    o.burst = 3;
    party p{o};
    guest& heavy = p.guests.emplace_back();
    heavy.place.weight = 2;
    heavy.place.until = noon + 2s;
    ASSERT_EQ(p.rate.take_or_queue(heavy.place, noon, 2s).what, shared_rate::answer::queued);
    ASSERT_FALSE(p.rate.try_take(3, noon + 2s));
    ASSERT_EQ(heavy.woken, 1U) << "it was let in";
    EXPECT_EQ(p.look(heavy, 2s + 1ns).turned_away, errc::wait_timed_out);
    EXPECT_EQ(p.rate.read(1, noon + 2s + 1ns).remaining, 2U);
}

TEST(a_rate_limiters_line, one_that_somebody_waits_for_is_not_as_new_whatever_has_come_back) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        party p{one_a_second(window)};
        guest& waits = p.come();
        EXPECT_FALSE(p.rate.is_fresh(noon + 1min));
        ASSERT_TRUE(p.is_in(waits, 1min));
        EXPECT_TRUE(p.rate.is_fresh(noon + 2min));
    }
}

TEST(a_rate_limiters_line, T43_a_reservation_that_is_cancelled_lets_in_who_waits) {
    shared_rate rate{one_a_second(rate_window::rolling)};
    const auto made = rate.reserve(1, noon, 0s);
    ASSERT_TRUE(made);
    guest waits;
    waits.place.until = noon + 1h;
    ASSERT_EQ(rate.take_or_queue(waits.place, noon, 1h).what, shared_rate::answer::queued);
    rate.cancel(*made, noon);
    EXPECT_EQ(waits.woken, 1U) << "and need not look by itself";
}

TEST(a_rate_limiters_line, T75_looking_at_a_limit_changes_nothing) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter_options o{.window = window, .permits = 3, .per = 1h};
        if (window == rate_window::rolling) o.burst = 3;
        shared_rate rate{o};
        ASSERT_TRUE(rate.try_take(3, noon));
        EXPECT_EQ(rate.read(1, noon + 3h).remaining, 3U);
        EXPECT_EQ(rate.read(1, noon + 1s).remaining, 0U);
        EXPECT_FALSE(rate.try_take(1, noon + 1s));
    }
}

// ---- against the limit ----

struct caller {
    guest who{};
    bool looks = true;
    bool is_in = false;
    unsigned woken = 0;
    instant at = noon;
};

/// Who looks next, as its timer and its waker say.
caller* next_of(std::list<caller>& all) {
    caller* next = nullptr;
    for (caller& c : all) {
        if (!c.looks || c.is_in) continue;
        if (next == nullptr || c.at < next->at) next = &c;
    }
    return next;
}

RC_GTEST_PROP(a_rate_limiters_line, lets_in_everybody_who_looks_and_never_faster_than_the_limit, ()) {
    const unsigned burst = *rc::gen::inRange(1U, 4U);
    shared_rate rate{even(burst)};
    RC_ASSERT(rate.try_take(burst, noon).has_value());
    std::list<caller> all;
    const int n = *rc::gen::inRange(1, 12);
    for (int i = 0; i < n; ++i) {
        caller& c = all.emplace_back();
        c.looks = *rc::gen::inRange(0, 3) != 0;
        c.who.place.importance = static_cast<criticality>(*rc::gen::inRange(0, 3));
        RC_ASSERT(rate.take_or_queue(c.who.place, noon, 1h).what == shared_rate::answer::queued);
    }
    std::vector<instant> taken;
    unsigned looks = 0;
    while (caller* const next = next_of(all)) {
        const instant now = next->at;
        const auto seen = rate.look_again(next->who.place, now);
        ++looks;
        next->is_in = seen.slot.has_value();
        next->at = seen.next;
        if (seen.slot) taken.push_back(seen.slot->taken);
        RC_ASSERT(next->is_in || seen.next > now);
        for (caller& c : all)
            if (std::exchange(c.woken, c.who.woken) != c.who.woken) c.at = now;
    }
    RC_ASSERT(looks <= 5U * static_cast<unsigned>(n));
    std::ranges::sort(taken);
    for (std::size_t i = 0; i < taken.size(); ++i) RC_ASSERT(taken[i] - noon >= 10ms * (i + 1));
    for (caller& c : all) rate.leave(c.who.place);
    RC_ASSERT(rate.queued() == 0U);
}

}  // namespace
}  // namespace cutwater::shared_rate_tests
