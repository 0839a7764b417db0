// The arithmetic of delays: distributions of each jitter with fixed seeds, and properties over every curve, base and number
// of attempts. Sequences that other libraries state are in backoff_vectors_test.cpp.

#include "cutwater/policy/retry/backoff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <vector>

namespace cutwater {
namespace {

constexpr std::array every_growth{backoff::constant, backoff::linear, backoff::exponential, backoff::fibonacci};
constexpr std::array every_jitter{jitter::none, jitter::full, jitter::equal, jitter::decorrelated, jitter::additive};

TEST(backoff, T54_attempts_past_two_to_the_31st_stay_within_bounds) {
    for (const backoff growth : every_growth)
        for (const unsigned n : {0U, 1U, 1U << 16U, (1U << 31U) - 1, 1U << 31U, (1U << 31U) + 1, ~0U}) {
            const duration d = backoff_delay({.base_delay = 1ns, .max_delay = 24h, .growth = growth}, n);
            EXPECT_GE(d, 1ns) << to_text(growth) << n;
            EXPECT_LE(d, 24h) << to_text(growth) << n;
        }
}

// Polly RetryHelperTests, GetRetryDelay_Exponential_Does_Not_Exceed_MaxDelay; cockatiel ExponentialBackoffGenerators.test
TEST(backoff, T54_no_jitter_leaves_its_bounds) {
    random_source random{0};
    for (const jitter kind : every_jitter) {
        const retry_options options{.base_delay = 2s, .max_delay = 30s, .jitter = kind};
        const duration most = kind == jitter::additive ? 32s : 30s;
        duration previous{};
        for (const unsigned n : {1U, 2U, 3U, 4U, 10U, 100U, 1000U, 1024U, 1025U}) {
            previous = jittered(options, backoff_delay(options, n), previous, random);
            EXPECT_GE(previous, 0s) << to_text(kind) << n;
            EXPECT_LE(previous, most) << to_text(kind) << n;
        }
    }
}

// cockatiel ExponentialBackoffGenerators.test, "fixes issue #86"
TEST(backoff, T54_a_long_decorrelated_chain_neither_turns_negative_nor_sticks) {
    const retry_options options{.base_delay = 45s, .max_delay = 15min, .jitter = jitter::decorrelated};
    random_source random{86};
    duration previous{};
    for (int k = 1; k < 3000; ++k) {
        previous = jittered(options, 0s, previous, random);
        ASSERT_GE(previous, 45s) << k;
        ASSERT_LE(previous, 15min) << k;
    }
}

RC_GTEST_PROP(backoff, T54_any_curve_from_a_nanosecond_to_days_is_bounded_and_never_falls, ()) {
    retry_options options;
    options.base_delay = duration{*rc::gen::inRange<duration::rep>(1, duration{96h}.count())} /
                         *rc::gen::element<duration::rep>(1, 1'000, 1'000'000, 1'000'000'000);
    options.max_delay = duration{*rc::gen::inRange<duration::rep>(1, duration::max().count())};
    options.growth = *rc::gen::elementOf(every_growth);
    options.multiplier = 1.0 + *rc::gen::inRange(0, 1000) / 7.0;
    const unsigned n = *rc::gen::inRange(0U, ~0U) >> *rc::gen::inRange(0U, 31U);
    const duration d = backoff_delay(options, n);
    RC_ASSERT(d >= duration::zero());
    RC_ASSERT(d <= options.max_delay);
    RC_ASSERT(n == ~0U || backoff_delay(options, n + 1) >= d);
}

RC_GTEST_PROP(backoff, T54_any_jitter_of_any_delay_stays_within_the_bounds_of_its_kind, ()) {
    random_source random{*rc::gen::arbitrary<std::uint64_t>()};
    const auto up_to = [](duration most) { return duration{*rc::gen::inRange<duration::rep>(0, most.count())}; };
    retry_options options;
    options.max_delay = up_to(duration::max());
    options.base_delay = up_to(options.max_delay + 1ns);
    const duration d = up_to(options.max_delay + 1ns);
    const duration previous = up_to(options.max_delay + 1ns);
    const auto with = [&](jitter kind) {
        options.jitter = kind;
        return jittered(options, d, previous, random);
    };
    RC_ASSERT(with(jitter::none) == d);
    RC_ASSERT(with(jitter::full) >= duration::zero() && with(jitter::full) <= d);
    RC_ASSERT(with(jitter::equal) >= d / 2 && with(jitter::equal) <= d);
    RC_ASSERT(with(jitter::additive) >= d && with(jitter::additive) <= add(d, options.base_delay));
    RC_ASSERT(with(jitter::decorrelated) >= options.base_delay && with(jitter::decorrelated) <= options.max_delay);
}

RC_GTEST_PROP(backoff, a_wish_is_never_shortened_and_stays_below_what_is_left, ()) {
    random_source random{*rc::gen::arbitrary<std::uint64_t>()};
    const duration longest{*rc::gen::inRange<duration::rep>(1, duration::max().count())};
    const duration wish{*rc::gen::inRange<duration::rep>(0, longest.count())};
    const duration d = spread(wish, longest, random);
    RC_ASSERT(d >= wish);
    RC_ASSERT(d < longest);
    RC_ASSERT(d <= add(wish, wish / 2));
}

// ---- distributions: twenty thousand draws with a fixed seed ----

constexpr int draws = 20'000;

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

struct sample {
    double mean = 0;
    duration least = duration::max();
    duration most = duration::min();
    std::vector<double> tenths;  // the share of draws in each tenth of the range
};

sample drawn(duration from, duration to, const std::function<duration(random_source&)>& draw) {
    random_source random{2024};
    sample s{.tenths = std::vector<double>(10)};
    for (int i = 0; i < draws; ++i) {
        const duration d = draw(random);
        s.mean += seconds(d) / draws;
        s.least = std::min(s.least, d);
        s.most = std::max(s.most, d);
        const auto tenth = static_cast<std::size_t>(10.0 * seconds(d - from) / seconds(to - from));
        s.tenths.at(std::min<std::size_t>(tenth, 9)) += 1.0 / draws;
    }
    return s;
}

void expect_uniform(const sample& s, duration from, duration to) {
    EXPECT_GE(s.least, from);
    EXPECT_LE(s.most, to);
    EXPECT_NEAR(s.mean, seconds(from + to) / 2, 0.01 * seconds(to - from));
    for (std::size_t i = 0; i < 10; ++i) EXPECT_NEAR(s.tenths[i], 0.1, 0.01) << "tenth " << i;
}

struct spread_of {
    const char* name;
    jitter kind;
    duration previous;
    duration from;
    duration to;
};

/// For a delay of 8 s, a base of 1 s and a cap of 10 s.
constexpr std::array uniform_ranges{
    spread_of{"full", jitter::full, 0s, 0s, 8s},
    spread_of{"equal", jitter::equal, 0s, 4s, 8s},
    spread_of{"additive", jitter::additive, 0s, 8s, 9s},
    spread_of{"decorrelated, the first", jitter::decorrelated, 0s, 1s, 3s},
    spread_of{"decorrelated, after 2 s", jitter::decorrelated, 2s, 1s, 6s},
    spread_of{"decorrelated, after the cap", jitter::decorrelated, 10s, 1s, 10s},
};

TEST(backoff, T55_each_jitter_is_uniform_over_its_range) {
    for (const spread_of& range : uniform_ranges) {
        SCOPED_TRACE(range.name);
        const retry_options options{.base_delay = 1s, .max_delay = 10s, .jitter = range.kind};
        const auto draw = [&](random_source& random) { return jittered(options, 8s, range.previous, random); };
        expect_uniform(drawn(range.from, range.to, draw), range.from, range.to);
    }
}

TEST(backoff, T55_a_wish_is_spread_over_half_as_much_again) {
    expect_uniform(drawn(2s, 3s, [](random_source& random) { return spread(2s, forever, random); }), 2s, 3s);
}

TEST(backoff, no_jitter_is_no_chance) {
    const retry_options options{.jitter = jitter::none};
    const sample s = drawn(0s, 10s, [&](random_source& random) { return jittered(options, 8s, 0s, random); });
    EXPECT_EQ(s.least, 8s);
    EXPECT_EQ(s.most, 8s);
}

/// The most of a thousand clients that come back within the same hundredth of their range.
int largest_crowd(const retry_options& options, unsigned retries) {
    std::map<duration::rep, int> crowds;
    for (std::uint64_t client = 0; client < 1000; ++client) {
        random_source random{client};
        duration previous{};
        for (unsigned n = 1; n <= retries; ++n)
            previous = jittered(options, backoff_delay(options, n), previous, random);
        ++crowds[previous / (options.max_delay / 100)];
    }
    int largest = 0;
    for (const auto& [when, clients] : crowds) largest = std::max(largest, clients);
    return largest;
}

TEST(backoff, T55_clients_that_fail_together_do_not_come_back_together_even_at_the_cap) {
    for (const jitter kind : {jitter::full, jitter::equal, jitter::decorrelated})
        EXPECT_LT(largest_crowd({.base_delay = 100ms, .max_delay = 10s, .jitter = kind}, 20), 60) << to_text(kind);
    EXPECT_EQ(largest_crowd({.base_delay = 100ms, .max_delay = 10s, .jitter = jitter::none}, 20), 1000)
        << "what chance is for";
}

}  // namespace
}  // namespace cutwater
