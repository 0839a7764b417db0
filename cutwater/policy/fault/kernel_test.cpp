// Which attempts have which fault: scripts exactly, rates and waits within what chance allows, the same for the same seed.

#include "cutwater/policy/fault/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace cutwater {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr instant noon{12h};

fault_rule resets(fault_when when) {
    return {.name = "resets", .what = injection::failure(std::errc::connection_reset), .when = std::move(when)};
}

/// What became of the next `n` attempts of one call: `x` where a fault was injected.
std::string plays(fault_kernel& kernel, unsigned n, const call_options& said = {}) {
    std::string line;
    for (unsigned i = 0; i < n; ++i) line += kernel.decide({.call = said, .attempt = i + 1}, noon) ? 'x' : '.';
    return line;
}
std::string plays(const fault_rule& rule, unsigned n, std::uint64_t seed = 1) {
    fault_kernel kernel{{.rules = {rule}, .seed = seed}};
    return plays(kernel, n);
}

// ---- scripts ----

TEST(fault_kernel, T95_the_first_two_fail) { EXPECT_EQ(plays(resets(fault_when::first(2)), 6), "xx...."); }

TEST(fault_kernel, every_third_fails) { EXPECT_EQ(plays(resets(fault_when::every(3)), 9), "..x..x..x"); }

TEST(fault_kernel, a_script_is_followed_and_then_nothing_more_is_injected) {
    const auto script = fault_when::steps({fault_step::pass, fault_step::inject, fault_step::inject});
    EXPECT_EQ(plays(resets(script), 8), ".xx.....");
}

TEST(fault_kernel, a_script_may_begin_again) {
    const auto script =
        fault_when::steps({fault_step::pass, fault_step::inject, fault_step::inject}, fault_repeat::cycle);
    EXPECT_EQ(plays(resets(script), 8), ".xx.xx.x");
}

TEST(fault_kernel, a_rule_that_says_nothing_else_always_fires) { EXPECT_EQ(plays(resets({}), 4), "xxxx"); }

TEST(fault_kernel, a_share_of_nothing_never_fires_and_one_of_everything_always) {
    EXPECT_EQ(plays(resets(fault_when::share(0.0)), 100), std::string(100, '.'));
    EXPECT_EQ(plays(resets(fault_when::share(1.0)), 100), std::string(100, 'x'));
}

// ---- several rules ----

TEST(fault_kernel, the_first_rule_that_fires_is_what_is_done_and_those_behind_it_do_not_see_the_attempt) {
    fault_rule every_third{.name = "hangs", .what = injection::hang(), .when = fault_when::every(3)};
    fault_kernel kernel{{.rules = {resets(fault_when::every(2)), every_third}, .max_hang = 1s}};
    std::vector<std::size_t> rules;
    for (int i = 0; i < 6; ++i) rules.push_back(kernel.decide({.call = nothing_said}, noon).rule);

    constexpr auto none = fault_decision::none;
    EXPECT_THAT(rules, ElementsAre(none, 0, none, 0, 1, 0));
    kernel.count(1);
    EXPECT_THAT(kernel.read(), ElementsAre(fault_reading{"resets", 6, 0}, fault_reading{"hangs", 3, 1}));
}

TEST(fault_kernel, a_rule_sees_only_the_calls_that_it_is_for) {
    fault_rule rule = resets({});
    rule.operation = "get";
    rule.target = "db-1";
    rule.tenant = "tests";
    fault_kernel kernel{{.rules = {rule}}};
    EXPECT_EQ(plays(kernel, 2, {.operation = "get", .tenant = "tests", .target = "db-1"}), "xx");
    EXPECT_EQ(plays(kernel, 2, {.operation = "put", .tenant = "tests", .target = "db-1"}), "..");
    EXPECT_EQ(plays(kernel, 2, {.operation = "get", .tenant = "shop", .target = "db-1"}), "..");
    EXPECT_EQ(plays(kernel, 2, {.operation = "get", .tenant = "tests", .target = "db-2"}), "..");
    EXPECT_EQ(plays(kernel, 2), "..");
    EXPECT_THAT(kernel.read(), ElementsAre(fault_reading{"resets", 2, 0}));
}

