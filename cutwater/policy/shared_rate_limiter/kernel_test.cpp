// What is right for permits that processes share, without a store.

#include "cutwater/policy/shared_rate_limiter/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "cutwater/policy/shared_rate_limiter/known_limit.hpp"
#include "cutwater/policy/shared_rate_limiter/options.hpp"

namespace cutwater::shared_rate_kernel_tests {
namespace {

using namespace std::chrono_literals;

/// A cell: bytes and when they were written. Nobody comes between.
class cell_of {
public:
    explicit cell_of(shared_rate_limiter_kernel rule) : rule_{rule} {}

    [[nodiscard]] rate_backlog at(duration now) const {
        return rule_.aged(rate_backlog::decoded(bytes_).value_or(rule_.full()), now - written_);
    }
    unsigned take(unsigned least, unsigned most, duration now) {
        rate_backlog b = at(now);
        const unsigned n = rule_.take(b, least, most);
        if (n > 0) write(b, now);
        return n;
    }
    void give_back(unsigned n, duration since, duration now) {
        rate_backlog b = at(now);
        rule_.give_back(b, n, since);
        write(b, now);
    }
    [[nodiscard]] duration wait_for(unsigned n, duration now) const { return rule_.wait_for(at(now), n); }

private:
    void write(rate_backlog b, duration now) {
        bytes_ = b.encoded();
        written_ = now;
    }

