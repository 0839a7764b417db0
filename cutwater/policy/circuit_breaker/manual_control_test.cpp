// What is done to a circuit by hand: opening, closing, forcing, recording, keeping its state; and what holds whatever is
// done to it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/policy/circuit_breaker/kernel_test.hpp"

namespace cutwater {
namespace {

using enum circuit_state;

const circuit_breaker_options touchy{.window = breaker_window::count,
                                     .window_calls = 10,
                                     .minimum_calls = 2,
                                     .open_for = 10s,
                                     .open_growth = 2.0,
                                     .probes = 1,
                                     .probe_successes = 1};

circuit_breaker_options in_mode(breaker_mode mode) {
    circuit_breaker_options options = touchy;
    options.mode = mode;
    return options;
}

// ---- opening and closing ----

TEST(circuit_by_hand, opens_for_the_open_time) {
    played circuit{touchy};
    const auto change = circuit.kernel.open(circuit.now, circuit.dice);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->reason, circuit_reason::manual);
    EXPECT_EQ(circuit.refused(), 10s);
    EXPECT_EQ(circuit.after(10s).play("S"), closed) << "and probes as ever";
}

TEST(circuit_by_hand, T10_T13_opening_an_open_one_changes_nothing) {
    played circuit{touchy};
    circuit.play("FF");
    circuit.after(4s);
    EXPECT_FALSE(circuit.kernel.open(circuit.now, circuit.dice));
    EXPECT_EQ(circuit.refused(), 6s);
}

TEST(circuit_by_hand, opening_one_that_would_probe_opens_it_anew) {
    played circuit{touchy};
    circuit.play("FF");
    circuit.after(10s);
    const auto change = circuit.kernel.open(circuit.now, circuit.dice);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->from, half_open);
    EXPECT_EQ(circuit.state(), open);
}

TEST(circuit_by_hand, closes_at_once_and_forgets_the_growth) {
    played circuit{touchy};
    circuit.play("FF");
    const auto change = circuit.kernel.close(circuit.now);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->from, open);
    EXPECT_EQ(change->to, closed);
    EXPECT_FALSE(circuit.kernel.close(circuit.now)) << "it is closed";
    EXPECT_EQ(circuit.play("FF"), open);
    EXPECT_EQ(circuit.changes.back().open_for, 10s);
}

TEST(circuit_by_hand, closing_one_whose_traffic_grows_lets_all_through) {
    circuit_breaker_options options = touchy;
    options.ramp_for = 10s;
    played circuit{options};
    circuit.play("FF");
    circuit.after(10s).play("S");
    EXPECT_EQ(circuit.admitted_of(9), 0U);
    EXPECT_FALSE(circuit.kernel.close(circuit.now));
    EXPECT_EQ(circuit.admitted_of(9), 9U);
}

// ---- probing ----

TEST(circuit_by_hand, an_open_one_that_is_told_to_probe_does_not_wait_for_its_time) {
    played circuit{touchy};
    circuit.play("FF");
    circuit.after(1s);
    const auto change = circuit.kernel.probe(circuit.now);
    ASSERT_TRUE(change);
    EXPECT_EQ(*change, (circuit_change{.from = open, .to = half_open, .reason = circuit_reason::manual}));
    const circuit_ticket probe = circuit.admitted();
    EXPECT_EQ(circuit.refused(), 30s) << "no more than probes pass";
    EXPECT_EQ(circuit.ends(probe, verdict::success), closed);
}

TEST(circuit_by_hand, one_whose_probes_fail_after_that_opens_for_longer_as_ever) {
    played circuit{touchy};
    circuit.play("FF");
    circuit.after(1s);
    (void)circuit.kernel.probe(circuit.now);
    EXPECT_EQ(circuit.play("F"), open);
    EXPECT_EQ(circuit.changes.back().open_for, 20s);
}

