// What is right for a retry, as scripts: what happened, and what is to follow.

#include "cutwater/policy/retry/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "cutwater/testing/script.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using kind = loop_step::kind;

// ---- what happened ----

observation seen(verdict meaning, std::optional<duration> wish = {}) {
    static const error any{errc::failed};
    return {.judged = {.meaning = meaning, .retry_after = wish},
            .failure = meaning == verdict::success ? nullptr : &any};
}
observation transient_failure(std::optional<duration> wish = {}) { return seen(verdict::transient, wish); }
observation failure_with(std::errc code) {
    static const error refused{std::make_error_code(std::errc::connection_refused)};
    static const error reset{std::make_error_code(std::errc::connection_reset)};
    return {.judged = {.meaning = verdict::transient},
            .failure = code == std::errc::connection_refused ? &refused : &reset};
}
observation judged_value(verdict meaning) { return {.judged = {.meaning = meaning}, .failure = nullptr}; }

/// One call: counts the attempts, and asks after each.
class script {
public:
    explicit script(retry_options options, idempotency stated = idempotency::unstated)
        : options_{std::move(options)}, kernel_{options_, stated} {}

    retry_decision after(const observation& o, duration elapsed = 0s, duration left = forever) {
        kernel_.count_attempt();
        return kernel_.after(o, elapsed, left, random_);
    }
    /// The delays of so many failures.
    std::vector<duration> delays(unsigned failures, const observation& o = transient_failure()) {
        std::vector<duration> found(failures);
        for (duration& d : found) d = after(o).delay;
        return found;
    }

private:
    retry_options options_;
    retry_kernel kernel_;
    random_source random_{42};
};

void expect_end(const retry_decision& d, give_up_reason why) {
    EXPECT_EQ(d.what, kind::give_up);
    EXPECT_EQ(to_text(d.reason), to_text(why));
    EXPECT_EQ(d.delay, 0s) << "nothing is slept before the end";
}
void expect_again(const retry_decision& d, duration delay) {
    EXPECT_EQ(d.what, kind::again) << to_text(d.reason);
    EXPECT_EQ(d.delay, delay);
}

retry_options steady(unsigned max_attempts = 10) {
    return {.max_attempts = max_attempts, .base_delay = 100ms, .growth = backoff::constant, .jitter = jitter::none};
}

// ---- rule 1: what ends a call ----

TEST(retry_kernel, a_success_ends_the_call) {
    script call{steady()};
    expect_again(call.after(transient_failure()), 100ms);
    EXPECT_EQ(call.after(seen(verdict::success)).what, kind::finish);
}

TEST(retry_kernel, T37_a_cancellation_is_never_retried_whatever_the_options_say) {
    retry_options eager = steady();
    eager.should_retry = [](const observation&) { return true; };
    script call{eager};
    expect_end(call.after(seen(verdict::cancelled)), give_up_reason::cancelled);
}

// ---- rule 2: refusals of our own ----

TEST(retry_kernel, our_own_refusals_end_the_call_at_once) {
    expect_end(script{steady()}.after(seen(verdict::rejected)), give_up_reason::refused);
    expect_end(script{steady()}.after(seen(verdict::rejected, 10ms)), give_up_reason::refused);
}

TEST(retry_kernel, refusals_are_waited_for_where_that_is_asked_and_there_is_a_hint) {
    retry_options patient = steady();
    patient.refusals = on_refusal::wait_for_hint;
    const retry_decision next = script{patient}.after(seen(verdict::rejected, 2s));
    EXPECT_EQ(next.what, kind::again);
    EXPECT_GE(next.delay, 2s);
    EXPECT_LE(next.delay, 3s);
    expect_end(script{patient}.after(seen(verdict::rejected)), give_up_reason::refused);
    expect_end(script{patient}.after(seen(verdict::rejected, 2s), 0s, 2s), give_up_reason::time_exhausted);
    expect_end(script{patient}.after(seen(verdict::rejected, 2min)), give_up_reason::retry_after_too_long);
}

// ---- rule 3: what is transient ----

