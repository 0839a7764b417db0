#include "cutwater/drive/wheel/timer_wheel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <list>
#include <map>
#include <vector>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr duration tick{1 << 20};
constexpr instant start{1h};

struct alarm final : timer_wheel::node {
    explicit alarm(std::function<void()> what = {}) : rings{std::move(what)} {}
    void on_expiry() noexcept override {
        ++rung;
        if (rings) rings();
    }
    std::function<void()> rings;
    int rung = 0;
};

TEST(timer_wheel, fires_at_the_first_tick_at_or_after_its_instant_and_never_before) {
    timer_wheel wheel;
    wheel.fire_due(start);
    alarm a;
    wheel.arm(a, start + 10ms);
    EXPECT_EQ(wheel.fire_due(start + 10ms - 1ns), 0U);
    EXPECT_EQ(wheel.fire_due(start + 10ms + tick), 1U);
    EXPECT_EQ(a.rung, 1);
    EXPECT_TRUE(wheel.empty());
}

TEST(timer_wheel, a_disarmed_timer_is_silent_and_may_be_disarmed_twice) {
    timer_wheel wheel;
    alarm a;
    wheel.arm(a, start);
    wheel.disarm(a);
    wheel.disarm(a);
    EXPECT_EQ(wheel.next_due(), std::nullopt);
    EXPECT_EQ(wheel.fire_due(start + 1h), 0U);
}

TEST(timer_wheel, arming_again_moves_the_timer) {
    timer_wheel wheel;
    alarm a;
    wheel.arm(a, start + 1s);
    wheel.arm(a, start + 2s);
    EXPECT_EQ(wheel.size(), 1U);
    EXPECT_EQ(wheel.fire_due(start + 1500ms), 0U);
    EXPECT_EQ(wheel.fire_due(start + 3s), 1U);
}

TEST(timer_wheel, an_instant_in_the_past_fires_at_the_next_tick) {
    timer_wheel wheel;
    wheel.fire_due(start);
    alarm a;
    wheel.arm(a, start - 1h);
    EXPECT_EQ(wheel.fire_due(start + 2 * tick), 1U);
}

TEST(timer_wheel, the_ends_of_time_are_accepted) {
    timer_wheel wheel;
    wheel.fire_due(start);
    alarm a;
    alarm b;
    wheel.arm(a, never);
    wheel.arm(b, instant::min());
    EXPECT_EQ(wheel.fire_due(start + 24h * 3650), 1U);
    EXPECT_EQ(a.rung, 0);
    EXPECT_EQ(b.rung, 1);
    wheel.disarm(a);
}

TEST(timer_wheel, a_timer_may_arm_and_disarm_others_while_it_fires) {
    timer_wheel wheel;
    wheel.fire_due(start);
    alarm later;
    alarm victim;
    alarm first{[&] {
        wheel.disarm(victim);
        wheel.arm(later, start + 20ms);
    }};
    wheel.arm(first, start + 10ms);
    wheel.arm(victim, start + 10ms);
    wheel.fire_due(start + 30ms);
    EXPECT_EQ(first.rung, 1);
    EXPECT_EQ(victim.rung, 0);
    EXPECT_EQ(later.rung, 1);
}

/// A wheel beside a plain list of what is armed.
struct modelled_wheel {
    timer_wheel wheel;
    std::list<alarm> alarms;
    std::map<alarm*, instant> armed;
    instant now = start;

    modelled_wheel() { wheel.fire_due(start); }

    void arm(duration in) {
        const instant due = now + in;
        wheel.arm(alarms.emplace_back(), due);
        armed[&alarms.back()] = due;
    }
    void disarm_one() {
        if (armed.empty()) return;
        wheel.disarm(*armed.begin()->first);
        armed.erase(armed.begin());
    }
    void pass(duration d) {
        now += d;
        wheel.fire_due(now);
        std::erase_if(armed, [&](const auto& entry) {
            const auto& [timer, due] = entry;
            const bool fired = timer->rung == 1;
            if (fired) RC_ASSERT(due <= now);            // never early
            if (due + 2 * tick < now) RC_ASSERT(fired);  // at most a tick late, and one more to start
            return fired;
        });
    }
    void check() {
        RC_ASSERT(wheel.size() == armed.size());
        const auto next = wheel.next_due();
        RC_ASSERT(next.has_value() == !armed.empty());
        for (const auto& [timer, due] : armed) RC_ASSERT(*next <= std::max(due + tick, now + 2 * tick));
    }
};

RC_GTEST_PROP(timer_wheel, fires_what_a_plain_list_fires, ()) {
    modelled_wheel both;
    const auto random_span = [] {
        const auto magnitude = *rc::gen::inRange<int>(0, 45);
        return duration{*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << magnitude)};
    };
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
            case 1: both.arm(random_span()); break;
            case 2: both.disarm_one(); break;
            default: both.pass(random_span());
        }
        both.check();
    }
    while (!both.armed.empty()) both.disarm_one();
    RC_ASSERT(both.wheel.empty());
}

}  // namespace
}  // namespace cutwater