TEST(circuit_by_hand, T10_a_closed_one_that_is_told_to_probe_proves_itself) {
    played circuit{touchy};
    circuit.play("SSF");
    const circuit_ticket early = circuit.admitted();
    const auto change = circuit.kernel.probe(circuit.now);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->from, closed);
    const circuit_ticket probe = circuit.admitted();
    EXPECT_EQ(circuit.ends(early, verdict::transient), half_open) << "what began before decides nothing";
    EXPECT_EQ(circuit.ends(probe, verdict::success), closed);
    EXPECT_EQ(circuit.counts(), window_counts{});
    (void)circuit.kernel.probe(circuit.now);
    EXPECT_EQ(circuit.play("F"), open) << "its own evidence";
}

TEST(circuit_by_hand, T13_one_that_probes_goes_on_with_that) {
    played circuit{touchy};
    circuit.play("FF");
    circuit.after(10s);
    EXPECT_FALSE(circuit.kernel.probe(circuit.now)) << "its time is over: it is half-open";
    const circuit_ticket probe = circuit.admitted();
    EXPECT_FALSE(circuit.kernel.probe(circuit.now));
    EXPECT_EQ(circuit.ends(probe, verdict::success), closed);
}

TEST(circuit_by_hand, T10_what_is_forced_does_not_probe) {
    for (const breaker_mode mode :
         {breaker_mode::forced_open, breaker_mode::forced_closed, breaker_mode::metrics_only, breaker_mode::disabled}) {
        played circuit{in_mode(mode)};
        EXPECT_FALSE(circuit.kernel.probe(circuit.now));
        EXPECT_EQ(circuit.state(), mode == breaker_mode::forced_open ? open : closed);
    }
}

// ---- modes ----

TEST(circuit_by_hand, T10_forced_open_refuses_whatever_time_it_is) {
    played circuit{in_mode(breaker_mode::forced_open)};
    EXPECT_EQ(circuit.refused(), 10s) << "when to ask again: after the open time";
    EXPECT_EQ(circuit.after(24h).refused(), 10s);
    EXPECT_EQ(circuit.state(), open);
    EXPECT_FALSE(circuit.kernel.close(circuit.now)) << "only another mode frees it";
    EXPECT_EQ(circuit.state(), open);
}

TEST(circuit_by_hand, forced_closed_admits_and_measures) {
    played circuit{in_mode(breaker_mode::forced_closed)};
    EXPECT_EQ(circuit.play("FFFFF"), closed);
    EXPECT_EQ(circuit.counts().failures, 5U);
    EXPECT_FALSE(circuit.kernel.open(circuit.now, circuit.dice));
    EXPECT_EQ(circuit.admitted_of(5), 5U);
    EXPECT_TRUE(circuit.changes.empty());
}

TEST(circuit_by_hand, disabled_admits_and_measures_nothing) {
    played circuit{in_mode(breaker_mode::disabled)};
    EXPECT_EQ(circuit.play("FFFFF"), closed);
    EXPECT_EQ(circuit.counts(), window_counts{});
    EXPECT_TRUE(circuit.kernel.is_settled());
}

TEST(circuit_by_hand, metrics_only_says_when_it_would_have_opened) {
    played circuit{in_mode(breaker_mode::metrics_only)};
    EXPECT_EQ(circuit.play("SFF"), closed);
    ASSERT_EQ(circuit.changes.size(), 1U) << "at the second call, a failure; then it began anew";
    EXPECT_TRUE(circuit.changes[0].only_would);
    EXPECT_EQ(circuit.changes[0].counts, (window_counts{.calls = 2, .failures = 1}));
    EXPECT_EQ(circuit.play("F"), closed);
    EXPECT_EQ(circuit.changes.size(), 2U);
}

TEST(circuit_by_hand, another_mode_begins_anew) {
    played circuit{touchy};
    const circuit_ticket early = circuit.admitted();
    circuit.play("F");
    EXPECT_FALSE(circuit.kernel.set_mode(breaker_mode::forced_closed, circuit.now)) << "closed either way";
    EXPECT_EQ(circuit.counts(), window_counts{});
    EXPECT_EQ(circuit.ends(early, verdict::transient), closed);
    EXPECT_EQ(circuit.counts(), window_counts{}) << "of an earlier epoch";
    const auto change = circuit.kernel.set_mode(breaker_mode::forced_open, circuit.now);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->to, open);
    EXPECT_FALSE(circuit.kernel.set_mode(breaker_mode::forced_open, circuit.now)) << "it is forced open";
    EXPECT_EQ(circuit.kernel.set_mode(breaker_mode::automatic, circuit.now)->from, open);
    EXPECT_EQ(circuit.play("SSFF"), open);
}

