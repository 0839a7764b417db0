// How the limit moves with what is seen, as scripts.

#include "cutwater/policy/concurrency_limiter/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

/// A limiter that is told of one epoch after the other, 200 ms apart.
class told {
public:
    explicit told(const concurrency_limiter_options& o) : kernel{o} {}

    /// As many at once as the limit allows, all answered after this time.
    void answers(duration latency) { answers(latency, kernel.limit()); }
    void answers(duration latency, unsigned in_flight) {
        learn({.answered = 100, .typical = latency, .slow = 2 * latency, .most_in_flight = in_flight});
    }
    void drops(std::uint64_t dropped, std::uint64_t answered = 0) {
        learn({.answered = answered,
               .dropped = dropped,
               .typical = answered > 0 ? 10ms : 0ms,
               .slow = 10ms,
               .most_in_flight = kernel.limit()});
    }
    void learn(const epoch_seen& seen) {
        now += 200ms;
        kernel.learn(seen, now, random);
    }

    concurrency_kernel kernel;
    instant now = noon;
    random_source random{1};
};

TEST(concurrency_kernel_script, holds_while_nothing_is_seen) {
    told t{{}};
    for (int i = 0; i < 100; ++i) t.learn({});
    EXPECT_EQ(t.kernel.limit(), 20U);
}

TEST(concurrency_kernel_script, holds_while_it_is_not_needed) {
    told t{{}};
    for (int i = 0; i < 100; ++i) t.answers(10ms, 9);
    EXPECT_EQ(t.kernel.found(), 20U);
}

TEST(concurrency_kernel_script, rises_while_it_is_needed_and_nobody_waits) {
    told t{{}};
    for (int i = 0; i < 5; ++i) t.answers(10ms);
    EXPECT_EQ(t.kernel.limit(), 50U) << "by six at a time";
}

TEST(concurrency_kernel_script, never_leaves_its_bounds) {
    told up{{.initial_limit = 20, .max_limit = 22}};
    for (int i = 0; i < 5; ++i) up.answers(10ms);
    EXPECT_EQ(up.kernel.limit(), 22U);
    told down{{.initial_limit = 20, .min_limit = 18}};
    for (int i = 0; i < 50; ++i) down.drops(1);
    EXPECT_EQ(down.kernel.limit(), 18U);
}

TEST(concurrency_kernel_script, T84_a_limit_of_one_is_reached_where_everything_fails_and_left_when_it_does_not) {
    for (const auto rule : {limit_rule::vegas, limit_rule::gradient, limit_rule::aimd}) {
        told t{{.rule = rule}};
        for (int i = 0; i < 200; ++i) t.drops(10);
        EXPECT_EQ(t.kernel.limit(), 1U);
        for (int i = 0; i < 100; ++i) t.answers(10ms);
        EXPECT_GE(t.kernel.found(), 20U);
    }
}

TEST(concurrency_kernel_script, few_failures_are_no_overload) {
    told t{{.max_drop_rate = 0.1}};
    t.answers(10ms);
    const unsigned before = t.kernel.limit();
    t.drops(10, 90);
    EXPECT_GT(t.kernel.limit(), before);
    const unsigned after = t.kernel.limit();
    t.drops(11, 89);
    EXPECT_LT(t.kernel.limit(), after);
}

TEST(concurrency_kernel_script, holds_where_all_fail_and_that_is_no_overload) {
    for (const auto rule : {limit_rule::vegas, limit_rule::gradient, limit_rule::aimd}) {
        told t{{.rule = rule, .max_drop_rate = 1}};
        for (int i = 0; i < 100; ++i) t.drops(100);
        EXPECT_EQ(t.kernel.limit(), 20U);
    }
}

TEST(concurrency_kernel_script, calls_that_do_not_end_count_as_having_taken_as_long_as_they_are_old) {
    told t{{}};
    t.answers(10ms);
    const unsigned before = t.kernel.limit();
    for (int i = 0; i < 3; ++i)
        t.learn(
            {.answered = 50, .outstanding = 50, .typical = 10ms, .slow = 10ms, .age = 1s, .most_in_flight = before});
    EXPECT_LT(t.kernel.limit(), before);
    EXPECT_EQ(t.kernel.idle(), 10ms);
}

TEST(concurrency_kernel_script, falls_where_no_call_ends_at_all_and_holds_where_none_ever_did) {
    told t{{}};
    const epoch_seen nothing_ends{.outstanding = 20, .age = 5s, .most_in_flight = 20};
    for (int i = 0; i < 10; ++i) t.learn(nothing_ends);
    EXPECT_EQ(t.kernel.limit(), 20U) << "perhaps that is what they take";
    t.answers(10ms);
    for (int i = 0; i < 50; ++i) t.learn(nothing_ends);
    EXPECT_LE(t.kernel.limit(), 6U) << "as many as may wait";
    EXPECT_EQ(t.kernel.idle(), 10ms);
}