TEST(retry_kernel, only_what_is_transient_is_retried) {
    expect_again(script{steady()}.after(transient_failure()), 100ms);
    expect_again(script{steady()}.after(judged_value(verdict::transient)), 100ms);
    for (const verdict meaning : {verdict::permanent, verdict::ignored, verdict::abandoned})
        expect_end(script{steady()}.after(seen(meaning)), give_up_reason::not_transient);
}

TEST(retry_kernel, should_retry_replaces_that_rule_both_ways) {
    retry_options contrary = steady();
    contrary.should_retry = [](const observation& o) { return o.meaning() == verdict::permanent; };
    expect_again(script{contrary}.after(seen(verdict::permanent)), 100ms);
    expect_end(script{contrary}.after(transient_failure()), give_up_reason::not_transient);
}

// ---- rule 4: what may be repeated ----

TEST(retry_kernel, T58_what_is_not_idempotent_is_retried_only_where_it_never_left) {
    script call{steady(), idempotency::not_idempotent};
    expect_again(call.after(failure_with(std::errc::connection_refused)), 100ms);
    expect_end(call.after(failure_with(std::errc::connection_reset)), give_up_reason::not_idempotent);
}

TEST(retry_kernel, T58_what_is_not_idempotent_is_retried_only_where_the_rules_say_that_it_had_no_effect) {
    const auto after = [](effect executed) {
        script call{steady(), idempotency::not_idempotent};
        return call.after(observation{.judged = {.meaning = verdict::transient, .executed = executed}}).what;
    };
    EXPECT_EQ(after(effect::none), kind::again);
    EXPECT_EQ(after(effect::unknown), kind::give_up);
    EXPECT_EQ(after(effect::certain), kind::give_up);
    EXPECT_EQ(after(effect::unstated), kind::give_up) << "a value that was judged a failure";
}

TEST(retry_kernel, T58_what_is_unstated_is_what_the_options_say) {
    retry_options careful = steady();
    careful.unstated_means = idempotency::not_idempotent;
    expect_again(script{steady()}.after(transient_failure()), 100ms);
    expect_end(script{careful}.after(transient_failure()), give_up_reason::not_idempotent);
    expect_again(script{careful, idempotency::idempotent}.after(transient_failure()), 100ms);
}

TEST(retry_kernel, a_refused_call_never_left_whatever_it_does) {
    retry_options patient = steady();
    patient.refusals = on_refusal::wait_for_hint;
    script call{patient, idempotency::not_idempotent};
    EXPECT_EQ(call.after(seen(verdict::rejected, 1s)).what, kind::again);
}

// ---- rule 5: stop conditions compose by "or" ----

TEST(retry_kernel, attempts_include_the_first) {
    script call{steady(3)};
    expect_again(call.after(transient_failure()), 100ms);
    expect_again(call.after(transient_failure()), 100ms);
    expect_end(call.after(transient_failure()), give_up_reason::attempts_exhausted);
    expect_end(script{steady(1)}.after(transient_failure()), give_up_reason::attempts_exhausted);
}

// tenacity test_stop_before_delay: a limit of 1 s and the sleep to come
TEST(retry_kernel, T53_a_sleep_that_would_reach_the_total_is_not_begun) {
    struct row {
        duration elapsed;
        duration sleep;
        bool stops;
    };
    for (const auto& [elapsed, sleep, stops] : {row{999ms, 100us, false}, row{1s, 1ms, true}, row{1s, 1s, true},
                                                row{999ms, 1ms, true}, row{1001ms, 1ns, true}, row{0s, 1s, true}}) {
        retry_options bounded = steady();
        bounded.base_delay = sleep;
        bounded.min_delay = 1ns;
        bounded.max_total = 1s;
        EXPECT_EQ(script{bounded}.after(transient_failure(), elapsed).what == kind::give_up, stops)
            << to_text(elapsed) << " and " << to_text(sleep);
    }
}

TEST(retry_kernel, T53_nor_is_one_that_would_reach_the_deadline) {
    expect_again(script{steady()}.after(transient_failure(), 0s, 101ms), 100ms);
    expect_end(script{steady()}.after(transient_failure(), 0s, 100ms), give_up_reason::time_exhausted);
    expect_end(script{steady()}.after(transient_failure(), 0s, 0s), give_up_reason::time_exhausted);
    expect_end(script{steady()}.after(transient_failure(), 0s, -1s), give_up_reason::time_exhausted);
}