// ---- verdicts of calls that nobody asked admission for ----

TEST(circuit_by_hand, recorded_verdicts_count_as_others_do) {
    played circuit{touchy};
    const auto record = [&](verdict meaning) {
        return circuit.kernel.record({.meaning = meaning}, circuit.now, circuit.dice);
    };
    EXPECT_FALSE(record(verdict::success));
    EXPECT_TRUE(record(verdict::transient)) << "one of two";
    EXPECT_FALSE(record(verdict::success)) << "open: it decides nothing";
    EXPECT_EQ(circuit.state(), open);
    circuit.after(10s);
    const auto change = record(verdict::success);
    ASSERT_TRUE(change) << "half-open: it is the probe";
    EXPECT_EQ(change->from, open);
    EXPECT_EQ(change->to, closed);
}

TEST(circuit_by_hand, a_recorded_verdict_takes_no_probes_place) {
    played circuit{touchy};
    circuit.play("FF");
    circuit.after(10s);
    const circuit_ticket probe = circuit.admitted();
    EXPECT_FALSE(circuit.kernel.record({.meaning = verdict::transient}, circuit.now, circuit.dice));
    EXPECT_EQ(circuit.ends(probe, verdict::success), closed);
}

// ---- snapshots ----

TEST(circuit_by_hand, a_closed_circuit_is_kept_with_its_window) {
    for (const breaker_window window : {breaker_window::time, breaker_window::count, breaker_window::consecutive}) {
        circuit_breaker_options options = touchy;
        options.window = window;
        options.minimum_calls = 9;
        options.failure_rate = 1.0;
        options.slow_after = 1s;
        played before{options};
        before.play("SsFfFF");
        played later{options};
        later.after(1h);
        later.kernel.restore(before.kernel.snapshot(before.now), later.now);
        EXPECT_EQ(later.counts(), before.counts());
        EXPECT_EQ(later.state(), closed);
    }
}

TEST(circuit_by_hand, T35_an_open_circuit_is_kept_by_the_time_that_is_left) {
    played before{touchy};
    before.play("FF");
    before.after(4s);
    const circuit_snapshot kept = before.kernel.snapshot(before.now);
    EXPECT_EQ(kept, (circuit_snapshot{.state = open, .open_left = 6s, .openings_in_a_row = 1}));
    played later{touchy};
    later.now = instant{-5h};
    later.kernel.restore(kept, later.now);
    EXPECT_EQ(later.refused(), 6s);
    EXPECT_EQ(later.after(6s).play("F"), open);
    EXPECT_EQ(later.changes.back().open_for, 20s) << "it goes on growing";
}

TEST(circuit_by_hand, a_half_open_circuit_probes_again) {
    played before{touchy};
    before.play("FF");
    before.after(10s);
    (void)before.admitted();
    played later{touchy};
    later.kernel.restore(before.kernel.snapshot(before.now), later.now);
    EXPECT_EQ(later.state(), half_open);
    EXPECT_EQ(later.play("S"), closed);
}

TEST(circuit_by_hand, a_mode_outlives_what_is_restored) {
    played circuit{in_mode(breaker_mode::forced_closed)};
    circuit.kernel.restore({.state = open, .open_left = 10s}, circuit.now);
    EXPECT_EQ(circuit.play("F"), closed);
    EXPECT_EQ(circuit.counts().failures, 1U) << "and it goes on measuring";
}

// ---- whatever is done to it ----

/// A circuit to which everything is done that can be, with the most unlikely values.
class tormented {
public:
    explicit tormented(circuit_breaker_options options) : circuit_{std::move(options)} {}

