// What is right for a throttle, as a script that can be read: the formula, the window, and what the two make of a dependency
// that is overloaded, that fails, and that recovers.

#include "cutwater/policy/throttle/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cutwater/policy/throttle/kernel_test.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Ge;
using ::testing::Le;
using namespace std::chrono_literals;

constexpr instant noon{12h};

// ---- the formula ----

struct vector {
    throttle_counts counts;
    double k;
    double max_rejection;
    double expected;
};

void PrintTo(const vector& v, std::ostream* out) {
    *out << v.counts.accepts << " of " << v.counts.requests << ", k " << v.k << ", at most " << v.max_rejection;
}

class throttle_formula : public ::testing::TestWithParam<vector> {};

TEST_P(throttle_formula, gives) {
    const vector& v = GetParam();
    const throttle_options options{.k = v.k, .max_rejection = v.max_rejection, .min_calls = 1};
    EXPECT_THAT(rejection_probability(v.counts, options), DoubleNear(v.expected, 1e-12));
}

// Worked by hand from (requests - k · accepts) / (requests + 1).
INSTANTIATE_TEST_SUITE_P(by_hand, throttle_formula,
                         ::testing::Values(vector{{0, 0}, 2.0, 0.9, 0.0},           // nothing is known
                                           vector{{1, 0}, 2.0, 0.9, 1.0 / 2},       // the first has failed
                                           vector{{9, 0}, 2.0, 0.9, 9.0 / 10},      // just at the most
                                           vector{{10, 0}, 2.0, 0.9, 0.9},          // 10/11 would be more
                                           vector{{10, 0}, 2.0, 0.99, 10.0 / 11},   //
                                           vector{{100, 100}, 2.0, 0.9, 0.0},       //
                                           vector{{100, 50}, 2.0, 0.9, 0.0},        // k times what is accepted: no more
                                           vector{{100, 49}, 2.0, 0.9, 2.0 / 101},  //
                                           vector{{100, 25}, 2.0, 0.9, 50.0 / 101},  //
                                           vector{{100, 49}, 1.0, 0.9, 51.0 / 101},  // each failure counts
                                           vector{{100, 49}, 3.0, 0.9, 0.0},         //
                                           vector{{100, 0}, 100.0, 0.5, 0.5},        //
                                           vector{{100, 0}, 2.0, 0.0, 0.0}));        // never rejects

// failsafe-go, adaptivethrottler_test.go, TestComputeRejectionRate: a success rate threshold of 0.9 is a k of 1/0.9.
INSTANTIATE_TEST_SUITE_P(failsafe_go, throttle_formula,
                         ::testing::Values(vector{{100, 95}, 1 / 0.9, 0.8, 0.0},         // better than required
                                           vector{{120, 90}, 1 / 0.9, 0.8, 20.0 / 121},  // slightly overloaded
                                           vector{{200, 50}, 1 / 0.9, 0.8, 144.444444444444444 / 201},
                                           vector{{1000, 10}, 1 / 0.9, 0.8, 0.8},  //
                                           vector{{0, 0}, 1 / 0.9, 0.8, 0.0},      //
                                           vector{{100, 0}, 1 / 0.9, 0.8, 0.8}));  //

TEST(throttle_formula, below_min_calls_nothing_is_rejected) {
    const throttle_options options{.min_calls = 10};
    EXPECT_EQ(rejection_probability({9, 0}, options), 0.0);
    EXPECT_GT(rejection_probability({10, 0}, options), 0.0);
}

throttle_options random_options() {
    return {.k = 1.0 + *rc::gen::inRange(0, 400) / 100.0,
            .max_rejection = *rc::gen::inRange(0, 100) / 100.0,
            .min_calls = *rc::gen::inRange(1U, 50U)};
}
throttle_counts random_counts() {
    const auto requests = *rc::gen::inRange<std::uint64_t>(0, 1000);
    return {requests, *rc::gen::inRange<std::uint64_t>(0, requests + 1)};
}

RC_GTEST_PROP(throttle_formula_property, T84_is_never_above_max_rejection_nor_below_zero, ()) {
    const throttle_options options = random_options();
    const double p = rejection_probability(random_counts(), options);
    RC_ASSERT(p >= 0.0 && p <= options.max_rejection);
}