    shared_rate_limiter_kernel rule_;
    std::string bytes_ = rate_backlog{}.encoded();
    duration written_{};
};

// The rows of throttled/throttled rate_test.go, TestRateLimit, as in rate_limiter/gcra_test.cpp. Retry -1: taken.
TEST(shared_rate_kernel, T74_counts_as_published) {
    struct row {
        duration at;
        unsigned volume;
        duration reset;
        duration retry;
    };
    constexpr duration taken{-1};
    const std::vector<row> rows{
        {0ms, 6, 0ms, forever},     {0ms, 1, 1000ms, taken},     {0ms, 1, 2000ms, taken},    {0ms, 1, 3000ms, taken},
        {0ms, 1, 4000ms, taken},    {0ms, 1, 5000ms, taken},     {0ms, 1, 5000ms, 1000ms},   {3000ms, 1, 3000ms, taken},
        {3100ms, 1, 3900ms, taken}, {4000ms, 1, 4000ms, taken},  {8000ms, 1, 1000ms, taken}, {9500ms, 1, 1000ms, taken},
        {9500ms, 2, 3000ms, taken}, {9500ms, 5, 3000ms, 3000ms},
    };
    cell_of shared{{1, 1s, 5}};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const row& r = rows[i];
        const unsigned n = shared.take(r.volume, r.volume, r.at);
        EXPECT_EQ(n, r.retry == taken ? r.volume : 0U) << "row " << i;
        EXPECT_EQ(shared.at(r.at).rounded_up(), r.reset) << "row " << i;
        if (n == 0) {
            EXPECT_EQ(shared.wait_for(r.volume, r.at), r.retry) << "row " << i;
        }
    }
}

TEST(shared_rate_kernel, T73_gives_the_burst_after_a_quiet_time_and_not_one_more) {
    cell_of shared{{10, 1s, 3}};
    for (const duration quiet : std::vector<duration>{0s, 1s, 24h * 36500}) {
        EXPECT_EQ(shared.take(1, 100, quiet), 3U);
        EXPECT_EQ(shared.take(1, 100, quiet), 0U);
        EXPECT_EQ(shared.wait_for(1, quiet), 100ms);
    }
}

TEST(shared_rate_kernel, gives_what_there_is_unless_that_is_too_little) {
    cell_of shared{{10, 1s, 10}};
    EXPECT_EQ(shared.take(1, 7, 0s), 7U);
    EXPECT_EQ(shared.take(4, 7, 0s), 0U);
    EXPECT_EQ(shared.wait_for(4, 0s), 100ms);
    EXPECT_EQ(shared.take(1, 7, 0s), 3U);
}

TEST(shared_rate_kernel, what_weighs_more_than_the_burst_never_passes) {
    const shared_rate_limiter_kernel rule{10, 1s, 3};
    EXPECT_EQ(rule.wait_for({}, 4), forever);
    rate_backlog b;
    EXPECT_EQ(rule.take(b, 4, 4), 0U);
}

TEST(shared_rate_kernel, an_age_that_is_negative_is_none) {
    const shared_rate_limiter_kernel rule{10, 1s, 3};
    EXPECT_EQ(rule.aged(rule.full(), -1h), rule.full());
}

TEST(shared_rate_kernel, T35_bytes_hold_no_hour) {
    const shared_rate_limiter_kernel rule{10, 1s, 3};
    rate_backlog b;
    EXPECT_EQ(rule.take(b, 1, 1), 1U);
    EXPECT_EQ(b.encoded(), "cwr1 102400000000") << "100 ms, whenever that was";
    EXPECT_EQ(rate_backlog::decoded(b.encoded()), b);
}

TEST(shared_rate_kernel, what_is_not_ours_is_no_backlog) {
    for (const char* const bytes : {"", "cwr1", "cwr1 ", "cwr1 7x", "cwr1 -1", "cwr2 7", "cwr1 99999999999999999999"})
        EXPECT_EQ(rate_backlog::decoded(bytes), std::nullopt) << bytes;
}

TEST(shared_rate_kernel, a_backlog_that_cannot_be_is_that_of_an_empty_limit) {
    const shared_rate_limiter_kernel rule{10, 1s, 3};
    EXPECT_EQ(rule.aged({~std::uint64_t{0}}, 0s), rule.full());
    EXPECT_EQ(rule.wait_for(rule.aged({~std::uint64_t{0}}, 100ms), 1), duration::zero());
}

TEST(shared_rate_kernel, what_is_given_back_is_there_again) {
    cell_of shared{{10, 1s, 10}};
    EXPECT_EQ(shared.take(1, 8, 0s), 8U);
    shared.give_back(5, 100ms, 100ms);
    EXPECT_EQ(shared.take(1, 100, 100ms), 7U) << "two were left, one has come back, and of the five one was that";
}

TEST(shared_rate_kernel, what_has_come_back_by_itself_does_not_come_back_twice) {
    cell_of shared{{10, 1s, 10}};
    EXPECT_EQ(shared.take(1, 10, 0s), 10U);
    EXPECT_EQ(shared.take(1, 10, 1s), 10U) << "all of them have come back";
    shared.give_back(10, 1s, 1s);
    EXPECT_EQ(shared.take(1, 10, 1s), 0U);
}

TEST(shared_rate_kernel, nor_where_two_give_back) {
    cell_of shared{{10, 1s, 10}};
    EXPECT_EQ(shared.take(1, 5, 0s), 5U);
    EXPECT_EQ(shared.take(1, 5, 0s), 5U);
    shared.give_back(5, 100ms, 100ms);
    EXPECT_EQ(shared.at(100ms).rounded_up(), 500ms);
    EXPECT_EQ(shared.take(1, 5, 800ms), 5U) << "the limit was full again since 600 ms";
    shared.give_back(5, 900ms, 900ms);
    EXPECT_EQ(shared.at(900ms).rounded_up(), 400ms);
}

TEST(shared_rate_kernel, a_part_of_a_limit_has_that_part_of_rate_and_burst) {
    const shared_rate_limiter_kernel part{10, 1s, 10, 5};
    EXPECT_EQ(part.burst(), 2U);
    EXPECT_EQ(part.refill_of(1), 500ms);
    EXPECT_EQ((shared_rate_limiter_kernel{10, 1s, 2, 5}.burst()), 1U);
}

/// Exact: `taken <= burst + permits/per * t`, multiplied out.
RC_GTEST_PROP(shared_rate_kernel, T73_no_window_has_more_than_burst_and_rate_allow, ()) {
    const auto permits = *rc::gen::inRange(1U, 5000U);
    const auto burst = *rc::gen::inRange(1U, 200U);
    const duration per{*rc::gen::inRange<std::int64_t>(1'000'000, 3'000'000'000)};
    cell_of shared{{permits, per, burst}};
    const auto steps = *rc::gen::container<std::vector<std::pair<std::uint32_t, unsigned>>>(
        rc::gen::pair(rc::gen::arbitrary<std::uint32_t>(), rc::gen::inRange(1U, 50U)));
    struct lease {
        duration at;
        unsigned n;
    };
    std::vector<lease> leased;
    duration now{};
    for (const auto& [gap, wanted] : steps) {
        now += duration{gap % 4 == 0 ? 0 : gap % (2 * per.count() / permits + 2)};
        leased.push_back({now, shared.take(1, wanted, now)});
    }
    for (std::size_t from = 0; from < leased.size(); ++from) {
        std::int64_t sum = 0;
        for (std::size_t to = from; to < leased.size(); ++to) {
            sum += leased[to].n;
            const std::int64_t t = (leased[to].at - leased[from].at).count();
            RC_ASSERT(sum * per.count() <= std::int64_t{burst} * per.count() + std::int64_t{permits} * t);
        }
    }
}

/// Permits that were given back are as if they had never been taken, or fewer: never more are used than the limit allows.
RC_GTEST_PROP(shared_rate_kernel, what_is_given_back_never_lets_in_more_than_the_limit, ()) {
    const auto burst = *rc::gen::inRange(1U, 30U);
    cell_of shared{{100, 1s, burst}};
    const auto steps = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
        rc::gen::pair(rc::gen::arbitrary<std::uint32_t>(), rc::gen::arbitrary<std::uint32_t>()));
    struct lease {
        duration at;
        std::int64_t used;
    };
    std::vector<lease> leased;
    duration now{};
    for (const auto& [gap, what] : steps) {
        now += duration{1ms} * (gap % 40);
        if (what % 3 == 0 && !leased.empty()) {
            lease& one = leased[what % leased.size()];
            shared.give_back(static_cast<unsigned>(one.used), now - one.at, now);
            one.used = 0;
        } else if (const unsigned n = shared.take(1, 1 + what % 20, now); n > 0) {
            leased.push_back({now, n});
        }
    }
    for (std::size_t from = 0; from < leased.size(); ++from) {
        std::int64_t sum = 0;
        for (std::size_t to = from; to < leased.size(); ++to) {
            sum += leased[to].used;
            RC_ASSERT(sum <= burst + (leased[to].at - leased[from].at) / 10ms);
        }
    }
}

// ---- what one instance knows of it ----

/// Ten a second, ten at once: exhausted, now.
class exhausted {
public:
    explicit exhausted(unsigned burst = 10, unsigned lease = 5) : rule{10, 1s, burst}, known{rule, lease} {}

    exhausted& by_itself(double dice) { return known.wrote(++version, rule.full(), now, dice), *this; }
    exhausted& by_others(double dice) { return known.found(++version, rule.full(), now, dice), *this; }
    [[nodiscard]] duration wait(unsigned n = 1) const { return known.wait_for(n, now); }

    shared_rate_limiter_kernel rule;
    known_limit known;
    cell_version version = 0;
    instant now{1h};
};

TEST(known_limit, who_has_leased_last_asks_later_than_all_others) {
    EXPECT_EQ(exhausted{}.by_others(0).wait(), 100ms) << "when one is back, and no sooner";
    EXPECT_LT(exhausted{}.by_others(0.999).wait(), 112500us) << "by an eighth of that at the most";
    EXPECT_EQ(exhausted{}.by_itself(0).wait(), 112500us);
    EXPECT_LT(exhausted{}.by_itself(0.999).wait(), 125ms);
}

TEST(known_limit, the_more_often_others_came_first_the_sooner_it_asks) {
    exhausted it;
    const duration first = it.by_others(0.8).wait();
    it.known.lost();
    const duration second = it.by_others(0.8).wait();
    EXPECT_EQ(first, 110ms);
    EXPECT_EQ(second, 105ms);
    EXPECT_EQ(it.by_itself(0).by_others(0.8).wait(), first) << "it has had its turn";
}

TEST(known_limit, where_permits_are_there_it_asks_at_once) {
    exhausted it;
    it.known.wrote(1, {}, it.now, 0.9);
    EXPECT_EQ(it.wait(10), duration::zero());
    it.by_itself(0.9).now += 125ms;
    EXPECT_EQ(it.wait(), duration::zero());
}

TEST(known_limit, nothing_is_lost_by_standing_back) {
    EXPECT_EQ(exhausted(1, 1).by_itself(0.9).wait(), 100ms) << "the limit is full by then";
    EXPECT_EQ(exhausted{}.by_itself(0.9).wait(10), 1s);
    EXPECT_EQ(exhausted{}.by_itself(0.9).wait(11), forever);
}

TEST(known_limit, a_slow_limit_makes_nobody_stand_back_for_long) {
    known_limit daily{{10, 24h, 10}, 5};
    daily.wrote(1, shared_rate_limiter_kernel{10, 24h, 10}.full(), instant{1h}, 0.9);
    EXPECT_LE(daily.wait_for(1, instant{1h}), duration{24h} / 10 + 200ms);
}

TEST(known_limit, it_asks_for_what_a_question_is_worth_and_for_less_where_others_came_first) {
    exhausted it;
    EXPECT_EQ(it.known.worth_asking(1), 1U);
    it.known.took(20ms);
    EXPECT_EQ(it.known.worth_asking(1), 4U) << "twenty times as long";
    EXPECT_EQ(it.known.worth_asking(7), 7U);
    it.known.took(1h);
    EXPECT_EQ(it.known.worth_asking(1), 5U) << "the lease";
    it.known.took(20ms);
    for (int i = 0; i < 8; ++i) it.known.lost();
    EXPECT_EQ(it.known.worth_asking(1), 2U);
    for (int i = 0; i < 100; ++i) it.known.lost();
    EXPECT_EQ(it.known.worth_asking(1), 1U);
    EXPECT_EQ(it.by_itself(0).known.worth_asking(1), 4U);
}

TEST(known_limit, it_asks_for_what_comes_back_in_a_tenth_of_a_second_however_quick_the_store_is) {
    const auto worth = [](unsigned permits, unsigned burst, unsigned lease, unsigned missing = 1) {
        known_limit known{{permits, 1s, burst}, lease};
        known.took(10us);
        return known.worth_asking(missing);
    };
    EXPECT_EQ(worth(100, 200, 50), 10U);
    EXPECT_EQ(worth(1000, 200, 50), 50U) << "no more than a lease";
    EXPECT_EQ(worth(1000, 200, 50, 70), 70U) << "but for a call that needs more";
    EXPECT_EQ(worth(1000, 50, 50), 25U) << "nor than half the burst: a limit that is full loses what comes back";
    EXPECT_EQ(worth(1000, 1, 1), 1U);
    EXPECT_EQ(worth(3, 10, 5), 1U) << "a slow limit is asked for one by one";
}

TEST(known_limit, where_permits_are_scarce_it_holds_as_many_as_it_uses) {
    known_limit known{{1000, 1s, 100}, 50};
    const shared_rate_limiter_kernel rule{1000, 1s, 100};
    const instant now{1h};
    known.wrote(1, rule.full(), now, 0);
    EXPECT_EQ(known.most_in_hand(now), 50U) << "it may use them all";
    known.left_over(30);
    EXPECT_EQ(known.most_in_hand(now), 20U);
    known.wrote(2, rule.full(), now, 0);
    EXPECT_EQ(known.most_in_hand(now), 20U) << "some of the last were left over";
    known.wrote(3, rule.full(), now, 0);
    EXPECT_EQ(known.most_in_hand(now), 21U) << "none were";
    known.left_over(1000);
    EXPECT_EQ(known.most_in_hand(now), 1U);
    known.wrote(4, rule.full(), now, 0);
    for (int i = 0; i < 1000; ++i) known.wrote(5, rule.full(), now, 0);
    EXPECT_EQ(known.most_in_hand(now), 50U) << "no more than a lease";
}

TEST(known_limit, and_a_lease_as_soon_as_they_are_not) {
    known_limit known{{1000, 1s, 100}, 50};
    const shared_rate_limiter_kernel rule{1000, 1s, 100};
    const instant now{1h};
    known.wrote(1, rule.full(), now, 0);
    known.left_over(49);
    EXPECT_EQ(known.most_in_hand(now + 74ms), 1U) << "after a lease less than a quarter of the burst would be left";
    EXPECT_EQ(known.most_in_hand(now + 75ms), 50U);
    known.wrote(2, rule.full(), now + 75ms, 0);
    EXPECT_EQ(known.most_in_hand(now + 75ms), 50U) << "and what it used long ago says nothing any more";
    known.left_over(49);
    known.found_nothing();
    EXPECT_EQ(known.most_in_hand(now + 75ms), 50U);
}

TEST(known_limit, who_uses_few_waits_for_as_many_as_all_others) {
    known_limit known{{1000, 1s, 100}, 50};
    const shared_rate_limiter_kernel rule{1000, 1s, 100};
    known.wrote(1, rule.full(), instant{1h}, 0);
    known.left_over(49);
    EXPECT_EQ(known.worth_asking(1), 50U);
    EXPECT_EQ(known.worth_asking(70), 70U) << "but for a call that needs more";
}

TEST(known_limit, where_there_is_no_cell_all_of_the_burst_is_there) {
    exhausted it;
    it.by_others(0.5).known.found_nothing();
    EXPECT_EQ(it.wait(10), duration::zero());
    EXPECT_EQ(it.known.version(), 0U);
}

TEST(shared_rate_kernel, all_of_the_rate_can_be_had) {
    for (const unsigned permits : {3U, 7U, 999U, 123'457U, 300'000'000U}) {
        cell_of shared{{permits, 1s, 1000}};
        (void)shared.take(1, 1000, 0s);
        std::uint64_t taken = 0;
        for (int i = 1; i <= 1000; ++i)
            for (unsigned n = 1; n > 0;) taken += n = shared.take(1, 1000, i * (1000 * duration{1s} / permits) / 2);
        EXPECT_NEAR(static_cast<double>(taken), 500'000.0, 2000.0) << permits;
    }
}

}  // namespace
}  // namespace cutwater::shared_rate_kernel_tests
