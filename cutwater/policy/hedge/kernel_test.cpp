#include "cutwater/policy/hedge/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace cutwater {
namespace {

constexpr instant start{1h};
constexpr duration delay = 100ms;

observation saw(verdict meaning, std::optional<duration> wish = {}) {
    return {.judged = {.meaning = meaning, .retry_after = wish}};
}

/// A kernel, and the time that its script is at.
class hedge_kernel_test : public ::testing::Test {
protected:
    hedge_options options{.max_attempts = 4};
    instant deadline = never;
    instant now = start;
    hedge_kernel kernel{options, 99};

    [[nodiscard]] race_step next() const { return kernel.next(now, deadline); }
    [[nodiscard]] bool begins() {
        if (next().what != race_step::kind::begin) return false;
        kernel.begun(now, delay);
        return true;
    }
    [[nodiscard]] bool ends(verdict meaning, std::optional<duration> wish = {}) {
        return kernel.ended(saw(meaning, wish), now);
    }
    [[nodiscard]] bool waits_until(instant t) const { return next().what == race_step::kind::wait && next().at == t; }
    [[nodiscard]] bool is_over() const { return next().what == race_step::kind::finish; }
};

TEST_F(hedge_kernel_test, the_first_begins_at_once_and_the_others_each_a_delay_after_the_one_before) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(begins());
        if (i == 3) break;
        EXPECT_TRUE(waits_until(add(now, delay)));
        now = add(now, delay);
    }
    EXPECT_TRUE(waits_until(never)) << "four is all";
}

TEST_F(hedge_kernel_test, what_may_not_be_hedged_has_one_attempt_and_its_outcome) {
    kernel = hedge_kernel{options, 0};
    EXPECT_TRUE(begins());
    now = add(now, 10 * delay);
    EXPECT_TRUE(waits_until(never));
    EXPECT_FALSE(ends(verdict::transient));
    EXPECT_TRUE(is_over());
}

TEST_F(hedge_kernel_test, a_success_is_the_outcome) {
    EXPECT_TRUE(begins());
    EXPECT_TRUE(ends(verdict::success));
}

// gRPC proposal A6, "Hedging Policy": a fatal status ends the call, and no hedge is waited for.
TEST_F(hedge_kernel_test, T67_a_failure_that_trying_again_would_not_help_is_the_outcome) {
    EXPECT_TRUE(begins());
    now = add(now, delay);
    EXPECT_TRUE(begins());
    EXPECT_TRUE(ends(verdict::permanent));
}

// A6: after a non-fatal status the next hedge is sent immediately, and the timer begins again.
TEST_F(hedge_kernel_test, T67_after_a_transient_failure_the_next_begins_at_once_and_the_delay_anew) {
    EXPECT_TRUE(begins());
    now = add(now, delay / 2);
    EXPECT_FALSE(ends(verdict::transient));
    EXPECT_EQ(kernel.cause(), hedge_cause::failure);
    EXPECT_TRUE(begins());
    EXPECT_TRUE(waits_until(add(now, delay)));
    EXPECT_EQ(kernel.cause(), hedge_cause::delay);
}

// A6: pushback names when the next is sent; after a negative one none is.
TEST_F(hedge_kernel_test, a_wish_of_the_dependencys_moves_the_next_one) {
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::transient, 300ms));
    EXPECT_TRUE(waits_until(add(now, 300ms))) << "with nothing under way, too";
    now = add(now, 300ms);
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::transient, -1ms));
    EXPECT_TRUE(is_over());
}

TEST_F(hedge_kernel_test, the_longest_wish_holds_whatever_else_fails_until_it_is_over) {
    EXPECT_TRUE(begins());
    now = add(now, delay);
    EXPECT_TRUE(begins());
    const instant asked_until = add(now, 300ms);
    EXPECT_FALSE(ends(verdict::transient, 300ms));
    EXPECT_FALSE(ends(verdict::transient));
    EXPECT_TRUE(waits_until(asked_until)) << "who asked for nothing takes nothing from it";
    now = asked_until;
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::transient));
    EXPECT_TRUE(begins()) << "it is over";
}

TEST_F(hedge_kernel_test, after_a_negative_wish_what_is_under_way_goes_on) {
    EXPECT_TRUE(begins());
    now = add(now, delay);
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::transient, -1ns));
    EXPECT_TRUE(waits_until(never));
    EXPECT_TRUE(ends(verdict::success));
}

TEST_F(hedge_kernel_test, a_wish_that_is_too_long_ends_it_and_one_of_nothing_is_none) {
    options.max_retry_after = 1s;
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::transient, 0s));
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::transient, 1s));
    EXPECT_TRUE(waits_until(add(now, 1s)));
    now = add(now, 1s);
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::transient, 1s + 1ns));
    EXPECT_TRUE(is_over());
}