TEST(fault_kernel, a_window_begins_with_its_first_instant_and_ends_before_its_last) {
    fault_rule rule = resets({});
    rule.from = noon;
    rule.until = add(noon, 1min);
    fault_kernel kernel{{.rules = {rule}}};
    const auto fires_at = [&](instant t) { return bool{kernel.decide({.call = nothing_said}, t)}; };
    EXPECT_FALSE(fires_at(noon - 1ns));
    EXPECT_TRUE(fires_at(noon));
    EXPECT_TRUE(fires_at(rule.until - 1ns));
    EXPECT_FALSE(fires_at(rule.until));
    EXPECT_THAT(kernel.read(), ElementsAre(fault_reading{"resets", 2, 0})) << "what is outside is not seen";
}

TEST(fault_kernel, without_a_window_the_clock_is_not_read) {
    static unsigned reads = 0;
    const moment::reader count = [](void*) noexcept { return ++reads, noon; };
    fault_kernel kernel{{.rules = {resets({})}}};
    EXPECT_TRUE(kernel.decide({.call = nothing_said}, moment{count, nullptr}));
    EXPECT_EQ(reads, 0U);
}

TEST(fault_kernel, a_hang_and_a_latency_are_no_longer_than_the_longest_hang) {
    const auto wait_of = [](const injection& what) {
        fault_kernel kernel{{.rules = {{.name = "it", .what = what}}, .max_hang = 5s}};
        return kernel.decide({.call = nothing_said}, noon).wait;
    };
    EXPECT_EQ(wait_of(injection::hang()), 5s);
    EXPECT_EQ(wait_of(injection::latency(fault_latency::constant(1h))), 5s);
    EXPECT_EQ(wait_of(injection::latency(fault_latency::constant(20ms))), 20ms);
    EXPECT_EQ(wait_of(injection::failure(std::errc::timed_out).after(fault_latency::constant(1s))), 1s);
    EXPECT_EQ(wait_of(injection::failure(std::errc::timed_out)), 0s);
}

// ---- reproducibility ----

TEST(fault_kernel, T96_a_seed_gives_the_same_faults_for_ever) {
    EXPECT_EQ(plays(resets(fault_when::share(0.5)), 32, 7), plays(resets(fault_when::share(0.5)), 32, 7));
    EXPECT_EQ(plays(resets(fault_when::share(0.5)), 32, 7), ".x.xxxx..xx..xxxx.....x...xxx.x.");
    EXPECT_NE(plays(resets(fault_when::share(0.5)), 32, 7), plays(resets(fault_when::share(0.5)), 32, 8));
}

TEST(fault_kernel, T96_two_rules_have_chances_of_their_own) {
    fault_rule other = resets(fault_when::share(0.5));
    other.name = "others";
    EXPECT_NE(plays(resets(fault_when::share(0.5)), 32), plays(other, 32));
}

RC_GTEST_PROP(fault_kernel_property, T96_the_nth_attempt_of_a_rule_fares_the_same_whoever_it_is,
              (std::uint64_t seed, std::vector<std::uint8_t> order)) {
    const fault_rule rule{
        .name = "slow", .what = injection::latency(fault_latency::exponential(10ms)), .when = fault_when::share(0.5)};
    fault_kernel alone{{.rules = {rule}, .seed = seed}};
    fault_kernel mixed{{.rules = {rule}, .seed = seed}};
    for (const std::uint8_t who : order) {
        const std::string tenant(1, static_cast<char>('a' + who % 4));
        const call_options said{.tenant = tenant};
        const auto expected = alone.decide({.call = nothing_said}, noon);
        RC_ASSERT(mixed.decide({.call = said, .attempt = who}, add(noon, duration{who})) == expected);
    }
}

RC_GTEST_PROP(fault_kernel_property, T96_by_call_a_call_fares_the_same_whatever_comes_in_between,
              (std::uint64_t seed, std::uint8_t others)) {
    fault_rule rule = resets(fault_when::share(0.5));
    rule.draw = fault_draw::by_call;
    const auto fares = [&](unsigned before) {
        fault_kernel kernel{{.rules = {rule}, .seed = seed}};
        for (unsigned i = 0; i < before; ++i) (void)plays(kernel, 1, {.id = "other " + std::to_string(i)});
        return plays(kernel, 16, {.id = "4711"});
    };
    RC_ASSERT(fares(0) == fares(others));
}

