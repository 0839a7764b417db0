// When a limiter says that it differs in nothing from a new one, nobody can tell the two apart; and a cell decides as a limiter.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/policy/rate_limiter/cells.hpp"
#include "cutwater/policy/rate_limiter/rate_limiter.hpp"

namespace cutwater::fresh_tests {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

struct step {
    unsigned weight = 1;
    bool reserves = false;
    bool cancels = false;
    duration after{};
};

struct sight {
    bool taken = false;
    duration ahead{};
    rate_reading reading{};

    friend bool operator==(const sight&, const sight&) = default;
};

sight play(rate_limiter& on, const step& s, instant now) {
    sight seen;
    if (s.reserves) {
        auto held = on.reserve(now, 1s, s.weight);
        seen.taken = held.has_value();
        if (held) seen.ahead = between(now, held->at());
        if (held && s.cancels) held->cancel(now);
    } else {
        seen.taken = on.try_acquire(now, s.weight);
    }
    seen.reading = on.read(now);
    return seen;
}

std::vector<step> random_steps(int most) {
    std::vector<step> steps;
    const int n = *rc::gen::inRange(1, most);
    for (int i = 0; i < n; ++i)
        steps.push_back({.weight = *rc::gen::inRange(0U, 5U),
                         .reserves = *rc::gen::inRange(0, 3) == 0,
                         .cancels = *rc::gen::arbitrary<bool>(),
                         .after = *rc::gen::element<duration>(0s, 1ns, 30ms, 100ms, 350ms, 1s, 1001ms, 5s)});
    return steps;
}

RC_GTEST_PROP(rate_limiter_fresh, nobody_can_tell_it_from_a_new_one, ()) {
    rate_limiter_options options{
        .window = *rc::gen::element(rate_window::rolling, rate_window::fixed, rate_window::sliding),
        .permits = 10,
        .per = 1s,
        .max_queue = *rc::gen::element(0U, 3U)};
    if (options.window == rate_window::rolling) options.burst = *rc::gen::inRange(1U, 5U);
    rate_limiter old{options};
    instant now = noon;
    for (const step& s : random_steps(30)) {
        now = add(now, s.after);
        (void)play(old, s, now);
    }
    const bool is_fresh = old.is_fresh(now);
    RC_CLASSIFY(is_fresh);
    RC_PRE(is_fresh);
    rate_limiter made_now{options};
    for (const step& s : random_steps(30)) {
        now = add(now, s.after);
        RC_ASSERT(play(old, s, now) == play(made_now, s, now));
    }
}

TEST(rate_limiter_fresh, T79_a_drained_bucket_is_not_and_is_again_when_it_has_filled) {
    for (const rate_window window : {rate_window::rolling, rate_window::fixed, rate_window::sliding}) {
        SCOPED_TRACE(to_text(window));
        rate_limiter db{{.window = window, .permits = 10, .per = 1s, .burst = 10}};
        EXPECT_TRUE(db.is_fresh(noon));
        EXPECT_TRUE(db.try_acquire(noon, 10));
        EXPECT_FALSE(db.is_fresh(noon));
        EXPECT_FALSE(db.is_fresh(noon + 999ms));
        EXPECT_TRUE(db.is_fresh(noon + 1001ms));
    }
}

TEST(rate_limiter_fresh, a_fixed_window_in_which_all_was_given_back_is_not_it_ends_sooner) {
    rate_limiter db{{.window = rate_window::fixed, .permits = 10, .per = 1s}};
    auto held = db.reserve(noon);
    ASSERT_TRUE(held);
    held->cancel(noon);
    EXPECT_EQ(db.read(noon).remaining, 10U);
    EXPECT_FALSE(db.is_fresh(noon));
}

TEST(rate_limiter_fresh, a_sliding_window_is_not_while_any_permit_of_it_is_out) {
    rate_limiter db{{.window = rate_window::sliding, .permits = 10, .per = 1s}};
    EXPECT_TRUE(db.try_acquire(noon));
    EXPECT_TRUE(db.try_acquire(noon + 500ms));
    EXPECT_FALSE(db.is_fresh(noon + 1s)) << "the first is back, the second is not";
    EXPECT_TRUE(db.is_fresh(noon + 1500ms));
}

TEST(rate_limiter_fresh, one_that_somebody_waits_for_is_not) {
    struct nobody final : waker {
        void wake() noexcept override {}
    } bell;
    shared_rate rate{{.permits = 10, .per = 1s, .burst = 1, .max_queue = 1}};
    waiter w{bell};
    EXPECT_TRUE(rate.try_take(1, noon));
    EXPECT_EQ(rate.take_or_queue(w, noon, 1s).what, shared_rate::answer::queued);
    EXPECT_FALSE(rate.is_fresh(noon + 1h));
    rate.leave(w);
    EXPECT_TRUE(rate.is_fresh(noon + 1h));
}

RC_GTEST_PROP(rate_cells, a_cell_decides_as_a_limiter_does, ()) {
    const rate_limiter_options options{.permits = 10, .per = 1s, .burst = *rc::gen::inRange(1U, 5U)};
    rate_limiter limiter{options};
    const rate_cells rules{options, name{"each"}};
    rate_cells::word cell = rate_cells::fresh;
    instant now = noon;
    for (const step& s : random_steps(40)) {
        now = add(now, s.after);
        RC_ASSERT(rules.try_acquire(cell, s.weight, now) == limiter.try_acquire(now, s.weight));
        RC_ASSERT(rules.read(cell, s.weight, now) == limiter.read(now, s.weight));
        RC_ASSERT(rules.is_fresh(cell, now) == limiter.is_fresh(now));
        RC_ASSERT((rules.refill(cell, now) == 0s) == rules.is_fresh(cell, now));
        RC_ASSERT(rules.is_fresh(cell, add(now, rules.refill(cell, now))));
    }
}

TEST(rate_cells, one_that_is_fresh_from_an_instant_on_is_not_before) {
    const rate_cells rules{{.permits = 10, .per = 1s, .burst = 5}, name{"each"}};
    const rate_cells::word cell = rules.fresh_from(noon);
    EXPECT_TRUE(rules.is_fresh(cell, noon));
    EXPECT_FALSE(rules.is_fresh(cell, noon - 1ns));
    EXPECT_EQ(rules.read(cell, 1, noon - 100ms).remaining, 4U);
}

TEST(rate_cells, suit_what_is_one_word) {
    EXPECT_TRUE(rate_cells::suit({}));
    EXPECT_FALSE(rate_cells::suit({.max_queue = 1}));
    EXPECT_FALSE(rate_cells::suit({.window = rate_window::fixed}));
    EXPECT_FALSE(rate_cells::suit({.window = rate_window::sliding}));
}

}  // namespace
}  // namespace cutwater::fresh_tests