TEST(retry_kernel, should_stop_is_asked_with_attempts_and_time) {
    retry_options bounded = steady();
    std::vector<std::pair<unsigned, duration>> asked;
    bounded.should_stop = [&](unsigned attempts, duration elapsed) {
        asked.emplace_back(attempts, elapsed);
        return attempts == 2;
    };
    script call{bounded};
    expect_again(call.after(transient_failure(), 5ms), 100ms);
    expect_end(call.after(transient_failure(), 110ms), give_up_reason::stopped);
    EXPECT_THAT(asked, ElementsAre(std::pair{1U, duration{5ms}}, std::pair{2U, duration{110ms}}));
}

TEST(retry_kernel, a_clock_that_steps_back_is_one_that_stands_still) {
    retry_options bounded = steady();
    bounded.max_total = 1s;
    expect_again(script{bounded}.after(transient_failure(), -5s), 100ms);
    expect_again(script{bounded}.after(transient_failure(), duration::min()), 100ms);
}

// ---- rule 6: the delay ----

TEST(retry_kernel, delays_grow_from_retry_to_retry) {
    retry_options growing = steady();
    growing.growth = backoff::exponential;
    EXPECT_THAT(script{growing}.delays(4), ElementsAre(100ms, 200ms, 400ms, 800ms));
}

// tenacity test_exponential_with_min_wait_andmax__wait
TEST(retry_kernel, floor_and_cap_hold_the_curve) {
    const retry_options held{
        .max_attempts = 30, .base_delay = 1s, .max_delay = 100s, .min_delay = 10s, .jitter = jitter::none};
    EXPECT_THAT(script{held}.delays(9), ElementsAre(10s, 10s, 10s, 10s, 16s, 32s, 64s, 100s, 100s));
}

// tenacity test_wait_exponential_jitter_min: 1 s doubling, up to 1 s of jitter, a floor of 5 s
TEST(retry_kernel, the_floor_is_under_the_delay_after_jitter) {
    const retry_options held{
        .max_attempts = 30, .base_delay = 1s, .max_delay = 60s, .min_delay = 5s, .jitter = jitter::additive};
    const std::vector<duration> found = script{held}.delays(4);
    EXPECT_THAT(found, ElementsAre(5s, 5s, 5s, ::testing::AllOf(::testing::Ge(8s), ::testing::Le(9s))));
}

TEST(retry_kernel, it_never_executes_again_at_once) {
    for (const jitter any : {jitter::none, jitter::full, jitter::equal, jitter::decorrelated, jitter::additive}) {
        retry_options hasty{.max_attempts = 100, .base_delay = 0s, .jitter = any};
        for (const duration d : script{hasty}.delays(50)) EXPECT_GE(d, 1ms) << to_text(any);
        for (const duration d : script{hasty}.delays(50, transient_failure(0s))) EXPECT_GE(d, 1ms) << to_text(any);
    }
}

// tenacity test_wait_exception: the function sees what happened
TEST(retry_kernel, delay_by_sees_the_failure_and_is_held_between_floor_and_cap) {
    retry_options by_function = steady(30);
    by_function.delay_by = [](unsigned retry, const observation& o) {
        if (retry == 2) return duration{-1h};
        if (retry == 3) return duration::max();
        return duration{o.failure->code() == std::errc::connection_refused ? 3500ms : 9s};
    };
    script call{by_function};
    expect_again(call.after(failure_with(std::errc::connection_refused)), 3500ms);
    expect_again(call.after(transient_failure()), 1ms);
    expect_again(call.after(transient_failure()), 10s);
    expect_again(call.after(transient_failure()), 9s);
}

TEST(retry_kernel, a_wish_is_honoured_never_shortened_and_spread) {
    std::vector<duration> waits;
    for (std::uint64_t client = 0; client < 100; ++client) {
        const retry_options options = steady();
        retry_kernel kernel{options, idempotency::unstated};
        random_source random{client};
        kernel.count_attempt();
        waits.push_back(kernel.after(transient_failure(4s), 0s, forever, random).delay);
    }
    EXPECT_THAT(waits, ::testing::Each(::testing::AllOf(::testing::Ge(4s), ::testing::Le(6s))));
    EXPECT_GT(std::ranges::max(waits) - std::ranges::min(waits), 1s) << "clients are kept apart";
}