TEST(fault_kernel, by_call_the_attempts_of_a_call_and_other_calls_fare_differently) {
    fault_rule rule = resets(fault_when::share(0.5));
    rule.draw = fault_draw::by_call;
    fault_kernel kernel{{.rules = {rule}, .seed = 1}};
    const std::string one = plays(kernel, 64, {.id = "1"});
    EXPECT_NE(one, plays(kernel, 64, {.id = "2"}));
    EXPECT_THAT(one, ::testing::AllOf(::testing::HasSubstr("x"), ::testing::HasSubstr(".")));
}

// ---- chance ----

/// Within five standard deviations, and one more attempt.
bool is_likely(std::uint64_t hits, std::uint64_t of, double share) {
    const double n = static_cast<double>(of);
    return std::abs(static_cast<double>(hits) - n * share) <= 5.0 * std::sqrt(n * share * (1.0 - share)) + 1.0;
}

RC_GTEST_PROP(fault_kernel_property, T71_a_share_is_what_it_says_within_binomial_bounds, (std::uint64_t seed)) {
    const double share = *rc::gen::map(rc::gen::inRange(0, 101), [](int percent) { return percent / 100.0; });
    const std::string line = plays(resets(fault_when::share(share)), 2000, seed);
    RC_ASSERT(is_likely(static_cast<std::uint64_t>(std::ranges::count(line, 'x')), line.size(), share));
}

RC_GTEST_PROP(fault_kernel_property, neighbouring_attempts_are_independent, (std::uint64_t seed)) {
    const std::string line = plays(resets(fault_when::share(0.5)), 2000, seed);
    std::uint64_t changes = 0;
    for (std::size_t i = 1; i < line.size(); ++i) changes += line[i] != line[i - 1] ? 1U : 0U;
    RC_ASSERT(is_likely(changes, line.size() - 1, 0.5));
}

struct distribution {
    std::string name;
    fault_latency by;
    duration mean;
    duration deviation;
};

/// Of a logarithmic normal distribution, by median and 99th percentile: exp(sigma squared / 2) times the median.
const double sigma = std::log(5.0) / 2.3263478740408408;
const distribution distributions[]{
    {"constant", fault_latency::constant(20ms), 20ms, 0ms},
    {"uniform", fault_latency::uniform(10ms, 30ms), 20ms, scale(20ms, 1.0 / std::sqrt(12.0))},
    {"normal", fault_latency::normal(20ms, 4ms), 20ms, 4ms},
    {"log_normal", fault_latency::log_normal(20ms, 100ms), scale(20ms, std::exp(sigma* sigma / 2)),
     scale(20ms, std::sqrt(std::exp(2 * sigma * sigma) - std::exp(sigma * sigma)))},
    {"exponential", fault_latency::exponential(20ms), 20ms, 20ms},
};

class fault_latencies : public ::testing::TestWithParam<distribution> {};
INSTANTIATE_TEST_SUITE_P(by, fault_latencies, ::testing::ValuesIn(distributions),
                         [](const auto& of) { return of.param.name; });

TEST_P(fault_latencies, S93_have_the_mean_and_the_spread_that_they_say) {
    const auto& [name, by, mean, deviation] = GetParam();
    constexpr int n = 20'000;
    random_source random{42};
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < n; ++i) {
        const duration d = by.sample(random);
        ASSERT_GE(d, 0ns);
        const auto off = static_cast<double>((d - mean).count());
        sum += off;
        squares += off * off;
    }
    const auto spread = static_cast<double>(deviation.count());
    EXPECT_LE(std::abs(sum / n), 5.0 * spread / std::sqrt(double{n}) + 1.0);
    EXPECT_NEAR(std::sqrt(squares / n), spread, 0.2 * spread + 1.0);
}

TEST(fault_latency, one_that_would_be_negative_is_none_and_one_without_end_is_for_ever) {
    random_source random{42};
    for (int i = 0; i < 1000; ++i) {
        EXPECT_GE(fault_latency::normal(0ms, 10ms).sample(random), 0ns);
        EXPECT_LE(fault_latency::exponential(forever).sample(random), forever);
    }
}

