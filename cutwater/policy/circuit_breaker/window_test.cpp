// The three windows, each held against a model that keeps every call and counts it again.

#include "cutwater/policy/circuit_breaker/window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <string_view>

#include "cutwater/policy/circuit_breaker/kernel_test.hpp"

namespace cutwater {
namespace {

constexpr instant noon{12h};
constexpr call_mark clean{};
constexpr call_mark failure{.failed = true};

call_mark random_mark() { return {.failed = *rc::gen::inRange(0, 4) == 0, .slow = *rc::gen::inRange(0, 4) == 0}; }

void count_in(window_counts& counts, call_mark m) {
    counts.calls += 1;
    counts.failures += m.failed ? 1 : 0;
    counts.slow += m.slow ? 1 : 0;
}

// ---- the last n calls ----

RC_GTEST_PROP(count_window, counts_as_one_that_keeps_the_last_calls, ()) {
    const auto size = *rc::gen::inRange(1U, 9U);
    count_window window{size};
    std::deque<call_mark> model;
    const int steps = *rc::gen::inRange(0, 40);
    for (int i = 0; i < steps; ++i) {
        const call_mark m = *rc::gen::inRange(0, 3) == 0 ? random_mark() : clean;
        const auto n = *rc::gen::inRange<std::uint64_t>(1, 12);
        window.add(m, n, noon);
        for (std::uint64_t k = 0; k < n; ++k) model.push_back(m);
        while (model.size() > size) model.pop_front();
        window_counts expected;
        for (const call_mark kept : model) count_in(expected, kept);
        RC_ASSERT(window.counts(noon) == expected);
        RC_ASSERT(window.is_settled() == (expected == window_counts{.calls = size}));
    }
}

TEST(count_window, T23_may_be_of_one_call) {
    count_window window{1};
    window.add(failure, 1, noon);
    EXPECT_EQ(window.counts(noon), (window_counts{.calls = 1, .failures = 1}));
    window.add(clean, 1, noon);
    EXPECT_EQ(window.counts(noon), window_counts{.calls = 1});
    EXPECT_TRUE(window.is_settled());
}

TEST(count_window, takes_a_billion_at_once) {
    count_window window{100};
    window.add(failure, 1'000'000'000, noon);
    EXPECT_EQ(window.counts(noon), (window_counts{.calls = 100, .failures = 100}));
    window.add(clean, std::numeric_limits<std::uint64_t>::max(), noon);
    EXPECT_TRUE(window.is_settled());
}

// ---- the last while ----

/// Keeps every call with its bucket; forgets as the window says: by buckets, and what is older than the newest ring.
class time_model {
public:
    time_model(duration length, unsigned buckets) : bucket_{length / buckets}, buckets_{buckets} {}

    void add(call_mark m, instant now) {
        const std::int64_t tick = tick_of(now);
        std::int64_t& newest = newest_in_place_.try_emplace(place(tick), tick).first->second;
        if (newest > tick) return;  // its place in the ring is taken by a newer bucket
        newest = tick;
        calls_.push_back({tick, m});
    }

    [[nodiscard]] window_counts counts(instant now) const {
        const std::int64_t last = tick_of(now);
        window_counts sum;
        for (const auto& [tick, m] : calls_)
            if (tick <= last && tick > last - buckets_ && newest_in_place_.at(place(tick)) == tick) count_in(sum, m);
        return sum;
    }

private:
    [[nodiscard]] std::int64_t tick_of(instant t) const {
        return start_of_bucket(t, bucket_).time_since_epoch() / bucket_;
    }
    [[nodiscard]] std::int64_t place(std::int64_t tick) const { return (tick % buckets_ + buckets_) % buckets_; }

    duration bucket_;
    unsigned buckets_;
    std::map<std::int64_t, std::int64_t> newest_in_place_;
    std::vector<std::pair<std::int64_t, call_mark>> calls_;
};

RC_GTEST_PROP(time_window, counts_as_one_that_keeps_every_call, ()) {
    const auto buckets = *rc::gen::inRange(1U, 7U);
    const duration length = buckets * std::chrono::milliseconds{*rc::gen::inRange(1, 50)};
    time_window window{length, buckets};
    time_model model{length, buckets};
    instant now = *rc::gen::element(noon, instant{}, instant{-1h});
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
        const call_mark m = random_mark();
        window.add(m, 1, now);
        model.add(m, now);
        // mostly on by a little; at times back, or far away
        now = add(now, *rc::gen::element<duration>(0ms, 1ms, length / 3, length / 3, length, length * 5, -length / 2,
                                                   -length * 3));
        RC_ASSERT(window.counts(now) == model.counts(now));
    }
}

TEST(time_window, forgets_a_bucket_at_a_time) {
    time_window window{10s, 10};
    window.add(failure, 1, noon + 900ms);
    EXPECT_EQ(window.counts(noon + 9s + 999ms).calls, 1U);
    EXPECT_EQ(window.counts(noon + 10s).calls, 0U) << "between nine and ten seconds, by where in its bucket it was";
}

TEST(time_window, T23_may_be_one_bucket) {
    time_window window{1ms, 1};
    window.add(failure, 1, noon);
    EXPECT_EQ(window.counts(noon + 999us).failures, 1U);
    EXPECT_EQ(window.counts(noon + 1ms).failures, 0U);
}

TEST(time_window, is_empty_after_a_long_sleep_of_the_machine) {
    time_window window{10s, 1000};
    window.add(failure, 500, noon);
    const instant much_later = noon + std::chrono::years{100};
    EXPECT_EQ(window.counts(much_later), window_counts{});
    window.add(failure, 1, much_later);
    EXPECT_EQ(window.counts(much_later).calls, 1U);
}

TEST(time_window, works_at_both_ends_of_time) {
    for (const instant t : {instant::min(), instant{-1ns}, instant{}, instant::max() - 1ns, never}) {
        time_window window{3ms, 3};
        window.add(failure, 2, t);
        EXPECT_EQ(window.counts(t).failures, 2U) << t.time_since_epoch().count();
        EXPECT_LE(start_of_bucket(t, 1ms), t);
    }
}

TEST(time_window, what_is_ahead_of_the_time_asked_about_does_not_count) {
    time_window window{10s, 10};
    window.add(failure, 1, noon);
    EXPECT_EQ(window.counts(noon - 1s).calls, 0U) << "the clock went back";
    EXPECT_EQ(window.counts(noon).calls, 1U) << "and on again";
}

// ---- failures in a row ----

RC_GTEST_PROP(failure_run, counts_failures_since_the_last_success, ()) {
    failure_run window;
    std::uint64_t model = 0;
    const int steps = *rc::gen::inRange(0, 40);
    for (int i = 0; i < steps; ++i) {
        const call_mark m = random_mark();
        window.add(m, 1, noon);
        model = m.failed ? model + 1 : 0;
        RC_ASSERT(window.counts(noon).failures == model);
        RC_ASSERT(window.is_settled() == (model == 0));
    }
}

// ---- vectors: inputs and results from the tests of other libraries, which are named ----

window_counts played_in(auto window, std::string_view calls) {
    for (const char c : calls) window.add({.failed = c == 'F' || c == 'f', .slow = c == 's' || c == 'f'}, 1, noon);
    return window.counts(noon);
}

TEST(count_window, counts_as_elsewhere) {
    EXPECT_EQ(played_in(count_window{10}, "SSFFFFFFSSSS"), (window_counts{.calls = 10, .failures = 6}))
        << "resilience4j CircuitBreakerMetricsTest, testCircuitBreakerMetrics";
    EXPECT_EQ(played_in(count_window{10}, "SSFFFFFFSSSSSSS"), (window_counts{.calls = 10, .failures = 3}))
        << "the same, later";
    EXPECT_EQ(played_in(count_window{5}, "sfSSS"), (window_counts{.calls = 5, .failures = 1, .slow = 2}))
        << "resilience4j FixedSizeSlidingWindowMetricsTest, testSlowCallsPercentage";
    EXPECT_EQ(played_in(count_window{5}, "FSSFSSFSS"), (window_counts{.calls = 5, .failures = 1}))
        << "cockatiel CountBreaker.test, wraps around";
}

TEST(time_window, counts_as_resilience4j_does) {  // SlidingTimeWindowMetricsTest, testSlidingTimeWindowMetrics
    struct row {
        duration wait;
        call_mark mark;
        window_counts expected;
    };
    const row rows[] = {{0ms, failure, {1, 1, 0}}, {100ms, clean, {2, 1, 0}}, {100ms, clean, {3, 1, 0}},
                        {1s, clean, {4, 1, 0}},    {1s, clean, {5, 1, 0}},    {1s, failure, {6, 2, 0}},
                        {1s, clean, {7, 2, 0}},    {1s, clean, {5, 1, 0}},    {1s, clean, {5, 1, 0}},
                        {5s, clean, {1, 0, 0}}};
    time_window window{5s, 5};
    instant now = noon;
    for (const row& r : rows) {
        now += r.wait;
        window.add(r.mark, 1, now);
        EXPECT_EQ(window.counts(now), r.expected) << to_text(now - noon);
    }
}

TEST(time_window, counts_as_cockatiel_does) {  // SamplingBreaker.test, increments and wraps buckets correctly
    time_window window{5s, 5};
    for (unsigned second = 1; second <= 6; ++second) {
        window.add(failure, second, noon + second * 1s);
        window.add(clean, 2 * std::uint64_t{second}, noon + second * 1s);
    }
    EXPECT_EQ(window.counts(noon + 6s), (window_counts{.calls = 60, .failures = 20}));
}

}  // namespace
}  // namespace cutwater