TEST(concurrency_kernel_script, never_rises_where_nothing_was_answered) {
    for (const auto rule : {limit_rule::vegas, limit_rule::gradient, limit_rule::aimd}) {
        told t{{.rule = rule}};
        t.answers(5s);
        const unsigned before = t.kernel.found();
        for (int i = 0; i < 20; ++i) t.learn({.outstanding = 20, .age = 3s, .most_in_flight = before});
        EXPECT_LE(t.kernel.found(), before);
    }
}

TEST(concurrency_kernel_script, failures_that_come_late_count_where_there_is_nothing_else) {
    for (const auto rule : {limit_rule::vegas, limit_rule::gradient, limit_rule::aimd}) {
        told t{{.rule = rule}};
        t.answers(5s);
        const unsigned before = t.kernel.found();
        t.learn({.answered = 100, .dropped_late = 100, .typical = 10ms, .slow = 10ms, .most_in_flight = before});
        EXPECT_GE(t.kernel.found(), before) << "those that began under this limit are well";
        for (int i = 0; i < 100; ++i) t.learn({.dropped_late = 20, .outstanding = 20, .age = 3s, .most_in_flight = 20});
        EXPECT_EQ(t.kernel.found(), 1U);
    }
}

TEST(concurrency_kernel_script, what_failed_is_no_sample_of_latency) {
    told t{{}};
    t.answers(10ms);
    for (int i = 0; i < 10; ++i) t.drops(100);
    EXPECT_EQ(t.kernel.idle(), 10ms);
}

TEST(concurrency_kernel_script, windows_are_twice_as_long_as_calls_take) {
    told t{{.window = 100ms, .max_window = 2s}};
    EXPECT_EQ(t.kernel.window(), 100ms);
    t.answers(1ms);
    EXPECT_EQ(t.kernel.window(), 100ms);
    t.answers(200ms);
    EXPECT_EQ(t.kernel.window(), 800ms);
    t.answers(10s);
    EXPECT_EQ(t.kernel.window(), 1s) << "an epoch is two windows long";
    t.drops(1);
    EXPECT_EQ(t.kernel.window(), 1s) << "nothing was answered: nothing is known";
}

/// Told of answers until it probes.
told at_a_probe(concurrency_limiter_options o = {}) {
    told t{o};
    while (!t.kernel.is_probing()) t.answers(20ms);
    return t;
}

TEST(concurrency_kernel_script, probes_soon_and_then_every_now_and_then) {
    told t{{.probe_every = 30s}};
    unsigned epochs = 0;
    for (; !t.kernel.is_probing(); ++epochs) t.answers(10ms);
    EXPECT_GT(epochs, 5U);
    EXPECT_LE(epochs, 21U);
    EXPECT_EQ(t.kernel.limit(), t.kernel.found() / 2);
    t.answers(10ms);
    EXPECT_FALSE(t.kernel.is_probing());
    const instant before = t.now;
    while (!t.kernel.is_probing()) t.answers(10ms);
    EXPECT_GE(t.now - before, 15s - 1s);
    EXPECT_LE(t.now - before, 45s + 1s);
}

TEST(concurrency_kernel_script, T82_nor_are_the_first_of_limiters_that_begin_together) {
    std::set<unsigned> epochs;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        told t{{}};
        t.random = random_source{seed};
        unsigned count = 0;
        for (; !t.kernel.is_probing(); ++count) t.answers(10ms);
        epochs.insert(count);
    }
    EXPECT_GE(epochs.size(), 10U);
}

TEST(concurrency_kernel_script, T82_nor_are_those_of_limiters_that_lose_half_together) {
    std::set<unsigned> epochs;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        told t{{.initial_limit = 400, .probe_every = 24h}};
        while (!t.kernel.is_probing()) t.answers(20ms);
        t.answers(20ms);
        t.random = random_source{seed};
        unsigned count = 0;
        for (; !t.kernel.is_probing(); ++count) t.answers(60ms);
        epochs.insert(count);
    }
    EXPECT_GE(epochs.size(), 5U);
}

TEST(concurrency_kernel_script, T82_the_probes_of_many_limiters_are_not_made_at_the_same_time) {
    std::set<instant> at;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        told t = at_a_probe();
        t.random = random_source{seed};
        t.answers(20ms);
        t.now += 46s;
        t.answers(20ms);  // the second probe; it plans the third with dice of its own
        t.answers(20ms);
        while (!t.kernel.is_probing()) t.answers(20ms);
        at.insert(t.now);
    }
    EXPECT_GE(at.size(), 40U);
}