TEST(fault_latency, a_uniform_one_is_between_its_ends) {
    random_source random{42};
    for (int i = 0; i < 1000; ++i) {
        const duration d = fault_latency::uniform(10ns, 12ns).sample(random);
        EXPECT_THAT(d, ::testing::AllOf(::testing::Ge(10ns), ::testing::Le(12ns)));
    }
}

// ---- options ----

std::vector<std::string> refusals_of(const fault_rule& rule) {
    std::vector<std::string> lines;
    for (const option_problem& p : problems_of(fault_options{.rules = {rule}})) lines.push_back(p.message());
    return lines;
}
std::vector<std::string> refusals_of(const injection& what) { return refusals_of({.name = "it", .what = what}); }

TEST(fault_options, what_makes_no_rule_is_named_and_refused) {
    EXPECT_THAT(
        refusals_of({.name = "", .what = injection::hang()}),
        ElementsAre("rules[0].name is empty, allowed is a word: events and counters say by it which rule it was"));
    EXPECT_THAT(refusals_of(resets(fault_when::share(1.5))),
                ElementsAre("rules[0].when is share 1.5, allowed is a share from 0 to 1"));
    EXPECT_THAT(refusals_of(resets(fault_when::share(std::nan("")))),
                ElementsAre("rules[0].when is share nan, allowed is a share from 0 to 1"));
    EXPECT_THAT(refusals_of(resets(fault_when::every(0))),
                ElementsAre("rules[0].when is every 0, allowed is every 1 or more"));
    EXPECT_THAT(refusals_of(resets(fault_when::steps({}))),
                ElementsAre("rules[0].when is steps , allowed is one step or more"));
    EXPECT_THAT(refusals_of(injection::latency(fault_latency::constant(-1ms))),
                ElementsAre("rules[0].what is latency -1ms, allowed is times that are not negative"));
    EXPECT_THAT(
        refusals_of(injection::latency(fault_latency::uniform(2ms, 1ms))),
        ElementsAre("rules[0].what is latency uniform(2ms, 1ms), allowed is the shortest first, then the longest"));
    EXPECT_THAT(refusals_of(injection::latency(fault_latency::log_normal(0ms, 1ms))),
                ElementsAre("rules[0].what is latency log_normal(0s, 1ms), allowed is a median of more than 0s"));
    EXPECT_THAT(refusals_of(injection::failure(std::error_code{})),
                ElementsAre("rules[0].what is error \"injected: Success\", allowed is a code other than 0, which says "
                            "success: errc::failed, where there is none"));
    EXPECT_THAT(refusals_of(injection::wrong_result<int>({})),
                ElementsAre("rules[0].what is wrong_result, allowed is a function that changes the value"));
    EXPECT_THAT(
        refusals_of(injection::refused(errc::failed)),
        ElementsAre("rules[0].what is refusal failed, allowed is a reason that is a refusal, as errc::rate_limited"));
    EXPECT_THAT(
        refusals_of(injection::refused().after(fault_latency::constant(1ms))),
        ElementsAre("rules[0].what is refusal refused after 1ms, allowed is no latency: a refusal comes at once"));
    fault_rule never_in_force = resets({});
    never_in_force.from = never_in_force.until = noon;
    EXPECT_THAT(refusals_of(never_in_force), ::testing::SizeIs(1));
    EXPECT_THAT(refusals_of(resets({})), IsEmpty());
}

TEST(fault_options, two_rules_of_one_name_are_refused) {
    const fault_options twice{.rules = {resets({}), resets({})}};
    EXPECT_EQ(problems_of(twice).at(0).message(),
              "rules[1].name is \"resets\", allowed is a name that no other rule has");
}

TEST(fault_options, a_drill_is_described_with_its_rules) {
    fault_rule slow{.name = "slow",
                    .what = injection::latency(fault_latency::normal(20ms, 5ms)),
                    .when = fault_when::steps({fault_step::pass, fault_step::inject}, fault_repeat::cycle),
                    .operation = "get",
                    .tenant = "tests"};
    EXPECT_EQ(
        options_text(fault_options{.rules = {resets(fault_when::share(0.1)), slow}, .seed = 7}),
        "{rules = [resets: error \"injected: Connection reset by peer\", share 0.1; slow: latency normal(20ms, 5ms), "
        "steps .x repeated, operation \"get\", tenant \"tests\"], seed = 7, max_hang = 1min, armed = off}");
}

}  // namespace
}  // namespace cutwater