RC_GTEST_PROP(throttle_formula_property, where_all_are_accepted_nothing_is_rejected, ()) {
    const throttle_counts all = random_counts();
    RC_ASSERT(rejection_probability({all.requests, all.requests}, random_options()) == 0.0);
}

RC_GTEST_PROP(throttle_formula_property, is_monotone, ()) {
    const throttle_options options = random_options();
    const throttle_counts counts = random_counts();
    const double p = rejection_probability(counts, options);
    RC_ASSERT(rejection_probability({counts.requests + 1, counts.accepts}, options) >=
              p);  // one more that is not accepted
    if (counts.accepts < counts.requests)
        RC_ASSERT(rejection_probability({counts.requests, counts.accepts + 1}, options) <= p);
    throttle_options laxer = options;
    laxer.k += 0.5;
    RC_ASSERT(rejection_probability(counts, laxer) <= p);
}

// ---- the window ----

TEST(throttle_window, T76_forgets_a_thirtieth_at_a_time) {
    throttle_window window{30s};
    for (int second = 0; second < 30; ++second) {
        window.move_to(noon + second * 1s);
        window.add({2, 1});
    }
    EXPECT_EQ(window.counts(), (throttle_counts{60, 30}));
    window.move_to(noon + 30s);
    EXPECT_EQ(window.counts(), (throttle_counts{58, 29}));
    window.move_to(noon + 58s);
    EXPECT_EQ(window.counts(), (throttle_counts{2, 1}));
    window.move_to(noon + 59s);
    EXPECT_EQ(window.counts(), throttle_counts{});
}

TEST(throttle_window, can_be_looked_at_as_it_will_be) {
    throttle_window window{30s};
    window.move_to(noon);
    window.add({2, 1});
    window.move_to(noon + 10s);
    window.add({4, 3});
    EXPECT_EQ(window.counts_at(noon + 29s), (throttle_counts{6, 4}));
    EXPECT_EQ(window.counts_at(noon + 30s), (throttle_counts{4, 3}));
    EXPECT_EQ(window.counts_at(noon + 40s), throttle_counts{});
    EXPECT_EQ(window.counts_at(noon + 24h), throttle_counts{});
    EXPECT_EQ(window.counts_at(noon), (throttle_counts{6, 4})) << "what is counted is counted";
    EXPECT_EQ(window.counts(), (throttle_counts{6, 4})) << "looking changes nothing";
}

TEST(throttle_window, T75_what_comes_a_little_late_is_counted_now) {
    throttle_window window{30s};
    window.move_to(noon);
    EXPECT_FALSE(window.move_to(noon - 5s));
    window.add({1, 1});
    EXPECT_EQ(window.bucket_end(), noon + 1s);
    window.move_to(noon + 29s);
    EXPECT_EQ(window.counts(), (throttle_counts{1, 1}));
}

TEST(throttle_window, T75_a_step_back_or_forth_as_long_as_the_window_begins_anew) {
    for (const duration step : {duration{30s}, duration{-30s}, duration{24h * 3650}, duration{-24h * 3650}}) {
        throttle_window window{30s};
        window.move_to(noon);
        window.add({1, 1});
        EXPECT_TRUE(window.move_to(noon + step));
        EXPECT_EQ(window.counts(), throttle_counts{});
        window.add({1, 1});
        EXPECT_EQ(window.counts(), (throttle_counts{1, 1}));
        EXPECT_EQ(window.bucket_end(), noon + step + 1s);
    }
}

TEST(throttle_window, T76_works_before_zero_and_at_the_ends_of_time) {
    for (const instant at : {instant::min(), instant{-1ns}, instant{}, instant::max()}) {
        throttle_window window{30s};
        window.move_to(at);
        window.add({1, 1});
        EXPECT_EQ(window.counts(), (throttle_counts{1, 1}));
        EXPECT_EQ(window.counts_at(at), (throttle_counts{1, 1}));
        EXPECT_GE(window.bucket_end(), at);
    }
}

TEST(throttle_window, T76_buckets_before_zero_are_as_long_as_those_after) {
    throttle_window window{30s};
    window.move_to(instant{-1ms});
    EXPECT_EQ(window.bucket_end(), instant{});
    EXPECT_TRUE(window.move_to(instant{}));
    EXPECT_FALSE(window.move_to(instant{999ms}));
}