TEST(concurrency_kernel_script, a_probe_raises_the_idle_latency_where_it_is_the_dependency_that_is_slow) {
    told t = at_a_probe();
    t.answers(20ms);
    t.now += 46s;
    t.answers(60ms);
    ASSERT_TRUE(t.kernel.is_probing());
    EXPECT_EQ(t.kernel.idle(), 20ms);
    t.answers(58ms);
    EXPECT_FALSE(t.kernel.is_probing());
    EXPECT_EQ(t.kernel.idle(), 58ms);
}

TEST(concurrency_kernel_script, a_probe_goes_down_until_latency_falls_no_more_and_the_limit_is_what_it_was) {
    told t = at_a_probe({.initial_limit = 400});
    const unsigned found = t.kernel.found();
    t.answers(10ms);
    EXPECT_EQ(t.kernel.limit(), found / 4);
    t.answers(5ms);
    EXPECT_EQ(t.kernel.limit(), found / 8);
    t.answers(5ms);
    EXPECT_EQ(t.kernel.limit(), found);
    EXPECT_EQ(t.kernel.idle(), 5ms);
}

TEST(concurrency_kernel_script, a_probe_ends_at_the_least_limit) {
    told t = at_a_probe({.initial_limit = 100, .min_limit = 60});
    EXPECT_EQ(t.kernel.limit(), std::max(60U, t.kernel.found() / 2));
    while (t.kernel.limit() > 60) t.answers(t.kernel.limit() * 1ms);
    t.answers(1ms);
    EXPECT_FALSE(t.kernel.is_probing());
}

TEST(concurrency_kernel_script, a_probe_in_which_nothing_is_answered_is_over) {
    told t = at_a_probe();
    t.drops(1);
    EXPECT_FALSE(t.kernel.is_probing());
    EXPECT_EQ(t.kernel.idle(), 20ms);
}

TEST(concurrency_kernel_script, T84_at_the_least_limit_what_is_seen_is_the_idle_latency) {
    told t = at_a_probe({.initial_limit = 5, .min_limit = 5, .max_limit = 60});
    t.answers(1ms);
    for (int i = 0; i < 10; ++i) t.answers(1ms);
    ASSERT_EQ(t.kernel.idle(), 1ms);
    for (int i = 0; i < 300; ++i) t.answers(50ms);  // all of it slower, for good
    EXPECT_EQ(t.kernel.idle(), 50ms);
    EXPECT_EQ(t.kernel.found(), 60U);
}

TEST(concurrency_kernel_script, probes_early_where_half_of_the_limit_is_lost) {
    told t = at_a_probe({.initial_limit = 400, .probe_every = 24h});
    t.answers(20ms);
    const unsigned before = t.kernel.found();
    unsigned epochs = 0;
    for (; !t.kernel.is_probing() && epochs < 100; ++epochs) t.answers(60ms);
    EXPECT_LT(epochs, 20U);
    EXPECT_LE(t.kernel.found(), before / 2);
    t.answers(60ms);
    EXPECT_EQ(t.kernel.idle(), 60ms);
}

TEST(concurrency_kernel_script, aimd_never_probes) {
    told t{{.rule = limit_rule::aimd}};
    for (int i = 0; i < 1000; ++i) {
        t.answers(10ms);
        ASSERT_FALSE(t.kernel.is_probing());
    }
}

RC_GTEST_PROP(concurrency_kernel_script, whatever_is_seen_the_limit_stays_in_its_bounds_and_comes_back, ()) {
    const auto rule = *rc::gen::element(limit_rule::vegas, limit_rule::gradient, limit_rule::aimd);
    const auto least = *rc::gen::inRange(1U, 20U);
    told t{{.rule = rule, .initial_limit = 20, .min_limit = least, .max_limit = 60}};
    const int steps = *rc::gen::inRange(0, 300);
    for (int i = 0; i < steps; ++i) {
        const duration typical = std::chrono::microseconds{*rc::gen::inRange(1, 3'000'000)};
        t.now += std::chrono::milliseconds{*rc::gen::inRange(0, 5000)};
        t.learn({.answered = *rc::gen::inRange<std::uint64_t>(0, 100),
                 .dropped = *rc::gen::inRange<std::uint64_t>(0, 30),
                 .typical = typical,
                 .slow = 2 * typical,
                 .most_in_flight = *rc::gen::inRange(0U, 100U)});
        RC_ASSERT(t.kernel.limit() >= least && t.kernel.limit() <= 60U);
        RC_ASSERT(t.kernel.window() >= 100ms && t.kernel.window() <= 5s);
    }
    for (int i = 0; i < 400; ++i) t.answers(1ms);
    RC_ASSERT(t.kernel.found() == 60U);
}

}  // namespace
}  // namespace cutwater
