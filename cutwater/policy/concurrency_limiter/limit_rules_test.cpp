// The rules as tables. Rows marked with a name are those of Netflix' concurrency-limits: `VegasLimitTest`, `AIMDLimitTest`.

#include "cutwater/policy/concurrency_limiter/limit_rules.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

struct row {
    const char* name;
    limit_sample seen;
    double next;
};

void PrintTo(const row& r, std::ostream* out) { *out << r.name; }
struct row_name {
    std::string operator()(const auto& info) const { return info.param.name; }
};

class vegas_rule : public ::testing::TestWithParam<row> {};

TEST_P(vegas_rule, gives_the_next_limit) { EXPECT_EQ(next_by_vegas(GetParam().seen), GetParam().next); }

constexpr row vegas_rows[] = {
    {"increaseLimit", {.limit = 10, .in_flight = 11, .latency = 10ms, .idle_latency = 10ms}, 16},
    {"decreaseLimit", {.limit = 10, .in_flight = 11, .latency = 50ms, .idle_latency = 10ms}, 9},
    {"noChangeIfWithinThresholds", {.limit = 10, .in_flight = 14, .latency = 14ms, .idle_latency = 10ms}, 10},
    {"largeLimitIncrease", {.limit = 10'000, .in_flight = 6000, .latency = 10s, .idle_latency = 10s}, 10'024},
    {"one_that_waits_is_nobody_to_speak_of",
     {.limit = 10, .in_flight = 10, .latency = 10500us, .idle_latency = 10ms},
     16},
    {"two_of_ten_wait", {.limit = 10, .in_flight = 10, .latency = 12ms, .idle_latency = 10ms}, 11},
    {"seven_of_ten_wait", {.limit = 10, .in_flight = 10, .latency = 30ms, .idle_latency = 10ms}, 9},
    {"ninety_of_a_hundred_wait", {.limit = 100, .in_flight = 100, .latency = 100ms, .idle_latency = 10ms}, 80.5},
    {"half_of_it_is_in_use", {.limit = 10, .in_flight = 5, .latency = 10ms, .idle_latency = 10ms}, 16},
    {"less_than_half_of_it_is_in_use", {.limit = 10, .in_flight = 4, .latency = 10ms, .idle_latency = 10ms}, 10},
    {"slow_but_not_in_use", {.limit = 10, .in_flight = 4, .latency = 1s, .idle_latency = 10ms}, 10},
    {"an_overload_lowers_it_whether_in_use_or_not",
     {.limit = 100, .in_flight = 1, .latency = 10ms, .idle_latency = 10ms, .overloaded = true},
     90},
    {"half_of_it_goes_where_all_are_dropped",
     {.limit = 100, .in_flight = 100, .overloaded = true, .drop_share = 1},
     50},
    {"faster_than_idle", {.limit = 10, .in_flight = 10, .latency = 5ms, .idle_latency = 10ms}, 16},
    {"nothing_was_answered", {.limit = 10, .in_flight = 10, .overloaded = true}, 9},
};
INSTANTIATE_TEST_SUITE_P(table, vegas_rule, ::testing::ValuesIn(vegas_rows), row_name{});

class aimd_rule : public ::testing::TestWithParam<row> {};

TEST_P(aimd_rule, gives_the_next_limit) { EXPECT_EQ(next_by_aimd(GetParam().seen, 0.9), GetParam().next); }

constexpr row aimd_rows[] = {
    {"increaseOnSuccess", {.limit = 20, .in_flight = 10}, 21},
    {"decreaseOnDrops", {.limit = 30, .in_flight = 0, .overloaded = true}, 27},
    {"not_in_use", {.limit = 20, .in_flight = 9}, 20},
    {"one_can_be_reached", {.limit = 2, .in_flight = 2, .overloaded = true}, 1},
};
INSTANTIATE_TEST_SUITE_P(table, aimd_rule, ::testing::ValuesIn(aimd_rows), row_name{});

class gradient_rule : public ::testing::TestWithParam<row> {};

TEST_P(gradient_rule, gives_the_next_limit) {
    EXPECT_NEAR(next_by_gradient(GetParam().seen, 1.5), GetParam().next, 1e-9);
}

// by the formula: 0.8 · limit + 0.2 · (limit · gradient + max(4, √limit)), gradient = 1.5 · idle / latency in [0.5, 1]
constexpr row gradient_rows[] = {
    {"as_fast_as_idle", {.limit = 16, .in_flight = 16, .latency = 10ms, .idle_latency = 10ms}, 16.8},
    {"within_the_tolerance", {.limit = 16, .in_flight = 16, .latency = 15ms, .idle_latency = 10ms}, 16.8},
    {"twice_as_slow", {.limit = 16, .in_flight = 16, .latency = 20ms, .idle_latency = 10ms}, 16.0},
    {"ten_times_as_slow", {.limit = 16, .in_flight = 16, .latency = 100ms, .idle_latency = 10ms}, 15.2},
    {"a_large_one_has_more_room", {.limit = 100, .in_flight = 100, .latency = 10ms, .idle_latency = 10ms}, 102},
    {"not_in_use", {.limit = 16, .in_flight = 7, .latency = 100ms, .idle_latency = 10ms}, 16},
    {"an_overload_halves_it_by_and_by",
     {.limit = 16, .in_flight = 1, .latency = 10ms, .idle_latency = 10ms, .overloaded = true},
     14.4},
    {"and_half_of_it_goes_where_all_are_dropped",
     {.limit = 16, .in_flight = 16, .overloaded = true, .drop_share = 1},
     8},
};
INSTANTIATE_TEST_SUITE_P(table, gradient_rule, ::testing::ValuesIn(gradient_rows), row_name{});

limit_sample any_sample() {
    return {.limit = *rc::gen::inRange(1, 100'000) / 10.0 + 1,
            .in_flight = *rc::gen::inRange(0U, 20'000U),
            .latency = std::chrono::microseconds{*rc::gen::inRange(0, 10'000'000)},
            .idle_latency = std::chrono::microseconds{*rc::gen::inRange(0, 10'000'000)},
            .overloaded = *rc::gen::arbitrary<bool>(),
            .drop_share = *rc::gen::inRange(0, 101) / 100.0};
}

std::array<double, 3> all_rules(const limit_sample& s) {
    return {next_by_vegas(s), next_by_gradient(s, 1.5), next_by_aimd(s, 0.9)};
}

RC_GTEST_PROP(limit_rules, no_rule_raises_a_limit_that_was_not_needed_or_in_an_overload, ()) {
    const limit_sample s = any_sample();
    for (const double next : all_rules(s))
        if (!was_needed(s) || s.overloaded) RC_ASSERT(next <= s.limit);
}

RC_GTEST_PROP(limit_rules, every_rule_lowers_a_limit_in_an_overload, ()) {
    limit_sample s = any_sample();
    s.overloaded = true;
    for (const double next : all_rules(s)) RC_ASSERT(next < s.limit);
}

RC_GTEST_PROP(limit_rules, slower_is_never_better, ()) {
    const limit_sample s = any_sample();
    limit_sample slower = s;
    slower.latency += std::chrono::microseconds{*rc::gen::inRange(0, 1'000'000)};
    RC_ASSERT(next_by_vegas(slower) <= next_by_vegas(s));
    RC_ASSERT(next_by_gradient(slower, 1.5) <= next_by_gradient(s, 1.5));
}

RC_GTEST_PROP(limit_rules, one_step_is_never_a_collapse, ()) {
    const limit_sample s = any_sample();
    for (const double next : all_rules(s))
        RC_ASSERT(std::isfinite(next) && next >= s.limit / 2 - 1 && next <= s.limit * 2 + 24);
}

}  // namespace
}  // namespace cutwater