TEST(retry_kernel, a_wish_above_its_cap_ends_the_call) {
    retry_options capped = steady();
    capped.max_retry_after = 10s;
    EXPECT_EQ(script{capped}.after(transient_failure(10s)).what, kind::again);
    expect_end(script{capped}.after(transient_failure(10s + 1ns)), give_up_reason::retry_after_too_long);
    capped.max_retry_after = 0s;
    expect_end(script{capped}.after(transient_failure(1ns)), give_up_reason::retry_after_too_long);
}

TEST(retry_kernel, T53_a_wish_is_waited_for_where_it_just_fits_and_not_where_it_reaches_the_deadline) {
    expect_again(script{steady()}.after(transient_failure(4s), 0s, 4s + 1ns), 4s);
    expect_end(script{steady()}.after(transient_failure(4s), 0s, 4s), give_up_reason::time_exhausted);
    expect_end(script{steady()}.after(transient_failure(4s), 0s, 1s), give_up_reason::time_exhausted);
}

TEST(retry_kernel, a_wish_of_nothing_is_none_and_a_negative_one_says_no) {
    expect_again(script{steady()}.after(transient_failure(0s)), 100ms);
    expect_end(script{steady()}.after(transient_failure(-1ns)), give_up_reason::unwanted);
    expect_end(script{steady()}.after(transient_failure(duration::min())), give_up_reason::unwanted);
}

TEST(retry_kernel, a_wish_does_not_move_the_decorrelated_delays) {
    const retry_options options{.max_attempts = 10, .base_delay = 100ms, .jitter = jitter::decorrelated};
    script call{options};
    (void)call.after(transient_failure(50s));
    EXPECT_LE(call.after(transient_failure()).delay, 300ms);
}

// ---- properties ----

duration any_duration(duration least, duration most) {
    const auto wide = *rc::gen::inRange<duration::rep>(0, (most - least).count());
    return least + duration{wide >> *rc::gen::inRange(0, 60)};
}

retry_options any_options() {
    retry_options o;
    o.max_attempts = *rc::gen::element(1U, 2U, 5U, ~0U);
    o.max_total = *rc::gen::element(forever, any_duration(1ns, 96h));
    o.max_delay = any_duration(1ns, 24h);
    o.base_delay = any_duration(0ns, o.max_delay + 1ns);
    o.min_delay = any_duration(1ns, o.max_delay + 1ns);
    o.growth = *rc::gen::element(backoff::constant, backoff::linear, backoff::exponential, backoff::fibonacci);
    o.multiplier = 1.0 + *rc::gen::inRange(0, 999);
    o.jitter = *rc::gen::element(jitter::none, jitter::full, jitter::equal, jitter::decorrelated, jitter::additive);
    o.max_retry_after = any_duration(0ns, 24h);
    o.refusals = *rc::gen::element(on_refusal::give_up, on_refusal::wait_for_hint);
    return o;
}

observation any_observation() {
    const verdict meaning =
        *rc::gen::element(verdict::transient, verdict::transient, verdict::transient, verdict::permanent,
                          verdict::rejected, verdict::success, verdict::cancelled);
    return seen(meaning, *rc::gen::element<std::optional<duration>>(std::nullopt, any_duration(0ns, 24h)));
}