    void step() {
        const circuit_state before = circuit_.state();
        const std::uint32_t epoch = circuit_.kernel.epoch();
        circuit_.now = add(circuit_.now, *rc::gen::element<duration>(0s, 1ns, 1s, 5s, 10s, 24h, -1ns, -1h));
        const instant now = circuit_.now;
        switch (*rc::gen::inRange(0, 13)) {
            case 0: (void)circuit_.kernel.open(now, circuit_.dice); break;
            case 1: (void)circuit_.kernel.close(now); break;
            case 2: (void)circuit_.kernel.set_mode(any_mode(), now); break;
            case 3: circuit_.kernel.restore(any_snapshot(), now); break;
            case 4: (void)circuit_.kernel.record({.meaning = any_verdict()}, now, circuit_.dice); break;
            case 5: (void)circuit_.kernel.probe(now); break;
            case 6:
            case 7:
            case 8: admit(); break;
            default: end(); break;
        }
        check(before, epoch);
    }

private:
    static breaker_mode any_mode() { return static_cast<breaker_mode>(*rc::gen::inRange(0, 5)); }
    static verdict any_verdict() { return static_cast<verdict>(*rc::gen::inRange(0, 7)); }

    static circuit_snapshot any_snapshot() {
        const auto any = rc::gen::arbitrary<std::uint64_t>();
        const auto number =
            rc::gen::oneOf(any, rc::gen::inRange<std::uint64_t>(0, 20), rc::gen::just(~std::uint64_t{0}));
        return {.state = static_cast<circuit_state>(*rc::gen::inRange(0, 256)),
                .open_left = duration{static_cast<std::int64_t>(*number)},
                .openings_in_a_row = static_cast<unsigned>(*number),
                .counts = {.calls = *number, .failures = *number, .slow = *number}};
    }

    void admit() {
        const auto answer = circuit_.kernel.admit(circuit_.now);
        RC_ASSERT(answer.retry_after >= 0s);
        if (answer.ticket) held_.push_back(*answer.ticket);
    }

    void end() {
        if (held_.empty()) return;
        const circuit_ticket t = held_.back();
        held_.pop_back();
        const bool late = t.epoch != circuit_.kernel.epoch();
        const circuit_breaker_kernel before = circuit_.kernel;
        const auto change = circuit_.kernel.settle(t, {.meaning = any_verdict(), .slow = *rc::gen::arbitrary<bool>()},
                                                   circuit_.now, circuit_.dice);
        RC_ASSERT(!late || (!change && before == circuit_.kernel));
    }

    void check(circuit_state before, std::uint32_t epoch) const {
        const circuit_breaker_kernel& kernel = circuit_.kernel;
        RC_ASSERT(kernel.leases_taken() <= circuit_.options.probes);
        RC_ASSERT(kernel.retry_after(circuit_.now) >= 0s);
        RC_ASSERT(kernel.snapshot(circuit_.now).open_left >= 0s);
        const window_counts seen = kernel.counts(circuit_.now);
        RC_ASSERT(seen.failures <= seen.calls && seen.slow <= seen.calls);
        const bool by_time = before == open && circuit_.state() == half_open;
        const bool back_by_time = before == half_open && circuit_.state() == open;
        RC_ASSERT(circuit_.state() == before || by_time || back_by_time || kernel.epoch() != epoch);
    }

    played circuit_;
    std::vector<circuit_ticket> held_;
};

RC_GTEST_PROP(circuit_by_hand, nothing_that_is_done_to_it_breaks_it, ()) {
    circuit_breaker_options options = touchy;
    options.window = static_cast<breaker_window>(*rc::gen::inRange(0, 3));
    options.probes = *rc::gen::inRange(1U, 5U);
    options.probe_successes = *rc::gen::inRange(1U, options.probes + 1);
    options.ramp_for = *rc::gen::element<duration>(0s, 5s);
    options.slow_after = *rc::gen::element(forever, duration{1s});
    options.open_jitter = *rc::gen::element(0.0, 1.0);
    tormented circuit{options};
    const int steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) circuit.step();
}

}  // namespace
}  // namespace cutwater
