// Delays and ends that the tests of other libraries state: inputs and results, with the source named.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <vector>

#include "cutwater/policy/retry/kernel.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAreArray;
using ::testing::Ge;
using ::testing::Le;

const error reset{std::make_error_code(std::errc::connection_reset)};
const observation transient_failure{.judged = {.meaning = verdict::transient}, .failure = &reset};

// ---- curves ----

struct curve {
    const char* source;
    retry_options options;
    std::vector<duration> expected;
    unsigned first = 1;  ///< the retry that the source begins with
};

const std::vector<curve> curves{
    {"finagle BackoffTest, const", {.base_delay = 7ms, .growth = backoff::constant}, {7ms, 7ms, 7ms, 7ms, 7ms}},
    {"finagle BackoffTest, exponential", {.base_delay = 2ms}, {2ms, 4ms, 8ms, 16ms, 32ms}},
    {"finagle BackoffTest, exponential with maximum",
     {.base_delay = 2ms, .max_delay = 15ms},
     {2ms, 4ms, 8ms, 15ms, 15ms}},
    {"finagle BackoffTest, concat with an empty one",
     {.base_delay = 1ms, .growth = backoff::linear},
     {1ms, 2ms, 3ms, 4ms, 5ms}},
    {"Polly RetryHelperTests, Constant_Ok", {.base_delay = 1s, .growth = backoff::constant}, {1s, 1s, 1s}},
    {"Polly RetryHelperTests, Linear_Ok", {.base_delay = 1s, .growth = backoff::linear}, {1s, 2s, 3s}},
    {"Polly RetryHelperTests, Exponential_Ok", {.base_delay = 1s}, {1s, 2s, 4s}},
    {"Polly RetryHelperTests, Constant_Ok without a delay", {.base_delay = 0s, .growth = backoff::constant}, {0s, 0s}},
    {"Polly RetryHelperTests, Linear_Ok without a delay", {.base_delay = 0s, .growth = backoff::linear}, {0s, 0s, 0s}},
    {"Polly RetryHelperTests, Exponential_Ok without a delay", {.base_delay = 0s}, {0s, 0s, 0s}},
    {"Polly RetryHelperTests, MaxDelay_Ok, constant",
     {.base_delay = 10s, .max_delay = 1s, .growth = backoff::constant},
     {1s},
     3},
    {"Polly RetryHelperTests, MaxDelay_Ok, linear",
     {.base_delay = 10s, .max_delay = 1s, .growth = backoff::linear},
     {1s},
     3},
    {"Polly RetryHelperTests, MaxDelay_Ok, exponential", {.base_delay = 10s, .max_delay = 1s}, {1s}, 3},
    {"Polly RetryHelperTests, MaxDelay_DelayLessThanMaxDelay_Respected",
     {.base_delay = 1s, .max_delay = 2s, .growth = backoff::constant},
     {1s},
     3},
    {"tenacity test_fixed_sleep", {.base_delay = 1s, .growth = backoff::constant}, {1s}, 12},
    {"tenacity test_exponential", {.base_delay = 1s, .max_delay = forever}, {1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s}},
    {"tenacity test_exponential_with_max_wait",
     {.base_delay = 1s, .max_delay = 40s},
     {1s, 2s, 4s, 8s, 16s, 32s, 40s, 40s}},
    {"tenacity test_exponential_with_max_wait, the 50th", {.base_delay = 1s, .max_delay = 40s}, {40s}, 50},
    {"tenacity test_exponential_with_max_wait_and_multiplier",
     {.base_delay = 1s, .max_delay = 50s},
     {1s, 2s, 4s, 8s, 16s, 32s, 50s, 50s}},
    {"tenacity test_exponential_with_min_wait, the 20th", {.base_delay = 1s, .max_delay = forever}, {524288s}, 20},
    {"tenacity test_exponential_with_min_wait_and_multiplier, the 20th",
     {.base_delay = 2s, .max_delay = forever},
     {1048576s},
     20},
    {"tenacity test_wait_exponential_jitter_multiplier", {.base_delay = 10s, .max_delay = 60s}, {10s, 20s, 40s, 60s}},
    {"failsafe-go TestGetFixedOrRandomDelay", {.base_delay = 2s, .max_delay = 30s}, {2s, 4s, 8s, 16s, 30s}},
    {"failsafe-go TestRetryPolicy, with backoff delay",
     {.base_delay = 1ms, .max_delay = 10ms},
     {1ms, 2ms, 4ms, 8ms, 10ms, 10ms}},
    {"hyx test_backoffs, const", {.base_delay = 500ms, .growth = backoff::constant}, {500ms, 500ms, 500ms, 500ms}},
    {"hyx test_backoffs, expo", {.base_delay = 1s}, {1s, 2s, 4s, 8s}},
    {"hyx test_backoffs, expo with a maximum", {.base_delay = 1s, .max_delay = 8s}, {1s, 2s, 4s, 8s, 8s}},
    {"hyx test_backoffs, linear", {.base_delay = 1s, .growth = backoff::linear}, {1s, 2s, 3s, 4s}},
    {"hyx test_backoffs, fibo from 1", {.base_delay = 1s, .growth = backoff::fibonacci}, {1s, 2s, 3s, 5s, 8s}, 2},
    {"hyx test_backoffs, fibo from 2",
     {.base_delay = 1s, .max_delay = forever, .growth = backoff::fibonacci},
     {2s, 3s, 5s, 8s, 13s},
     3},
    {"hyx test_backoffs, fibo from 3 with a maximum",
     {.base_delay = 1s, .max_delay = 10s, .growth = backoff::fibonacci},
     {3s, 5s, 8s, 10s, 10s},
     4},
    {"OEIS A000045",
     {.base_delay = 1s, .max_delay = 50s, .growth = backoff::fibonacci},
     {1s, 1s, 2s, 3s, 5s, 8s, 13s, 21s, 34s, 50s, 50s}},
    {"OEIS A000045, the largest that a double holds exactly",
     {.base_delay = 1ns, .max_delay = forever, .growth = backoff::fibonacci},
     {duration{8'944'394'323'791'464}},
     78},
    {"cockatiel ConstantBackoff.test", {.base_delay = 42ms, .growth = backoff::constant}, {42ms, 42ms, 42ms}},
    {"cockatiel ExponentialBackoff.test",
     {.base_delay = 128ms, .max_delay = 30s},
     {128ms, 256ms, 512ms, 1024ms, 2048ms, 4096ms, 8192ms, 16384ms, 30s, 30s, 30s}},
    {"resilience4j IntervalFunctionTest, generatesCappedExponentialIntervals",
     {.base_delay = 100ms, .max_delay = 100s},
     {51200ms, 100s, 100s, 100s},
     10},
};

TEST(backoff_vectors, curves_are_those_of_other_libraries) {
    for (const curve& c : curves) {
        std::vector<duration> found;
        for (unsigned n = 0; n < c.expected.size(); ++n) found.push_back(backoff_delay(c.options, c.first + n));
        EXPECT_THAT(found, ElementsAreArray(c.expected)) << c.source;
    }
}

// resilience4j IntervalFunctionTest, generatesExponentialIntervals and generatesCappedExponentialIntervals
TEST(backoff_vectors, an_exponential_curve_rises_until_its_cap) {
    const retry_options open_ended{.base_delay = 100ms, .max_delay = forever, .multiplier = 1.5};
    const retry_options capped{.base_delay = 100ms, .max_delay = 100s, .multiplier = 2.0};
    for (unsigned n = 2; n < 50; ++n) EXPECT_GT(backoff_delay(open_ended, n), backoff_delay(open_ended, n - 1)) << n;
    for (unsigned n = 2; n < 12; ++n) EXPECT_GT(backoff_delay(capped, n), backoff_delay(capped, n - 1)) << n;
}

// Polly RetryHelperTests, GetRetryDelay_Overflow_ReturnsMaxTimeSpan and …OverflowWithMaxDelay_ReturnsMaxDelay
TEST(backoff_vectors, T54_an_overflow_is_the_longest_delay_or_the_cap) {
    EXPECT_EQ(backoff_delay({.base_delay = 24h, .max_delay = forever}, 1001), forever);
    EXPECT_EQ(backoff_delay({.base_delay = 24h, .max_delay = 48h}, 1001), 48h);
}

// ---- functions: what other libraries have a backoff of its own for ----

struct function_row {
    const char* source;
    std::function<duration(unsigned retry)> delay;
    std::vector<duration> expected;
    duration max_delay = 24h;
};

auto stepping(duration start, duration step) {
    return [=](unsigned retry) { return start + (retry - 1) * step; };
}
auto listed(std::vector<duration> list) {  // the last goes on
    return [=](unsigned retry) { return list[std::min<std::size_t>(retry, list.size()) - 1]; };
}
auto in_turn(std::vector<duration> list) {
    return [=](unsigned retry) { return list[(retry - 1) % list.size()]; };
}
auto squared(duration::rep start) {  // milliseconds, each the square of the one before
    return [state = start](unsigned) mutable { return std::chrono::milliseconds{state *= state}; };
}

const std::vector<function_row> functions{
    {"finagle BackoffTest, apply", stepping(1ms, 1ms), {1ms, 2ms, 3ms, 4ms, 5ms}},
    {"finagle BackoffTest, linear", stepping(7ms, 10ms), {7ms, 17ms, 27ms, 37ms, 47ms}},
    {"finagle BackoffTest, linear with maximum", stepping(9ms, 30ms), {9ms, 39ms, 69ms, 99ms, 99ms}, 99ms},
    {"finagle BackoffTest, concat 2 non empty Backoffs", listed({1ms, 2ms, 3ms, 4ms}), {1ms, 2ms, 3ms, 4ms, 4ms, 4ms}},
    {"tenacity test_incrementing_sleep", stepping(500s, 100s), {500s, 600s, 700s}},
    {"tenacity test_wait_chain", listed({1s, 1s, 4s, 4s, 8s}), {1s, 1s, 4s, 4s, 8s, 8s, 8s, 8s, 8s, 8s}},
    {"tenacity test_wait_chain_multiple_invocations", listed({1s, 2s, 3s}), {1s, 2s, 3s, 3s}},
    {"hyx test_backoffs, interval", in_turn({1s, 2s, 5s, 10s}), {1s, 2s, 5s, 10s}},
    {"hyx test_backoffs, interval in turn", in_turn({1s, 2s, 5s}), {1s, 2s, 5s, 1s, 2s, 5s, 1s, 2s, 5s}},
    {"hyx test_backoffs, linear by 4", stepping(1s, 4s), {1s, 5s, 9s, 13s}},
    {"hyx test_backoffs, linear by 4 with a maximum", stepping(1s, 4s), {1s, 5s, 9s, 9s}, 9s},
    {"cockatiel IterableBackoff.test", listed({3ms, 6ms, 9ms}), {3ms, 6ms, 9ms, 9ms}},
    {"cockatiel DelegateBackoff.test", squared(3), {9ms, 81ms, 6561ms, 43'046'721ms}},
};

TEST(backoff_vectors, delay_by_gives_any_curve) {
    for (const function_row& f : functions) {
        const retry_options options{
            .max_attempts = 30,
            .base_delay = 1ms,
            .max_delay = f.max_delay,
            .jitter = jitter::none,
            .delay_by = [delay = f.delay](unsigned retry, const observation&) mutable { return delay(retry); }};
        ASSERT_TRUE(problems_of(options).empty()) << f.source;
        retry_kernel kernel{options, idempotency::unstated};
        random_source random{1};
        std::vector<duration> found;
        for (std::size_t n = 0; n < f.expected.size(); ++n) {
            kernel.count_attempt();
            found.push_back(kernel.after(transient_failure, 0s, forever, random).delay);
        }
        EXPECT_THAT(found, ElementsAreArray(f.expected)) << f.source;
    }
}

// ---- chance: the range that each delay stays in ----

struct range_row {
    const char* source;
    retry_options options;
    std::vector<std::pair<duration, duration>> expected;
};

const std::vector<range_row> ranges{
    {"tenacity test_wait_random_exponential",
     {.base_delay = 500ms, .max_delay = 60s, .jitter = jitter::full},
     {{0s, 500ms}, {0s, 1s}, {0s, 2s}, {0s, 4s}, {0s, 8s}, {0s, 16s}, {0s, 32s}, {0s, 60s}, {0s, 60s}}},
    {"tenacity test_wait_random_exponential, max wait",
     {.base_delay = 10s, .max_delay = 5s, .jitter = jitter::full},
     {{0s, 5s}, {0s, 5s}}},
    {"tenacity test_wait_exponential_jitter",
     {.base_delay = 1s, .max_delay = 60s, .jitter = jitter::additive},
     {{1s, 2s}, {2s, 3s}, {4s, 5s}, {8s, 9s}, {16s, 17s}, {32s, 33s}}},
    {"cockatiel ExponentialBackoffGenerators.test, full",
     {.base_delay = 128ms, .max_delay = 30s, .jitter = jitter::full},
     {{0s, 256ms}, {0s, 512ms}, {0s, 1024ms}, {0s, 2048ms}, {0s, 4096ms}, {0s, 8192ms}, {0s, 16384ms}, {0s, 30s}}},
    {"cockatiel ExponentialBackoffGenerators.test, half",
     {.base_delay = 128ms, .max_delay = 30s, .jitter = jitter::equal},
     {{0s, 256ms}, {0s, 512ms}, {0s, 1024ms}, {0s, 2048ms}, {0s, 4096ms}, {0s, 8192ms}, {0s, 16384ms}, {0s, 30s}}},
};

TEST(backoff_vectors, T55_chance_stays_in_the_ranges_of_other_libraries) {
    random_source random{55};
    for (const range_row& r : ranges)
        for (unsigned n = 0; n < r.expected.size(); ++n)
            for (int i = 0; i < 1000; ++i)
                ASSERT_THAT(jittered(r.options, backoff_delay(r.options, n + 1), 0s, random),
                            AllOf(Ge(r.expected[n].first), Le(r.expected[n].second)))
                    << r.source << ", " << n + 1;
}

// tenacity test_wait_random_exponential_statistically: base 0.5 s, cap 60 s, 4000 draws
TEST(backoff_vectors, T55_the_mean_of_full_jitter_doubles_until_the_cap) {
    constexpr std::array means{0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0};
    const retry_options options{.base_delay = 500ms, .max_delay = 60s, .jitter = jitter::full};
    random_source random{7};
    for (unsigned n = 1; n <= means.size(); ++n) {
        duration sum{};
        for (int i = 0; i < 4000; ++i) sum += jittered(options, backoff_delay(options, n), 0s, random);
        EXPECT_NEAR(std::chrono::duration<double>(sum).count() / 4000, means[n - 1], 0.08 * means[n - 1]) << n;
    }
}

// ---- ends ----

struct end_row {
    unsigned attempt;
    duration elapsed;
    bool stops;
};

/// Whether a call ends after that many attempts and that time.
bool stops(const retry_options& options, unsigned attempt, duration elapsed) {
    retry_kernel kernel{options, idempotency::unstated};
    random_source random{1};
    for (unsigned i = 0; i < attempt; ++i) kernel.count_attempt();
    return kernel.after(transient_failure, elapsed, forever, random).what == loop_step::kind::give_up;
}

// tenacity test_stop_any: attempts 4 or one second
TEST(backoff_vectors, T52_attempts_and_total_time_bound_a_call_each_alone) {
    const retry_options either{
        .max_attempts = 4, .max_total = 1s, .base_delay = 100ms, .growth = backoff::constant, .jitter = jitter::none};
    for (const auto& [attempt, elapsed, expected] :
         {end_row{1, 100ms, false}, end_row{2, 200ms, false}, end_row{2, 800ms, false}, end_row{4, 800ms, true},
          end_row{3, 1800ms, true}, end_row{4, 1800ms, true}})
        EXPECT_EQ(stops(either, attempt, elapsed), expected) << attempt;
}

// tenacity test_stop_all: attempts 4 and one second
TEST(backoff_vectors, should_stop_may_ask_for_both) {
    const retry_options both{.max_attempts = 100, .base_delay = 1ms, .should_stop = [](unsigned n, duration elapsed) {
                                 return n >= 4 && elapsed >= 1s;
                             }};
    for (const auto& [attempt, elapsed, expected] :
         {end_row{1, 100ms, false}, end_row{2, 200ms, false}, end_row{2, 800ms, false}, end_row{4, 800ms, false},
          end_row{3, 1800ms, false}, end_row{4, 1800ms, true}})
        EXPECT_EQ(stops(both, attempt, elapsed), expected) << attempt;
}

}  // namespace
}  // namespace cutwater