RC_GTEST_PROP(throttle_window_property, T76_counts_what_came_in_the_buckets_that_it_spans, ()) {
    const duration bucket = 1s;
    throttle_window window{30s};
    std::vector<std::int64_t> came;
    std::int64_t latest = 0;
    for (int i = 0; i < 100; ++i) {
        latest += *rc::gen::element<std::int64_t>(0, 0, 1, 1, 2, 7, 29, 30, 31);
        window.move_to(noon + latest * bucket + duration{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000)});
        window.add({1, 0});
        came.push_back(latest);
        const auto within = std::ranges::count_if(came, [&](std::int64_t c) { return c > latest - 30; });
        RC_ASSERT(window.counts().requests == static_cast<std::uint64_t>(within));
    }
}

// ---- when the probability is computed ----

const throttle_options usual{.k = 2.0, .window = 30s, .max_rejection = 0.9, .min_calls = 10};

TEST(throttle_kernel, begins_to_reject_with_the_failure_that_is_too_many) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(kernel.record_accepted(noon));
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(kernel.record_failed(noon));
    EXPECT_EQ(kernel.probability(), 0.0) << "20 are twice what is accepted";
    const throttle_reading seen{.counts = {21, 10}, .probability = 1.0 / 22};
    EXPECT_EQ(kernel.record_failed(noon), (throttle_change{.rejects = true, .seen = seen}));
    EXPECT_EQ(kernel.probability(), seen.probability);
    EXPECT_FALSE(kernel.record_failed(noon)) << "it has begun";
}

TEST(throttle_kernel, what_it_rejects_is_a_request) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 10; ++i) kernel.record_failed(noon);
    EXPECT_TRUE(kernel.ask(noon, 0.0).rejected);
    EXPECT_EQ(kernel.read(noon).counts, (throttle_counts{11, 0}));
    EXPECT_FALSE(kernel.ask(noon, 0.9).rejected) << "chance lets it through; it is nothing yet";
    EXPECT_EQ(kernel.read(noon).counts, (throttle_counts{11, 0}));
}

TEST(throttle_kernel, while_it_rejects_each_accept_counts_at_once) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 10; ++i) kernel.record_failed(noon);
    EXPECT_EQ(kernel.probability(), 0.9);
    kernel.record_accepted(noon);
    EXPECT_EQ(kernel.probability(), 9.0 / 12);
    kernel.record_accepted(noon);
    EXPECT_EQ(kernel.probability(), 8.0 / 13);
}

TEST(throttle_kernel, ends_when_a_bucket_has_passed_and_nothing_is_to_be_rejected) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 10; ++i) kernel.record_failed(noon);
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(kernel.record_accepted(noon));
    EXPECT_EQ(kernel.probability(), 0.0);
    EXPECT_TRUE(kernel.rejects()) << "it may be rejecting again with the next one: that is not told each time";
    EXPECT_FALSE(kernel.record_failed(noon));
    EXPECT_FALSE(kernel.record_accepted(noon));
    const throttle_reading seen{.counts = {23, 12}, .probability = 0.0};
    EXPECT_EQ(kernel.record_accepted(noon + 1s), (throttle_change{.rejects = false, .seen = seen}));
}

TEST(throttle_kernel, a_window_that_has_passed_forgets) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 100; ++i) kernel.record_failed(noon);
    EXPECT_TRUE(kernel.ask(noon + 29s, 0.5).rejected);
    const auto [rejected, by, change] = kernel.ask(noon + 59s, 0.0);
    EXPECT_FALSE(rejected) << "whoever comes after an hour of silence is not refused for what was then";
    EXPECT_EQ(by, throttle_reading{});
    ASSERT_TRUE(change);
    EXPECT_FALSE(change->rejects);
}

