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

RC_GTEST_PROP(timer_wheel, fires_what_a_sorted_map_fires, ()) {
    timer_wheel wheel;
    wheel.fire_due(start);
    std::list<alarm> alarms;
    std::map<alarm*, instant> model;
    instant now = start;
    const auto random_span = [] {
        const auto magnitude = *rc::gen::inRange<int>(0, 45);
        return duration{*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << magnitude)};
    };
    const int steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) {
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
            case 1: {
                const instant due = now + random_span();
                wheel.arm(alarms.emplace_back(), due);
                model[&alarms.back()] = due;
                break;
            }
            case 2:
                if (!model.empty()) {
                    wheel.disarm(*model.begin()->first);
                    model.erase(model.begin());
                }
                break;
            default: {
                now += random_span();
                wheel.fire_due(now);
                for (auto it = model.begin(); it != model.end();) {
                    const bool fired = it->first->rung == 1;
                    if (fired) RC_ASSERT(it->second <= now);            // never early
                    if (it->second + 2 * tick < now) RC_ASSERT(fired);  // at most a tick late, and one more to start
                    it = fired ? model.erase(it) : std::next(it);
                }
            }
        }
        RC_ASSERT(wheel.size() == model.size());
        if (const auto due = wheel.next_due())
            for (const auto& [timer, at] : model) RC_ASSERT(*due <= std::max(at + tick, now + 2 * tick));
    }
    for (const auto& [timer, at] : model) wheel.disarm(*timer);
    RC_ASSERT(wheel.empty());
}

}  // namespace
}  // namespace cutwater
