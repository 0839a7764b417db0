// When a breaker says that it differs in nothing from a new one, nobody can tell the two apart.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

enum class deed : std::uint8_t {
    succeeds,
    fails,
    is_abandoned,
    counts_success,
    counts_failure,
    opens,
    closes,
    forces,
    frees,
    looks
};

struct step {
    deed what{};
    duration after{};
};

/// Everything that can be seen of it.
struct sight {
    bool admitted = false;
    std::vector<std::optional<circuit_change>> changes;
    circuit_state state{};
    breaker_mode mode{};
    duration retry_after{};
    window_counts counts{};
    circuit_snapshot kept;

    friend bool operator==(const sight&, const sight&) = default;
    friend std::ostream& operator<<(std::ostream& out, const sight& s) {
        out << (s.admitted ? "admitted, " : "refused, ") << to_text(s.state) << ", " << to_text(s.mode) << ", again in "
            << to_text(s.retry_after) << ", " << s.counts.calls << " calls, " << s.counts.failures << " failed, "
            << s.kept.openings_in_a_row << " openings, open for " << to_text(s.kept.open_left);
        for (const auto& c : s.changes)
            if (c) out << "; " << to_text(c->from) << " to " << to_text(c->to) << " for " << to_text(c->open_for);
        return out;
    }
};

sight play(circuit_breaker& on, deed what, instant now) {
    sight seen;
    const auto call = [&](verdict v) {
        auto pass = on.acquire(now);
        if (!pass) return;
        seen.admitted = true;
        seen.changes.push_back(pass->change());
        if (v != verdict::abandoned)
            seen.changes.push_back(v == verdict::success ? pass->succeeded(now) : pass->failed(now));
    };
    switch (what) {
        case deed::succeeds: call(verdict::success); break;
        case deed::fails: call(verdict::transient); break;
        case deed::is_abandoned: call(verdict::abandoned); break;
        case deed::counts_success: seen.changes.push_back(on.record_success(now)); break;
        case deed::counts_failure: seen.changes.push_back(on.record_failure(now)); break;
        case deed::opens: seen.changes.push_back(on.open(now)); break;
        case deed::closes: seen.changes.push_back(on.close(now)); break;
        case deed::forces: seen.changes.push_back(on.set_mode(breaker_mode::forced_open, now)); break;
        case deed::frees: seen.changes.push_back(on.set_mode(breaker_mode::automatic, now)); break;
        case deed::looks: break;
    }
    seen.state = on.state(now);
    seen.mode = on.mode();
    seen.retry_after = on.retry_after(now);
    seen.counts = on.counts(now);
    seen.kept = on.snapshot(now);
    return seen;
}

std::vector<step> random_steps(int most) {
    std::vector<step> steps;
    const int n = *rc::gen::inRange(1, most);
    for (int i = 0; i < n; ++i)
        steps.push_back({*rc::gen::weightedElement<deed>({{6, deed::succeeds},
                                                          {6, deed::fails},
                                                          {1, deed::is_abandoned},
                                                          {2, deed::counts_success},
                                                          {3, deed::counts_failure},
                                                          {1, deed::opens},
                                                          {1, deed::closes},
                                                          {1, deed::forces},
                                                          {2, deed::frees},
                                                          {2, deed::looks}}),
                         *rc::gen::element<duration>(0s, 1ms, 400ms, 1s, 3s, 10s, 1min)});
    return steps;
}

circuit_breaker_options random_options() {
    return {.window = *rc::gen::element(breaker_window::time, breaker_window::count, breaker_window::consecutive),
            .window_time = 2s,
            .window_buckets = 4,
            .window_calls = 6,
            .minimum_calls = *rc::gen::inRange(1U, 4U),
            .consecutive_failures = 2,
            .open_for = 1s,
            .open_growth = 2.0,
            .healthy_after = *rc::gen::element<duration>(0s, 5s, 20s),
            .probes = 2,
            .probe_successes = *rc::gen::inRange(1U, 3U),
            .ramp_for = *rc::gen::element<duration>(0s, 2s)};
}

RC_GTEST_PROP(circuit_breaker_fresh, nobody_can_tell_it_from_a_new_one, ()) {
    const circuit_breaker_options options = random_options();
    circuit_breaker old{options};
    instant now = noon;
    for (const step& s : random_steps(60)) {
        now = add(now, s.after);
        (void)play(old, s.what, now);
    }
    const bool is_fresh = old.is_fresh(now);
    RC_CLASSIFY(is_fresh);
    RC_PRE(is_fresh);
    circuit_breaker made_now{options};
    for (const step& s : random_steps(40)) {
        now = add(now, s.after);
        RC_ASSERT(play(old, s.what, now) == play(made_now, s.what, now));
    }
}

class fresh_after : public ::testing::TestWithParam<breaker_window> {
protected:
    circuit_breaker_options options{.window = GetParam(),
                                    .minimum_calls = 1,
                                    .consecutive_failures = 1,
                                    .open_for = 1s,
                                    .open_growth = 2.0,
                                    .healthy_after = 10s,
                                    .probes = 1,
                                    .probe_successes = 1};
    circuit_breaker health{options};
};

INSTANTIATE_TEST_SUITE_P(windows, fresh_after,
                         ::testing::Values(breaker_window::time, breaker_window::count, breaker_window::consecutive));

TEST_P(fresh_after, T79_an_open_circuit_is_not_and_one_that_opened_is_when_it_was_healthy_for_long_enough) {
    EXPECT_TRUE(health.is_fresh(noon));
    (void)health.record_failure(noon);
    ASSERT_EQ(health.state(noon), circuit_state::open);
    EXPECT_FALSE(health.is_fresh(noon + 24h)) << "half-open by then: it is not closed";
    (void)health.record_success(noon + 1s);
    ASSERT_EQ(health.state(noon + 1s), circuit_state::closed);
    EXPECT_FALSE(health.is_fresh(noon + 11s - 1ns)) << "the next opening would be longer";
    EXPECT_TRUE(health.is_fresh(noon + 11s));
}

TEST_P(fresh_after, one_in_another_mode_is_not) {
    (void)health.set_mode(breaker_mode::forced_open, noon);
    EXPECT_FALSE(health.is_fresh(noon + 24h));
    (void)health.set_mode(breaker_mode::automatic, noon);
    EXPECT_TRUE(health.is_fresh(noon + 24h));
}

TEST_P(fresh_after, successes_count_as_far_as_the_window_remembers_them) {
    (void)health.record_success(noon);
    EXPECT_EQ(health.is_fresh(noon), GetParam() == breaker_window::consecutive);
    EXPECT_EQ(health.is_fresh(noon + 10s), GetParam() != breaker_window::count) << "a count window remembers for ever";
}

TEST(circuit_breaker_fresh, one_that_is_ramping_up_is_not) {
    circuit_breaker health{{.window = breaker_window::consecutive,
                            .consecutive_failures = 1,
                            .open_for = 1s,
                            .healthy_after = 0s,
                            .probes = 1,
                            .probe_successes = 1,
                            .ramp_for = 5s}};
    (void)health.record_failure(noon);
    (void)health.record_success(noon + 1s);
    EXPECT_FALSE(health.is_fresh(noon + 6s - 1ns));
    EXPECT_TRUE(health.is_fresh(noon + 6s));
}

}  // namespace
}  // namespace cutwater