TEST(throttle_kernel, what_was_accepted_is_forgotten_as_well) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 100; ++i) kernel.record_accepted(noon);
    for (int i = 0; i < 40; ++i) kernel.record_failed(noon + 10s);
    EXPECT_EQ(kernel.probability(), 0.0);
    EXPECT_EQ(kernel.read(noon + 30s).probability, 0.9) << "what will be computed next";
    EXPECT_FALSE(kernel.ask(noon + 30s, 0.0).rejected) << "but is computed when the next verdict comes";
    ASSERT_TRUE(kernel.record_accepted(noon + 30s));
    EXPECT_TRUE(kernel.ask(noon + 30s, 0.0).rejected);
}

TEST(throttle_kernel, T75_time_that_steps_back_a_little_changes_nothing) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 10; ++i) kernel.record_failed(noon);
    EXPECT_TRUE(kernel.ask(noon - 20s, 0.0).rejected);
    EXPECT_FALSE(kernel.record_accepted(noon - 20s));
    EXPECT_EQ(kernel.read(noon).counts, (throttle_counts{12, 1}));
}

TEST(throttle_kernel, T75_time_of_another_clock_frees_everybody) {
    throttle_kernel kernel{usual};
    for (int i = 0; i < 10; ++i) kernel.record_failed(noon);
    EXPECT_FALSE(kernel.ask(noon - 11h, 0.0).rejected);
    for (int i = 0; i < 10; ++i) kernel.record_failed(noon - 11h);
    EXPECT_TRUE(kernel.ask(noon - 11h, 0.0).rejected) << "and it works on";
}

TEST(throttle_kernel, uncomputed_calls_are_what_they_would_be_one_by_one) {
    throttle_kernel one_by_one{usual};
    throttle_kernel gathered{usual};
    for (throttle_kernel* kernel : {&one_by_one, &gathered}) kernel->record_accepted(noon);
    for (int i = 0; i < 5; ++i) one_by_one.record_accepted(noon);
    gathered.add_uncomputed(5);
    EXPECT_EQ(one_by_one, gathered);
    for (int i = 0; i < 20; ++i)
        for (throttle_kernel* kernel : {&one_by_one, &gathered}) kernel->record_failed(noon);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(one_by_one.ask(noon, 0.0).rejected);
    gathered.add_uncomputed(5);
    EXPECT_EQ(one_by_one, gathered);
}

// ---- in the loop: a hundred calls a second, and a dependency ----

/// Chance that is fair at once: multiples of the golden ratio fill [0, 1) evenly (Weyl).
class even_chance {
public:
    double unit() {
        at_ = std::fmod(at_ + 0.6180339887498949, 1.0);
        return at_;
    }

private:
    double at_ = 0.0;
};

class traffic {
public:
    static constexpr int a_second = 100;

    explicit traffic(throttle_options o) : options_{std::move(o)}, kernel_{options_} {}

    struct second {
        int sent = 0;
        int accepted = 0;
    };
    /// `accepts(n)`: whether the n-th call that it is sent in this second is accepted.
    template <class Accepts>
    second pass_a_second(Accepts&& accepts) {
        second seen;
        for (int i = 0; i < a_second; ++i, now_ = add(now_, duration{1s} / a_second)) {
            if (kernel_.ask(now_, chance_.unit()).rejected) continue;
            const bool accepted = accepts(seen.sent++);
            seen.accepted += accepted ? 1 : 0;
            accepted ? kernel_.record_accepted(now_) : kernel_.record_failed(now_);
        }
        return seen;
    }
    template <class Accepts>
    second pass(int seconds, Accepts&& accepts) {
        second sum;
        for (int i = 0; i < seconds; ++i) {
            const second one = pass_a_second(accepts);
            sum.sent += one.sent;
            sum.accepted += one.accepted;
        }
        return sum;
    }
    void be_silent(duration d) { now_ = add(now_, d); }

    [[nodiscard]] double probability() const { return kernel_.probability(); }
    [[nodiscard]] instant now() const { return now_; }

private:
    throttle_options options_;
    throttle_kernel kernel_;
    even_chance chance_;
    instant now_ = noon;
};

const auto accepts_all = [](int) { return true; };
const auto accepts_none = [](int) { return false; };

struct overload {
    double k;
    int capacity;  // calls a second that the dependency accepts
};

void PrintTo(const overload& o, std::ostream* out) { *out << "k " << o.k << ", capacity " << o.capacity; }

class throttle_under_overload : public ::testing::TestWithParam<overload> {};

