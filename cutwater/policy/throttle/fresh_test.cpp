// When a throttle says that it differs in nothing from a new one, nobody can tell the two apart by what they decide.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/policy/throttle/throttle.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

struct step {
    int what = 0;
    unsigned times = 1;
    criticality importance{};
    duration after{};
};

/// What can be seen of a step: whether a call is rejected, and where its window stands then.
std::pair<bool, throttle_reading> play(throttle& on, const step& s, instant now, double dice) {
    bool rejected = false;
    for (unsigned i = 0; i < s.times; ++i) {
        random_source same{static_cast<std::uint64_t>(dice * 1e9) + i};
        if (s.what == 0) rejected = on.should_reject(now, same, s.importance);
        if (s.what == 1) on.record_accepted(now, s.importance);
        if (s.what == 2) on.record_failed(now, s.importance);
    }
    return {rejected, on.read(now, s.importance)};
}

std::vector<step> random_steps() {
    std::vector<step> steps(*rc::gen::inRange<std::size_t>(1, 30));
    for (step& s : steps)
        s = {.what = *rc::gen::inRange(0, 3),
             .times = *rc::gen::element(1U, 3U, 20U),
             .importance = static_cast<criticality>(*rc::gen::inRange(0, 4)),
             .after = *rc::gen::element<duration>(0s, 1ns, 50ms, 1s, 4s, 29s)};
    return steps;
}

RC_GTEST_PROP(throttle_fresh, nobody_can_tell_it_from_a_new_one, ()) {
    const throttle_options options{
        .window = 3s,
        .min_calls = 3,
        .windows = *rc::gen::element(throttle_windows::shared, throttle_windows::by_criticality)};
    throttle old{options};
    instant now = noon;
    for (const step& s : random_steps()) (void)play(old, s, now = add(now, s.after), 0.5);
    now = add(now, *rc::gen::element<duration>(0s, 2s, 3s, 1h));
    const bool is_fresh = old.is_fresh(now);
    RC_CLASSIFY(is_fresh);
    RC_PRE(is_fresh);
    throttle made_now{options};
    double dice = 0.0;
    for (const step& s : random_steps()) {
        now = add(now, s.after);
        dice = *rc::gen::inRange(0, 1000) / 1000.0;
        RC_ASSERT(play(old, s, now, dice) == play(made_now, s, now, dice));
    }
}

TEST(throttle_fresh, one_that_has_counted_anything_is_not_until_the_window_is_over) {
    throttle db{{.window = 30s}};
    EXPECT_TRUE(db.is_fresh(noon));
    db.record_accepted(noon);
    EXPECT_FALSE(db.is_fresh(noon)) << "it is counted, though nobody has gathered it";
    EXPECT_FALSE(db.is_fresh(noon + 29s));
    EXPECT_TRUE(db.is_fresh(noon + 30s));
    db.record_failed(noon + 30s);
    EXPECT_FALSE(db.is_fresh(noon + 30s));
}

TEST(throttle_fresh, one_that_rejected_whatever_came_is_when_nobody_has_come_for_a_window) {
    throttle db{{.window = 30s}};
    for (int i = 0; i < 1000; ++i) db.record_failed(noon);
    random_source dice{42};
    EXPECT_TRUE(db.should_reject(noon, dice));
    EXPECT_FALSE(db.is_fresh(noon + 29s));
    EXPECT_TRUE(db.is_fresh(noon + 30s));
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(db.should_reject(noon + 30s, dice));
}

TEST(throttle_fresh, every_window_counts) {
    throttle db{{.window = 30s, .windows = throttle_windows::by_criticality}};
    db.record_accepted(noon, criticality::best_effort);
    EXPECT_FALSE(db.is_fresh(noon));
    EXPECT_TRUE(db.is_fresh(noon + 30s));
}

}  // namespace
}  // namespace cutwater