// T66: where no hedge can be made and none is under way, the call has its outcome now.
TEST_F(hedge_kernel_test, T66_where_nothing_is_under_way_and_nothing_can_begin_it_is_over_at_once) {
    deadline = add(now, delay);
    EXPECT_TRUE(begins());
    EXPECT_TRUE(waits_until(never)) << "the next would begin at the deadline";
    now = add(now, delay / 2);
    EXPECT_FALSE(ends(verdict::transient, delay));
    EXPECT_TRUE(is_over()) << "the wish would reach the deadline";
}

TEST_F(hedge_kernel_test, T62_T66_what_cannot_be_paid_for_is_left_out_and_asked_for_again) {
    EXPECT_TRUE(begins());
    now = add(now, delay);
    ASSERT_EQ(next().what, race_step::kind::begin);
    kernel.suppressed(now, delay);
    EXPECT_TRUE(waits_until(add(now, delay)));
    EXPECT_FALSE(ends(verdict::transient));
    ASSERT_EQ(next().what, race_step::kind::begin);
    kernel.suppressed(now, delay);
    EXPECT_TRUE(is_over()) << "nothing is under way, and nothing can be paid for";
}

TEST_F(hedge_kernel_test, a_refusal_of_ours_hastens_nothing_and_is_the_outcome_only_where_there_is_no_other) {
    EXPECT_TRUE(begins());
    now = add(now, delay);
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::rejected, 5ms));
    EXPECT_TRUE(waits_until(add(now, delay)));
    EXPECT_FALSE(ends(verdict::rejected, 5ms));
    EXPECT_TRUE(is_over());
}

TEST_F(hedge_kernel_test, nothing_begins_after_a_cancellation) {
    EXPECT_TRUE(begins());
    now = add(now, delay);
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::cancelled));
    now = add(now, delay);
    EXPECT_TRUE(waits_until(never));
    EXPECT_FALSE(ends(verdict::cancelled));
    EXPECT_TRUE(is_over());
}

TEST_F(hedge_kernel_test, a_rule_of_the_users_says_what_leaves_the_call_to_the_others) {
    options.should_go_on = [](const observation& seen) { return seen.meaning() == verdict::permanent; };
    EXPECT_TRUE(begins());
    EXPECT_FALSE(ends(verdict::permanent));
    EXPECT_TRUE(begins());
    EXPECT_TRUE(ends(verdict::transient));
}

TEST_F(hedge_kernel_test, instants_at_the_end_of_time_do_not_wrap) {
    now = instant{duration::max() - 1ns};
    EXPECT_TRUE(begins());
    EXPECT_TRUE(waits_until(never)) << "a delay past the end of time is none that comes";
    EXPECT_TRUE(ends(verdict::success));
}

/// Whatever happens, in whatever order: never more than there may be, never one at the deadline, and always an end.
RC_GTEST_PROP(hedge_kernel, never_begins_too_many_or_too_late_and_always_ends, ()) {
    hedge_options options{.max_attempts = *rc::gen::inRange(1U, 6U)};
    hedge_kernel kernel{options, 99};
    instant now = start;
    const instant deadline = add(now, *rc::gen::inRange<int>(1, 1000) * 1ms);
    unsigned under_way = 0;
    unsigned begun = 0;
    bool decided = false;
    for (int steps = 0; !decided; ++steps) {
        RC_ASSERT(steps < 200);
        const race_step next = kernel.next(now, deadline);
        if (next.what == race_step::kind::finish) break;
        if (next.what == race_step::kind::begin) {
            RC_ASSERT(begun == 0 || now < deadline);
            kernel.begun(now, *rc::gen::inRange<int>(1, 200) * 1ms);
            ++begun, ++under_way;
            continue;
        }
        RC_ASSERT(next.at == never || (next.at > now && next.at < deadline));
        const bool time_first = next.at != never && (under_way == 0 || *rc::gen::arbitrary<bool>());
        if (time_first) {
            now = next.at;
            continue;
        }
        RC_ASSERT(under_way > 0U);
        now = add(now, *rc::gen::inRange<int>(0, 50) * 1ms);
        --under_way;
        decided = kernel.ended(saw(*rc::gen::element(verdict::transient, verdict::transient, verdict::rejected,
                                                     verdict::success, verdict::permanent, verdict::cancelled),
                                   *rc::gen::element<std::optional<duration>>(std::nullopt, 0ms, 20ms, -1ms)),
                               now);
    }
    RC_ASSERT(begun >= 1U && begun <= options.max_attempts);
    RC_ASSERT(kernel.under_way() == under_way);
    RC_ASSERT(decided || under_way == 0U);
}

}  // namespace
}  // namespace cutwater