// p = 1 - k · capacity / rate, so what is sent is (1 - p) · rate = k · capacity, whatever is asked for.
TEST_P(throttle_under_overload, the_dependency_is_sent_k_times_what_it_accepts) {
    const auto [k, capacity] = GetParam();
    traffic calls{{.k = k, .max_rejection = 0.99}};
    const auto up_to_capacity = [&](int n) { return n < capacity; };
    calls.pass(300, up_to_capacity);
    ASSERT_EQ(calls.now(), noon + 300s);
    const auto [sent, accepted] = calls.pass(60, up_to_capacity);
    EXPECT_NEAR(sent / 60.0, k * capacity, 0.05 * k * capacity);
    EXPECT_EQ(accepted, 60 * capacity) << "all that it can do is done";
}

INSTANTIATE_TEST_SUITE_P(capacities, throttle_under_overload,
                         ::testing::Values(overload{2.0, 10}, overload{2.0, 25}, overload{2.0, 40}, overload{1.5, 20},
                                           overload{1.2, 50}, overload{4.0, 10}));

TEST(throttle_in_the_loop, a_dependency_that_can_do_all_gets_all) {
    traffic calls{usual};
    EXPECT_EQ(calls.pass(100, accepts_all).sent, 100 * traffic::a_second);
}

TEST(throttle_in_the_loop, a_dependency_that_does_half_gets_all_with_a_k_of_two) {
    traffic calls{usual};
    auto every_other = [n = 0](int) mutable { return n++ % 2 == 0; };
    EXPECT_EQ(calls.pass(100, every_other).sent, 100 * traffic::a_second);
}

// It takes for overload what is a share of failures: sending less does not help, so it sends less and less.
TEST(throttle_in_the_loop, a_dependency_that_fails_a_share_above_what_k_allows_ends_at_the_most) {
    traffic calls{usual};
    auto two_in_five = [n = 0](int) mutable { return n++ % 5 < 2; };
    calls.pass(600, two_in_five);
    EXPECT_EQ(calls.probability(), 0.9);
}

TEST(throttle_in_the_loop, T84_some_pass_always) {
    traffic calls{usual};
    calls.pass(60, accepts_none);
    EXPECT_EQ(calls.probability(), 0.9);
    EXPECT_NEAR(calls.pass(10, accepts_none).sent, 100, 5) << "a tenth";
}

// ---- recovery, in windows: (1 + ln(1 / (1 - max))) / k, and a little more beyond the first, when accepts are forgotten too ----

double windows_until_recovered(double k, double max_rejection) {
    traffic calls{{.k = k, .max_rejection = max_rejection}};
    calls.pass(90, accepts_none);
    const instant recovered = calls.now();
    while (calls.probability() > 0.0 && between(recovered, calls.now()) < 10min) calls.pass_a_second(accepts_all);
    return static_cast<double>(between(recovered, calls.now()).count()) / static_cast<double>(duration{30s}.count());
}

TEST(throttle_recovery, T84_takes_as_long_as_the_formula_says) {
    EXPECT_THAT(windows_until_recovered(2.0, 0.5), AllOf(Ge(0.8), Le(0.95))) << "0.85";
    EXPECT_THAT(windows_until_recovered(3.0, 0.75), AllOf(Ge(0.75), Le(0.9))) << "0.80";
    EXPECT_THAT(windows_until_recovered(2.0, 0.9), AllOf(Ge(1.65), Le(2.0))) << "1.65, and more";
}

TEST(throttle_recovery, T84_is_sooner_the_more_is_let_through) {
    EXPECT_LT(windows_until_recovered(2.0, 0.5), windows_until_recovered(2.0, 0.75));
    EXPECT_LT(windows_until_recovered(2.0, 0.75), windows_until_recovered(2.0, 0.9));
    EXPECT_LT(windows_until_recovered(3.0, 0.9), windows_until_recovered(2.0, 0.9));
}

TEST(throttle_recovery, is_at_once_where_nobody_has_called_for_a_window) {
    traffic calls{usual};
    calls.pass(90, accepts_none);
    calls.be_silent(30s);
    EXPECT_EQ(calls.pass_a_second(accepts_all).sent, traffic::a_second);
}

}  // namespace
}  // namespace cutwater
