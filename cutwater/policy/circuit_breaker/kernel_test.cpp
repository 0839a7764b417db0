// What is right for a circuit breaker, as a script that can be read.

#include "cutwater/policy/circuit_breaker/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/policy/circuit_breaker/kernel_test.hpp"
#include "cutwater/testing/script.hpp"

namespace cutwater {
namespace {

using enum circuit_state;

circuit_breaker_options counting(unsigned calls, unsigned minimum, double rate) {
    return {.window = breaker_window::count, .window_calls = calls, .minimum_calls = minimum, .failure_rate = rate};
}

circuit_breaker_options in_a_row(unsigned failures) {
    return {.window = breaker_window::consecutive, .consecutive_failures = failures};
}

/// Opens at the first failure and probes as told.
circuit_breaker_options probing(unsigned probes, unsigned successes) {
    return {.window = breaker_window::consecutive,
            .consecutive_failures = 1,
            .open_for = 10s,
            .probes = probes,
            .probe_successes = successes,
            .probe_lease = 30s};
}

/// A circuit that has opened, and whose open time is over.
struct half_opened : played {
    explicit half_opened(circuit_breaker_options given) : played{std::move(given)} {
        play("F");
        after(10s);
        EXPECT_EQ(state(), half_open);
    }
};

// ---- closed: when it opens ----

TEST(circuit_breaker_kernel, one_failure_does_not_open_it) {
    EXPECT_EQ(played{{}}.play("F"), closed);
    EXPECT_EQ(played{{}}.play("FFFFFFFFF"), closed) << "nine are fewer than minimum_calls";
    EXPECT_EQ(played{{}}.play("FFFFFFFFFF"), open);
}

TEST(circuit_breaker_kernel, opens_at_its_rate_and_enough_calls) {
    played circuit{counting(10, 4, 0.5)};
    EXPECT_EQ(circuit.play("SSSFF"), closed) << "two of five";
    EXPECT_EQ(circuit.play("F"), open) << "three of six: at the threshold, not only above it";
    ASSERT_EQ(circuit.changes.size(), 1U);
    EXPECT_EQ(circuit.changes[0], (circuit_change{.from = closed,
                                                  .to = open,
                                                  .reason = circuit_reason::failure_rate,
                                                  .counts = {.calls = 6, .failures = 3},
                                                  .open_for = 30s}));
}

TEST(circuit_breaker_kernel, T22_a_threshold_of_all_is_reached_when_all_fail) {
    EXPECT_EQ(played{counting(5, 5, 1.0)}.play("FFFFF"), open);
    EXPECT_EQ(played{counting(5, 5, 1.0)}.play("SFFFF"), closed);
    EXPECT_EQ(played{counting(5, 5, 1.0)}.play("SFFFFF"), open) << "the success has left the window";
}

TEST(circuit_breaker_kernel, T22_the_least_threshold_is_reached_by_one_failure) {
    const double least = std::numeric_limits<double>::denorm_min();
    EXPECT_EQ(played{counting(100, 10, least)}.play("SSSSSSSSSF"), open);
    EXPECT_EQ(played{counting(100, 10, least)}.play("SSSSSSSSSSSS"), closed);
}

TEST(circuit_breaker_kernel, T22_a_threshold_of_one_percent_is_one_in_a_hundred) {
    EXPECT_EQ(played{counting(100, 100, 0.01)}.play(std::string(99, 'S') + "F"), open);
    EXPECT_EQ(played{counting(101, 101, 0.01)}.play(std::string(100, 'S') + "F"), closed);
}

RC_GTEST_PROP(circuit_breaker_kernel, T22_a_rate_written_as_a_fraction_is_met_by_that_fraction, ()) {
    const auto calls = *rc::gen::inRange(1U, 200U);
    const auto failures = *rc::gen::inRange(1U, calls + 1);
    played circuit{counting(calls, calls, static_cast<double>(failures) / static_cast<double>(calls))};
    RC_ASSERT(circuit.play(std::string(calls - failures, 'S') + std::string(failures - 1, 'F')) == closed);
    RC_ASSERT(circuit.play("F") == open);
}

TEST(circuit_breaker_kernel, a_success_never_opens_it) {
    played circuit{counting(10, 4, 0.5)};
    EXPECT_EQ(circuit.play("FFFS"), closed) << "the fourth call fills minimum_calls, and three of four failed";
    EXPECT_EQ(circuit.play("F"), open);
}

TEST(circuit_breaker_kernel, permanent_failures_are_failures) { EXPECT_EQ(played{in_a_row(2)}.play("FP"), open); }

TEST(circuit_breaker_kernel, failures_in_a_row_are_reset_by_a_success) {
    played circuit{in_a_row(3)};
    EXPECT_EQ(circuit.play("FFSFF"), closed);
    EXPECT_EQ(circuit.play("F"), open);
    EXPECT_EQ(circuit.changes[0].reason, circuit_reason::consecutive_failures);
}

TEST(circuit_breaker_kernel, T37_neutral_outcomes_are_not_counted) {
    played circuit{counting(10, 2, 0.5)};
    circuit.play("ICAICAICA");
    EXPECT_EQ(circuit.counts(), window_counts{});
    EXPECT_EQ(circuit.play("FCCCCCF"), open) << "nor do they dilute the rate";
}

TEST(circuit_breaker_kernel, slow_calls_open_it_too) {
    circuit_breaker_options options = counting(10, 4, 0.5);
    options.slow_after = 1s;
    options.slow_rate = 0.75;
    played circuit{options};
    EXPECT_EQ(circuit.play("SsSss"), closed) << "three of five";
    EXPECT_EQ(circuit.play("sss"), open) << "six of eight";
    EXPECT_EQ(circuit.changes[0].reason, circuit_reason::slow_rate);
    EXPECT_EQ(circuit.changes[0].counts, (window_counts{.calls = 8, .slow = 6}));
}

TEST(circuit_breaker_kernel, a_slow_failure_is_slow_and_a_failure) {
    circuit_breaker_options options = counting(10, 4, 1.0);
    options.slow_after = 1s;
    options.slow_rate = 0.5;
    EXPECT_EQ(played{options}.play("SSff"), open);
    EXPECT_EQ(played{counting(10, 4, 0.5)}.play("SSff"), open);
}

TEST(circuit_breaker_kernel, a_time_window_forgets_old_failures) {
    played circuit{{.window_time = 10s, .minimum_calls = 4}};
    circuit.play("FF");
    circuit.after(10s).play("FF");
    EXPECT_EQ(circuit.state(), closed) << "the first two are forgotten";
    circuit.after(5s).play("FF");
    EXPECT_EQ(circuit.state(), open);
}

TEST(circuit_breaker_kernel, T24_T31_each_epoch_begins_with_an_empty_window) {
    for (circuit_breaker_options options :
         {counting(10, 3, 0.5), in_a_row(3), circuit_breaker_options{.minimum_calls = 3}}) {
        options.probes = options.probe_successes = 1;
        played circuit{options};
        EXPECT_EQ(circuit.play("FFF"), open);
        EXPECT_EQ(circuit.after(30s).play("S"), closed);
        EXPECT_EQ(circuit.counts(), window_counts{}) << "neither old failures nor the probe";
        EXPECT_EQ(circuit.play("FF"), closed);
        EXPECT_EQ(circuit.play("F"), open);
    }
}

// ---- open ----

TEST(circuit_breaker_kernel, open_refuses_until_its_time_is_over) {
    played circuit{probing(1, 1)};
    circuit.play("F");
    EXPECT_EQ(circuit.refused(), 10s);
    EXPECT_EQ(circuit.after(4s).refused(), 6s);
    EXPECT_EQ(circuit.after(6s - 1ns).refused(), 1ns);
    EXPECT_EQ(circuit.after(1ns).admitted().lease, 1U);
}

TEST(circuit_breaker_kernel, T21_its_state_is_right_without_traffic) {
    played circuit{probing(1, 1)};
    circuit.play("F");
    EXPECT_EQ(circuit.after(10s - 1ns).state(), open);
    EXPECT_EQ(circuit.after(1ns).state(), half_open);
    EXPECT_EQ(circuit.kernel.retry_after(circuit.now), 0s);
    EXPECT_EQ(circuit.changes.size(), 1U) << "nobody has asked to pass: it has not changed yet";
}

TEST(circuit_breaker_kernel, T25_what_it_refuses_is_not_counted) {
    played circuit{probing(1, 1)};
    circuit.play("F");
    EXPECT_EQ(circuit.admitted_of(1000), 0U);
    EXPECT_EQ(circuit.counts(), window_counts{});
}

TEST(circuit_breaker_kernel, open_time_grows_with_each_failed_round_of_probes_up_to_its_maximum) {
    circuit_breaker_options options = probing(1, 1);
    options.open_growth = 2.0;
    options.open_max = 60s;
    played circuit{options};
    circuit.play("F");
    for (const duration expected : {10s, 20s, 40s, 60s, 60s}) {
        EXPECT_EQ(circuit.changes.back().open_for, expected);
        circuit.after(expected).play("F");
    }
}

TEST(circuit_breaker_kernel, growth_goes_on_unless_it_was_healthy_for_a_while) {
    circuit_breaker_options options = probing(1, 1);
    options.open_growth = 3.0;
    options.healthy_after = 1min;
    played circuit{options};
    circuit.play("F");
    EXPECT_EQ(circuit.after(10s).play("S"), closed);
    circuit.after(1min - 1ns).play("F");
    EXPECT_EQ(circuit.changes.back().open_for, 30s) << "it had been closed for too short";
    EXPECT_EQ(circuit.after(30s).play("S"), closed);
    circuit.after(1min).play("F");
    EXPECT_EQ(circuit.changes.back().open_for, 10s);
}

RC_GTEST_PROP(circuit_breaker_kernel, T54_open_time_stays_within_bounds_however_often_it_opens, ()) {
    circuit_breaker_options options = probing(1, 1);
    options.open_for = std::chrono::milliseconds{*rc::gen::inRange(1, 100'000)};
    options.open_growth = *rc::gen::element(1.0, 1.001, 2.0, 10.0);
    options.open_max = add(options.open_for, std::chrono::milliseconds{*rc::gen::inRange(0, 80'000'000)});
    options.open_jitter = *rc::gen::element(0.0, 0.1, 1.0);
    played circuit{options};
    circuit.kernel.restore({.openings_in_a_row = *rc::gen::arbitrary<unsigned>()}, circuit.now);
    circuit.play("F");
    for (int i = 0; i < 5; ++i) {
        const duration chosen = circuit.changes.back().open_for;
        RC_ASSERT(chosen >= options.open_for);
        RC_ASSERT(chosen <= options.open_max + scale(options.open_max, options.open_jitter) + 1ns);
        circuit.after(chosen).play("F");
    }
}

TEST(circuit_breaker_kernel, jitter_is_added_to_the_open_time) {
    circuit_breaker_options options = probing(1, 1);
    options.open_jitter = 0.5;
    duration least = forever;
    duration most{};
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        played circuit{options};
        circuit.dice = random_source{seed};
        circuit.play("F");
        least = std::min(least, circuit.changes[0].open_for);
        most = std::max(most, circuit.changes[0].open_for);
    }
    EXPECT_GE(least, 10s);
    EXPECT_LT(least, 10s + 50ms);
    EXPECT_LE(most, 15s);
    EXPECT_GT(most, 15s - 50ms);
}

TEST(circuit_breaker_kernel, T9_a_million_openings_later_it_is_as_it_was) {
    played circuit{probing(1, 1)};
    circuit.play("F");
    for (int i = 0; i < 1'000'000; ++i) {
        circuit.now = add(circuit.now, 10s);
        const auto probe = circuit.kernel.admit(circuit.now);
        (void)circuit.kernel.settle(*probe.ticket, {.meaning = verdict::transient}, circuit.now, circuit.dice);
    }
    EXPECT_EQ(circuit.state(), open);
    EXPECT_EQ(circuit.refused(), 10s);
}

// ---- half-open ----

TEST(circuit_breaker_kernel, T8_exactly_as_many_probes_as_it_says) {
    for (const unsigned probes : {1U, 2U, 7U, 64U}) {
        half_opened circuit{probing(probes, 1)};
        EXPECT_EQ(circuit.admitted_of(1000), probes);
        EXPECT_EQ(circuit.kernel.leases_taken(), probes);
    }
}

TEST(circuit_breaker_kernel, T20_it_closes_when_m_of_n_probes_succeed) {
    EXPECT_EQ(half_opened{probing(3, 2)}.play("SS"), closed);
    EXPECT_EQ(half_opened{probing(3, 2)}.play("SFS"), closed) << "one failure of a noisy dependency is forgiven";
    EXPECT_EQ(half_opened{probing(3, 2)}.play("SFF"), open);
    EXPECT_EQ(half_opened{probing(3, 2)}.play("FF"), open) << "two of three cannot succeed any more";
}

TEST(circuit_breaker_kernel, T11_failed_probes_decide_not_the_rate) {
    circuit_breaker_options options = counting(100, 1, 0.9);
    options.open_for = 10s;
    options.probes = options.probe_successes = 10;
    EXPECT_EQ(half_opened{options}.play("SSSSSSSSSF"), open) << "one of ten failed: the rate would not open it";
}

TEST(circuit_breaker_kernel, T12_the_minimum_of_calls_does_not_apply_to_probes) {
    circuit_breaker_options options = counting(100, 50, 0.5);
    options.open_for = 10s;
    options.probes = options.probe_successes = 1;
    played circuit{options};
    circuit.play(std::string(50, 'F'));
    EXPECT_EQ(circuit.after(10s).play("F"), open);
    EXPECT_EQ(circuit.after(10s).play("S"), closed);
}

TEST(circuit_breaker_kernel, a_slow_probe_has_failed) {
    circuit_breaker_options options = probing(1, 1);
    options.slow_after = 1s;
    EXPECT_EQ(half_opened{options}.play("s"), open);
}

TEST(circuit_breaker_kernel, T1_T3_T4_T15_a_neutral_probe_gives_its_lease_back_and_decides_nothing) {
    for (const verdict neutral : {verdict::ignored, verdict::cancelled, verdict::rejected, verdict::abandoned}) {
        half_opened circuit{probing(1, 1)};
        const circuit_ticket probe = circuit.admitted();
        EXPECT_EQ(circuit.refused(), 30s);
        EXPECT_EQ(circuit.ends(probe, neutral), half_open);
        EXPECT_EQ(circuit.play("S"), closed) << "the next one probes";
    }
}

TEST(circuit_breaker_kernel, T19_an_abandoned_probe_gives_its_lease_back_once) {
    half_opened circuit{probing(1, 1)};
    const circuit_ticket probe = circuit.admitted();
    circuit.kernel.abandon(probe);
    circuit.kernel.abandon(probe);
    EXPECT_EQ(circuit.kernel.leases_taken(), 0U);
    EXPECT_EQ(circuit.admitted_of(5), 1U);
}

TEST(circuit_breaker_kernel, T2_T5_T18_the_lease_of_a_probe_that_does_not_end_expires) {
    half_opened circuit{probing(1, 1)};
    const circuit_ticket lost = circuit.admitted();
    EXPECT_EQ(circuit.after(30s - 1ns).refused(), 1ns);
    const circuit_ticket next = circuit.after(1ns).admitted();
    EXPECT_EQ(circuit.ends(lost, verdict::success), half_open) << "too late: another has its place";
    EXPECT_EQ(circuit.ends(lost, verdict::transient), half_open);
    EXPECT_EQ(circuit.ends(next, verdict::success), closed);
}

TEST(circuit_breaker_kernel, a_lease_that_has_expired_decides_nothing_even_if_nobody_took_its_place) {
    half_opened circuit{probing(1, 1)};
    const circuit_ticket slow = circuit.admitted();
    EXPECT_EQ(circuit.after(30s).ends(slow, verdict::transient), half_open);
}

TEST(circuit_breaker_kernel, the_soonest_lease_to_end_says_when_to_come_back) {
    half_opened circuit{probing(2, 2)};
    (void)circuit.admitted();
    circuit.after(10s);
    (void)circuit.admitted();
    EXPECT_EQ(circuit.refused(), 20s);
}

TEST(circuit_breaker_kernel, T6_T7_T14_verdicts_of_an_earlier_epoch_decide_nothing) {
    played circuit{probing(2, 1)};
    const circuit_ticket early = circuit.admitted();
    const circuit_ticket other = circuit.admitted();
    circuit.play("F");
    EXPECT_EQ(circuit.ends(early, verdict::success), open) << "not closed by it";
    EXPECT_EQ(circuit.after(10s).admitted().lease, 1U);
    EXPECT_EQ(circuit.ends(other, verdict::success), half_open) << "nor is it a probe";
    EXPECT_EQ(circuit.ends(other, verdict::transient), half_open);
    EXPECT_EQ(circuit.kernel.leases_taken(), 1U) << "nor does it give back a lease that it had not";
    circuit.kernel.abandon(other);
    EXPECT_EQ(circuit.kernel.leases_taken(), 1U);
}

TEST(circuit_breaker_kernel, T13_probes_that_fail_together_open_it_once) {
    half_opened circuit{probing(4, 4)};
    std::vector<circuit_ticket> together;
    for (int i = 0; i < 4; ++i) together.push_back(circuit.admitted());
    circuit.changes.clear();
    for (const circuit_ticket& probe : together) circuit.ends(probe, verdict::transient);
    EXPECT_EQ(circuit.changes.size(), 1U);
    EXPECT_EQ(circuit.refused(), 10s);
    EXPECT_EQ(circuit.after(10s).state(), half_open);
}

TEST(circuit_breaker_kernel, each_round_of_probes_begins_anew) {
    half_opened circuit{probing(3, 3)};
    EXPECT_EQ(circuit.play("SSF"), open);
    EXPECT_EQ(circuit.after(10s).play("SS"), half_open) << "the successes of the last round are forgotten";
    EXPECT_EQ(circuit.play("S"), closed);
}

RC_GTEST_PROP(circuit_breaker_kernel, T8_leases_and_verdicts_never_exceed_the_probes, ()) {
    const auto probes = *rc::gen::inRange(1U, 6U);
    half_opened circuit{probing(probes, *rc::gen::inRange(1U, probes + 1))};
    std::vector<circuit_ticket> held;
    unsigned admitted = 0;  // without those that gave their lease back
    const int steps = *rc::gen::inRange(0, 30);
    for (int i = 0; i < steps && circuit.state() == circuit_state::half_open; ++i) {
        if (held.empty() || *rc::gen::arbitrary<bool>()) {
            const auto answer = circuit.kernel.admit(circuit.now);
            RC_ASSERT(answer.ticket.has_value() == (admitted < probes));
            if (answer.ticket) held.push_back(*answer.ticket), ++admitted;
        } else {
            const auto how = *rc::gen::element(verdict::success, verdict::transient, verdict::cancelled);
            circuit.ends(held.back(), how);
            held.pop_back();
            if (how == verdict::cancelled) --admitted;
        }
        RC_ASSERT(circuit.kernel.leases_taken() <= probes);
    }
}

// ---- after closing ----

TEST(circuit_breaker_kernel, T29_traffic_grows_back_from_a_tenth_to_all) {
    circuit_breaker_options options = probing(1, 1);
    options.ramp_for = 10s;
    half_opened circuit{options};
    EXPECT_EQ(circuit.play("S"), closed);
    EXPECT_EQ(circuit.refused(), 10s) << "closed, but it lets one in ten through";
    EXPECT_EQ(circuit.admitted_of(99), 10U);
    EXPECT_EQ(circuit.after(5s).admitted_of(100), 50U);
    EXPECT_EQ(circuit.after(4s).admitted_of(100), 90U);
    EXPECT_EQ(circuit.after(1s).admitted_of(100), 100U);
}

TEST(circuit_breaker_kernel, it_can_open_again_while_traffic_grows) {
    circuit_breaker_options options = probing(1, 1);
    options.ramp_for = 10s;
    half_opened circuit{options};
    circuit.play("S");
    EXPECT_EQ(circuit.after(9s).admitted_of(9), 8U);
    EXPECT_EQ(circuit.play("F"), open);
    EXPECT_EQ(circuit.refused(), 10s);
}

TEST(circuit_breaker_kernel, verdicts_by_hand_count_while_traffic_grows) {
    circuit_breaker_options options = probing(1, 1);
    options.ramp_for = 10s;
    half_opened circuit{options};
    circuit.play("S");
    EXPECT_TRUE(circuit.kernel.record({.meaning = verdict::transient}, circuit.now, circuit.dice));
    EXPECT_EQ(circuit.state(), open);
}

// ---- vectors: calls and states from the tests of other libraries, which are named ----

struct vector_row {
    const char* source;
    circuit_breaker_options options;
    const char* first;  ///< leaves it as it was
    const char* then;
    circuit_state expected;
};

TEST(circuit_breaker_kernel, opens_as_elsewhere) {
    const vector_row rows[] = {
        {"failsafe-go closedstate_test, FailureThreshold", in_a_row(3), "FSFF", "F", open},
        {"failsafe-go closedstate_test, FailureRatio", counting(3, 3, 2.0 / 3), "FS", "F", open},
        {"failsafe-go closedstate_test, SuccessWithFailureRatio", counting(4, 4, 0.75), "SFSFSFSFSFSF", "SF", closed},
        {"failsafe-go closedstate_test, SuccessWithFailureThreshold", in_a_row(2), "SFSFSFSFSFSF", "SF", closed},
        {"cockatiel ConsecutiveBreaker.test", in_a_row(3), "FF", "F", open},
        {"Polly AdvancedCircuitBehaviorTests, 10 of 10, 0.1 at 0.1", counting(10, 10, 0.1), "SSSSSSSSS", "F", open},
        {"Polly AdvancedCircuitBehaviorTests, 9 of 10", counting(10, 10, 0.1), "SSSSSSSS", "F", closed},
        {"cockatiel CountBreaker.test, minimum", counting(100, 50, 0.5),
         "SSSSSSSSSSSSSSSSSSSSSSSSSFFFFFFFFFFFFFFFFFFFFFFFF", "", closed},
    };
    for (const vector_row& row : rows) {
        played circuit{row.options};
        EXPECT_EQ(circuit.play(row.first), closed) << row.source;
        EXPECT_EQ(circuit.play(row.then), row.expected) << row.source;
    }
}

TEST(circuit_breaker_kernel, probes_as_elsewhere) {
    const vector_row rows[] = {
        {"failsafe-go halfopenstate_test, FailureWithDefaultConfig", probing(1, 1), "", "F", open},
        {"failsafe-go halfopenstate_test, FailureWithSuccessThreshold", probing(3, 3), "S", "F", open},
        {"failsafe-go halfopenstate_test, FailureWithSuccessRatio", probing(3, 2), "FS", "F", open},
        {"failsafe-go halfopenstate_test, FailureWithSuccessRatioAndFailureThreshold", probing(4, 2), "SFF", "F", open},
        {"failsafe-go halfopenstate_test, FailureWithSuccessAndFailureRatios", probing(4, 3), "SF", "F", open},
        {"failsafe-go halfopenstate_test, SuccessWithSuccessRatio", probing(3, 2), "FS", "S", closed},
        {"failsafe-go halfopenstate_test, SuccessWithSuccessThreshold", probing(3, 3), "SS", "S", closed},
        {"failsafe-go halfopenstate_test, SuccessWithSuccessRatioAndFailureThreshold", probing(4, 3), "SSF", "S",
         closed},
    };
    for (const vector_row& row : rows) {
        half_opened circuit{row.options};
        EXPECT_EQ(circuit.play(row.first), half_open) << row.source;
        EXPECT_EQ(circuit.play(row.then), row.expected) << row.source;
    }
}

// ---- the script, and each step of it spoilt ----

/// Where a call finds the circuit, and where it leaves it; the same where it is refused.
using passage = std::pair<circuit_state, circuit_state>;

/// A circuit that is called again and again, each call told of at once.
class scripted_circuit {
public:
    passage operator()(const observation& seen, instant now) {
        const circuit_state before = kernel_.state(now);
        if (const auto asked = kernel_.admit(now); asked.ticket)
            (void)kernel_.settle(*asked.ticket, {.meaning = seen.meaning()}, now, dice_);
        return {before, kernel_.state(now)};
    }

private:
    circuit_breaker_options options_{.window = breaker_window::consecutive,
                                     .consecutive_failures = 2,
                                     .open_for = 10s,
                                     .probes = 2,
                                     .probe_successes = 2};
    circuit_breaker_kernel kernel_{options_};
    random_source dice_{7};
};

const testing::kernel_script<passage> an_outage{
    {.told = verdict::success, .answer = {closed, closed}},
    {.told = verdict::transient, .answer = {closed, closed}},
    {.told = verdict::permanent, .answer = {closed, open}},
    {.told = verdict::success, .answer = {open, open}, .after = 9s},
    {.told = verdict::transient, .answer = {half_open, open}, .after = 1s},
    {.told = verdict::success, .answer = {half_open, half_open}, .after = 10s},
    {.told = verdict::success, .answer = {half_open, closed}},
    {.told = verdict::success, .answer = {closed, closed}},
};

TEST(circuit_breaker_script, is_played_as_written) {
    testing::play_kernel(an_outage, [] { return scripted_circuit{}; });
}

TEST(circuit_breaker_script, what_says_nothing_of_the_dependency_moves_nothing_at_any_step) {
    testing::for_each_spoilt_step(
        an_outage, [] { return scripted_circuit{}; },
        [](const observation& told, const passage& answer) {
            const auto [before, after] = answer;
            const bool says_something = is_failure(told.meaning());
            if (!says_something) {
                EXPECT_EQ(after, before);
            } else if (before != closed) {
                EXPECT_EQ(after, open) << "a failed probe opens it again";
            }
        });
}

}  // namespace
}  // namespace cutwater