RC_GTEST_PROP(retry_kernel, T53_no_sleep_reaches_the_deadline_or_leaves_its_bounds, ()) {
    const retry_options options = any_options();
    RC_ASSERT(problems_of(options).empty());
    const idempotency stated = *rc::gen::element(idempotency::idempotent, idempotency::not_idempotent);
    retry_kernel kernel{options, stated};
    random_source random{*rc::gen::arbitrary<std::uint64_t>()};
    duration elapsed{};
    const duration deadline = *rc::gen::element(forever, any_duration(0ns, 96h));
    for (int i = 0; i < 20; ++i) {
        const observation o = any_observation();
        elapsed += any_duration(0ns, 1h);
        const duration left = deadline == forever ? forever : deadline - elapsed;
        kernel.count_attempt();
        const retry_decision next = kernel.after(o, elapsed, left, random);
        if (next.what != kind::again) {
            RC_ASSERT(next.delay == duration::zero());
            break;
        }
        const duration wish = o.retry_after().value_or(0ns);
        const duration most =
            wish > 0ns ? std::max(wish + wish / 2, options.min_delay) : options.max_delay + options.base_delay;
        RC_ASSERT(next.delay >= options.min_delay && next.delay >= wish && next.delay <= most);
        RC_ASSERT(next.delay < left && (options.max_total == forever || elapsed + next.delay < options.max_total));
        RC_ASSERT(kernel.attempts() < options.max_attempts && wish <= options.max_retry_after);
        RC_ASSERT(o.meaning() == verdict::transient ||
                  (o.meaning() == verdict::rejected && options.refusals == on_refusal::wait_for_hint));
        RC_ASSERT(stated == idempotency::idempotent || o.executed() == effect::none);
        elapsed += next.delay;
    }
}

RC_GTEST_PROP(retry_kernel, the_same_seed_gives_the_same_delays, ()) {
    const retry_options options = any_options();
    const auto played = [&] {
        std::vector<duration> found;
        retry_kernel kernel{options, idempotency::idempotent};
        random_source random{99};
        for (int i = 0; i < 10; ++i) {
            kernel.count_attempt();
            found.push_back(kernel.after(transient_failure(), 0s, forever, random).delay);
        }
        return found;
    };
    RC_ASSERT(played() == played());
}

// ---- the script, and each step of it spoilt ----

/// A kernel that is told of one attempt after another, and says what next in words.
class scripted_retry {
public:
    std::string operator()(const observation& seen, instant now) {
        kernel_.count_attempt();
        const retry_decision next = kernel_.after(seen, between(testing::virtual_time::start, now), forever, dice_);
        if (next.what == kind::again) return "again in " + to_text(next.delay);
        return next.what == kind::finish ? "done" : "gives up: " + std::string{to_text(next.reason)};
    }

private:
    retry_options options_{.max_attempts = 4, .max_total = 3s, .base_delay = 100ms, .jitter = jitter::none};
    retry_kernel kernel_{options_, idempotency::unstated};
    random_source dice_{7};
};

constexpr auto fresh_retry = [] { return scripted_retry{}; };

const testing::kernel_script<std::string> a_call{
    {.told = verdict::transient, .answer = "again in 100ms"},
    {.told = verdict::transient, .answer = "again in 200ms", .after = 120ms},
    {.told = verdict::transient, .answer = "again in 400ms", .after = 220ms},
    {.told = verdict::success, .answer = "done", .after = 410ms},
};
const testing::kernel_script<std::string> a_hopeless_call{
    {.told = verdict::transient, .answer = "again in 100ms"},
    {.told = verdict::transient, .answer = "again in 200ms", .after = 100ms},
    {.told = verdict::transient, .answer = "again in 400ms", .after = 200ms},
    {.told = verdict::transient, .answer = "gives up: attempts_exhausted", .after = 400ms},
};
const testing::kernel_script<std::string> a_slow_call{
    {.told = verdict::transient, .answer = "again in 100ms", .after = 2s},
    {.told = verdict::transient, .answer = "gives up: time_exhausted", .after = 2s},
};

TEST(retry_script, is_played_as_written) {
    testing::play_kernel(a_call, fresh_retry);
    testing::play_kernel(a_hopeless_call, fresh_retry);
    testing::play_kernel(a_slow_call, fresh_retry);
}

TEST(retry_script, whatever_goes_wrong_at_a_step_has_its_answer) {
    for (const auto& script : {a_call, a_hopeless_call, a_slow_call})
        testing::for_each_spoilt_step(script, fresh_retry, [](const observation& told, const std::string& answer) {
            switch (told.meaning()) {
                case verdict::cancelled: EXPECT_EQ(answer, "gives up: cancelled"); break;
                case verdict::permanent: EXPECT_EQ(answer, "gives up: not_transient"); break;
                case verdict::rejected: EXPECT_EQ(answer, "gives up: refused"); break;
                default: EXPECT_TRUE(answer.starts_with("again in ") || answer.ends_with("_exhausted")) << answer;
            }
        });
}

}  // namespace
}  // namespace cutwater
