// A short soak in virtual time, of the same seeds each time; and what the soak itself must be able to see.

#include "test/soak/soak.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/soak/audited.hpp"
#include "test/soak/windows.hpp"

namespace cutwater::soak {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void expect_nothing(manner how, std::uint64_t seeds) {
    const soak_summary end = run({.rounds = seeds, .time = forever, .manners = {how}});
    if (end.failed) FAIL() << end.failed->text();
    EXPECT_EQ(end.rounds, seeds);
}

TEST(soak, nothing_is_lost_in_blocking_calls) { expect_nothing(manner::blocking, 3000); }

TEST(soak, nothing_is_lost_in_coroutines) { expect_nothing(manner::coroutines, 2000); }

TEST(soak, a_seed_draws_the_same_each_time) {
    const scene_kind kind{
        .unit = 1ms, .least_calls = 5, .most_calls = 60, .how = in_step::yes, .may_have = pools::none};
    scene first{7, kind};
    scene second{7, kind};
    EXPECT_EQ(first.config.describe(), second.config.describe());
    ASSERT_EQ(first.plans.size(), second.plans.size());
    EXPECT_EQ(first.plans.back().begins, second.plans.back().begins);
    EXPECT_EQ(first.draws.number(), second.draws.number());
}

TEST(soak, it_stops_when_it_is_told_to) {
    int asked = 0;
    const soak_summary end = run({.manners = {manner::blocking}}, {.is_stopped = [&] { return ++asked > 3; }});
    EXPECT_TRUE(end.interrupted);
    EXPECT_EQ(end.rounds, 3U);
}

TEST(soak, a_failure_says_how_to_have_it_again) {
    const failure in_virtual_time{.seed = 7, .how = manner::coroutines, .what = {}};
    EXPECT_THAT(in_virtual_time.text(), HasSubstr("again: ./dev soak --seed 7\n"));
    const failure on_threads{.seed = 7, .how = manner::threads, .what = {}};
    EXPECT_THAT(on_threads.text(), HasSubstr("again: ./dev soak 60 --seed 7\n"));
}

std::vector<std::string> found_in(const std::vector<grant>& given, const rate_limiter_options& limit) {
    findings found;
    check_windows(given, limit, "limiter", found);
    return found.all();
}

grant at(duration d, bool given_back = false) { return {.at = instant{1h + d}, .given_back = given_back}; }

TEST(soak_windows, a_rolling_limit_is_burst_and_rate) {
    const rate_limiter_options limit{.permits = 1, .per = 10ms, .burst = 2};
    EXPECT_THAT(found_in({at(0ms), at(0ms), at(10ms), at(20ms)}, limit), IsEmpty());
    EXPECT_THAT(found_in({at(0ms), at(0ms), at(9ms)}, limit), ElementsAre(HasSubstr("burst + rate * t")));
    EXPECT_THAT(found_in({at(0ms), at(50ms), at(50ms), at(55ms)}, limit), ElementsAre(HasSubstr("burst + rate * t")));
    EXPECT_THAT(found_in({at(0ms, true), at(0ms), at(0ms), at(10ms)}, limit), IsEmpty());
}

TEST(soak_windows, a_sliding_limit_is_permits_in_any_window) {
    const rate_limiter_options limit{.window = rate_window::sliding, .permits = 2, .per = 10ms};
    EXPECT_THAT(found_in({at(0ms), at(9ms), at(10ms), at(19ms)}, limit), IsEmpty());
    EXPECT_THAT(found_in({at(0ms), at(9ms), at(9ms)}, limit), ElementsAre(HasSubstr("more than its permits")));
}

TEST(soak_windows, a_fixed_limit_is_permits_in_each_window) {
    const rate_limiter_options limit{.window = rate_window::fixed, .permits = 1, .per = 10ms};
    EXPECT_THAT(found_in({{.mark = 1, .at = instant{1h}}, {.mark = 2, .at = instant{1h + 1ms}}}, limit), IsEmpty());
    EXPECT_THAT(found_in({{.mark = 1, .at = instant{1h}}, {.mark = 1, .at = instant{1h + 1ms}}}, limit),
                ElementsAre(HasSubstr("in one window")));
}

TEST(soak_book, a_call_is_answered_once_and_its_attempts_are_those_that_were_served) {
    const auto found_after = [](auto change) {
        call_book book{1};
        call_entry& e = book.at(0);
        e.begun = e.answered = e.entered = e.ended = e.told_started = e.told_ended = 1;
        e.attempts = e.told_attempts = e.sent = 2;
        e.served = 2;
        e.told_retries = 1;
        change(e);
        findings found;
        book.balance(found);
        return found.all().size();
    };
    EXPECT_EQ(found_after([](call_entry&) {}), 0U);
    EXPECT_EQ(found_after([](call_entry& e) { e.answered = 0; }), 1U);
    EXPECT_EQ(found_after([](call_entry& e) { e.ended = 2; }), 1U);
    EXPECT_EQ(found_after([](call_entry& e) { e.sent = 1; }), 1U);
    EXPECT_EQ(found_after([](call_entry& e) { e.told_retries = 2; }), 0U);  // it was cancelled in the second sleep
    EXPECT_EQ(found_after([](call_entry& e) { e.told_retries = 3; }), 1U);
    EXPECT_EQ(found_after([](call_entry& e) { e.answered = 0, e.forsaken = true; }), 0U);
}

TEST(soak_ledger, what_is_given_comes_back_once) {
    ledger counted;
    const auto found_now = [&] {
        findings found;
        counted.balance("gate", found);
        return found.all().size();
    };
    counted.admitted();
    EXPECT_EQ(found_now(), 2U);  // it is out, and somebody is inside
    counted.settled(verdict::success);
    EXPECT_EQ(found_now(), 0U);
    counted.lined_up();
    EXPECT_EQ(found_now(), 1U);
}

}  // namespace
}  // namespace cutwater::soak
