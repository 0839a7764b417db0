// What is right for a fallback: which outcomes it stands in for.

#include "cutwater/policy/fallback/kernel.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "cutwater/testing/script.hpp"

namespace cutwater {
namespace {

constexpr std::array every_verdict{verdict::success,  verdict::transient, verdict::permanent, verdict::ignored,
                                   verdict::rejected, verdict::cancelled, verdict::abandoned};

bool handles(const fallback_options& options, verdict meaning) {
    return fallback_kernel{options}.handles({.judged = {.meaning = meaning}});
}

TEST(fallback_kernel, stands_in_for_failures_and_refusals) {
    const fallback_options plain;
    EXPECT_TRUE(handles(plain, verdict::transient));
    EXPECT_TRUE(handles(plain, verdict::permanent));
    EXPECT_TRUE(handles(plain, verdict::rejected));
}

TEST(fallback_kernel, does_not_hide_what_says_nothing_of_the_dependency) {
    const fallback_options plain;
    EXPECT_FALSE(handles(plain, verdict::ignored));
    EXPECT_FALSE(handles(plain, verdict::abandoned));
}

TEST(fallback_kernel, T90_never_stands_in_for_a_cancellation_or_a_success_whatever_the_options_say) {
    const fallback_options eager{.should_handle = [](const observation&) { return true; }};
    EXPECT_FALSE(handles(eager, verdict::success));
    EXPECT_FALSE(handles(eager, verdict::cancelled));
    EXPECT_TRUE(handles(eager, verdict::ignored));
}

TEST(fallback_kernel, should_handle_replaces_the_rule_both_ways) {
    const fallback_options bugs_only{
        .should_handle = [](const observation& o) { return o.meaning() == verdict::ignored; }};
    EXPECT_TRUE(handles(bugs_only, verdict::ignored));
    EXPECT_FALSE(handles(bugs_only, verdict::transient));
    EXPECT_FALSE(handles(bugs_only, verdict::rejected));
}

RC_GTEST_PROP(fallback_kernel, the_predicate_is_asked_about_nothing_that_was_decided_before, ()) {
    const verdict meaning = *rc::gen::elementOf(every_verdict);
    const bool answer = *rc::gen::arbitrary<bool>();
    int asked = 0;
    const fallback_options options{.should_handle = [&](const observation&) { return ++asked, answer; }};
    const bool decided = meaning == verdict::success || meaning == verdict::cancelled;
    RC_ASSERT(handles(options, meaning) == (!decided && answer));
    RC_ASSERT(asked == (decided ? 0 : 1));
}

// ---- the script, and each step of it spoilt ----

const testing::kernel_script<bool> calls{
    {.told = verdict::success, .answer = false},
    {.told = verdict::transient, .answer = true},
    {.told = verdict::permanent, .answer = true},
    {.told = verdict::rejected, .answer = true, .code = errc::circuit_open},
    {.told = verdict::ignored, .answer = false},
    {.told = verdict::cancelled, .answer = false, .code = errc::cancelled},
};

TEST(fallback_script, is_played_as_written_and_with_each_step_spoilt) {
    const fallback_options options;
    const auto fresh = [&] {
        return [&](const observation& seen, instant) { return fallback_kernel{options}.handles(seen); };
    };
    testing::play_kernel(calls, fresh);
    testing::for_each_spoilt_step(calls, fresh, [](const observation& told, bool handled) {
        EXPECT_EQ(handled, told.meaning() != verdict::cancelled);
    });
}

TEST(fallback_script, of_one_that_takes_everything_never_takes_a_success_nor_a_cancellation) {
    const fallback_options greedy{.should_handle = [](const observation&) { return true; }};
    const auto fresh = [&] {
        return [&](const observation& seen, instant) { return fallback_kernel{greedy}.handles(seen); };
    };
    const testing::kernel_script<bool> taken{
        {.told = verdict::success, .answer = false},
        {.told = verdict::ignored, .answer = true},
        {.told = verdict::cancelled, .answer = false, .code = errc::cancelled},
    };
    testing::play_kernel(taken, fresh);
    testing::for_each_spoilt_step(taken, fresh, [](const observation& told, bool handled) {
        EXPECT_EQ(handled, told.meaning() != verdict::cancelled);
    });
}

}  // namespace
}  // namespace cutwater
