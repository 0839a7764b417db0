#include "cutwater/core/outcome.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cutwater/core/result.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

TEST(outcome, a_value_is_a_success_until_it_is_judged) {
    const outcome<int> out{std::in_place, 7};
    EXPECT_TRUE(out.has_value());
    EXPECT_EQ(*out.result(), 7);
    EXPECT_EQ(out.meaning(), verdict::success);
    EXPECT_EQ(out.observed().failure, nullptr);
    EXPECT_TRUE(out.source().empty());
}

TEST(outcome, a_value_that_is_judged_a_failure_stays_the_value) {
    outcome<int> out{std::in_place, 503};
    out.judge({.meaning = verdict::transient, .retry_after = 3s});
    EXPECT_EQ(*out.result(), 503);
    EXPECT_EQ(out.observed().meaning(), verdict::transient);
    EXPECT_EQ(out.observed().failure, nullptr);
    EXPECT_EQ(out.observed().retry_after(), 3s);
}

TEST(outcome, an_error_is_observed_where_it_lies) {
    const outcome<int> out{error{errc::refused, "gate", {}}, verdict::rejected};
    EXPECT_FALSE(out.has_value());
    EXPECT_EQ(out.observed().failure, &out.failure());
    EXPECT_EQ(out.observed().meaning(), verdict::rejected);
}

TEST(outcome, of_void_and_of_what_can_only_be_moved) {
    const outcome<void> nothing{std::in_place};
    EXPECT_TRUE(nothing.has_value());
    outcome<std::unique_ptr<int>> moved{std::in_place, std::make_unique<int>(7)};
    const auto taken = std::move(moved.result());
    EXPECT_EQ(**taken, 7);
}

TEST(outcome, is_made_of_an_expected_as_it_is) {
    const outcome<int> out{std::expected<int, error>{std::unexpect, errc::failed}, {.meaning = verdict::permanent}};
    EXPECT_EQ(out.failure().code(), errc::failed);
    EXPECT_EQ(out.meaning(), verdict::permanent);
}

TEST(outcome, remembers_which_fallback_gave_it) {
    outcome<int> out{std::in_place, 0};
    out.mark_degraded("stale cache");
    EXPECT_EQ(out.source(), name{"stale cache"});
}

TEST(observation, the_dependencys_wish_goes_before_the_errors) {
    const error refusal = error{errc::refused}.with_retry_after(1s);
    EXPECT_EQ((observation{.judged = {.retry_after = 3s}, .failure = &refusal}.retry_after()), 3s);
    EXPECT_EQ((observation{.judged = {}, .failure = &refusal}.retry_after()), 1s);
    EXPECT_EQ((observation{}.retry_after()), std::nullopt);
}

TEST(observation, knows_whether_the_request_can_have_had_an_effect) {
    const error refused{std::make_error_code(std::errc::connection_refused)};
    const error reset{std::make_error_code(std::errc::connection_reset)};
    EXPECT_EQ((observation{.judged = {.meaning = verdict::rejected}}.executed()), effect::none);
    EXPECT_EQ((observation{.judged = {.meaning = verdict::transient}, .failure = &refused}.executed()), effect::none);
    EXPECT_EQ((observation{.judged = {.meaning = verdict::transient}, .failure = &reset}.executed()), effect::unknown);
    EXPECT_EQ(observation{}.executed(), effect::certain) << "what was asked was done";
    EXPECT_EQ((observation{.judged = {.meaning = verdict::transient}}.executed()), effect::unknown);
    EXPECT_EQ((observation{.judged = {.meaning = verdict::permanent}}.executed()), effect::unknown);
}

TEST(observation, T58_what_the_rules_say_of_the_effect_goes_before_what_the_code_says) {
    const error refused{std::make_error_code(std::errc::connection_refused)};
    const error reset{std::make_error_code(std::errc::connection_reset)};
    const auto said = [](effect e, const error* failure) {
        return observation{.judged = {.meaning = verdict::transient, .executed = e}, .failure = failure}.executed();
    };
    EXPECT_EQ(said(effect::unknown, &refused), effect::unknown) << "its second connection, perhaps";
    EXPECT_EQ(said(effect::none, &reset), effect::none);
    EXPECT_EQ(said(effect::none, nullptr), effect::none);
    EXPECT_EQ(said(effect::certain, nullptr), effect::certain);
}

TEST(observation, T58_a_refusal_after_an_attempt_that_was_sent_is_not_without_effect) {
    const auto ended = [](std::error_code first, effect of_first) {
        error e{errc::circuit_open};
        e.with_history({{.number = 1, .code = first, .executed = of_first}, {.number = 2, .code = errc::circuit_open}});
        return observation{.judged = {.meaning = verdict::rejected}, .failure = &e}.executed();
    };
    const auto reset = std::make_error_code(std::errc::connection_reset);
    EXPECT_EQ(ended(reset, effect::unstated), effect::unknown);
    EXPECT_EQ(ended(reset, effect::none), effect::none);
    EXPECT_EQ(ended(std::make_error_code(std::errc::connection_refused), effect::unstated), effect::none);
    EXPECT_EQ(ended({}, effect::unstated), effect::unknown) << "a value that was judged a failure";
}

TEST(effect, has_a_word_for_each_and_the_worst_is_the_greatest) {
    EXPECT_EQ(to_text(effect::unstated), "unstated");
    EXPECT_EQ(to_text(effect::none), "none");
    EXPECT_EQ(to_text(effect::unknown), "unknown");
    EXPECT_EQ(to_text(effect::certain), "certain");
    EXPECT_TRUE(effect::none < effect::unknown && effect::unknown < effect::certain);
}

TEST(outcome, keeps_what_was_judged_of_its_effect) {
    outcome<int> out{std::in_place, 429};
    out.judge({.meaning = verdict::transient, .executed = effect::none});
    EXPECT_EQ(out.observed().executed(), effect::none);
    out.judge({.meaning = verdict::transient});
    EXPECT_EQ(out.observed().executed(), effect::unknown);
}

TEST(outcome, its_error_says_afterwards_what_was_stated_of_the_effect) {
    outcome<int> out{error{std::make_error_code(std::errc::connection_reset)}};
    EXPECT_EQ(out.failure().executed(), effect::unknown);
    out.judge({.meaning = verdict::transient, .executed = effect::none});
    EXPECT_EQ(out.failure().executed(), effect::none);
    EXPECT_EQ(out.failure().executed(effect::certain), effect::certain) << "who says it goes before";
    EXPECT_EQ(outcome<int>{out.failure()}.observed().executed(), effect::none) << "of a pipeline's inside";
    out.judge({.meaning = verdict::transient});
    EXPECT_EQ(out.failure().executed(), effect::unknown);
}

TEST(result, compares_with_a_value) {
    const result<std::string> found{"here"};
    const result<std::string> lost{std::unexpect, errc::failed};
    EXPECT_TRUE(found == "here");
    EXPECT_TRUE(std::string{"there"} != found);
    EXPECT_FALSE(lost == "here");
}

TEST(result, is_an_expected_that_knows_its_source) {
    const result<int> own{std::expected<int, error>{7}, {}};
    EXPECT_EQ(own, 7);
    EXPECT_FALSE(own.is_degraded());
    const result<int> other{std::expected<int, error>{0}, {.source = "default", .is_degraded = true}};
    EXPECT_TRUE(other.is_degraded());
    EXPECT_EQ(other.source(), name{"default"});
    const std::expected<int, error> plain = other;
    EXPECT_EQ(plain, 0);
}

}  // namespace
}  // namespace cutwater
