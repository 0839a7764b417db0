// The timeout in the loop: a service that becomes slower, hangs, is strained, and what becomes of those who call it. Each trace is kept beside
// this file and drawn on the room's page.

#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

using sim::latency;

double ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

/// A hundred calls a second to a service that is never full, each with the timeout.
class scene {
public:
    scene(adaptive_timeout_options o, latency takes) : patience{std::move(o)}, usual{std::move(takes)} {
        seen.column("limit [ms]", [this] { return ms(patience.read(here.now()).limit); });
        seen.column("percentile [ms]", [this] {
            const auto p = patience.read(here.now()).percentile;
            return p ? ms(p->value) : 0;
        });
        seen.column("answered [calls/s]", [this] { return static_cast<double>((last = all.take_seen()).succeeded); });
        seen.column("timed out [calls/s]", [this] { return static_cast<double>(last.timed_out); });
    }
    void after(duration d, std::function<void()> what) { here.after(d + 1us, std::move(what)); }
    void run_for(duration d) {
        seen.begin();
        all.arrive(100);
        here.run_for(d);
    }
    [[nodiscard]] double mean(const std::string& column, duration from, duration to) const {
        return seen.mean(column, from, to);
    }

    adaptive_timeout patience;
    latency usual;
    pipeline<reference<adaptive_timeout>> guarded{ref(patience)};
    sim::world here{7};
    sim::service backend{here, {.workers = 100'000, .takes = usual}};
    sim::clients all{here, sim::via(here, guarded, backend)};
    sim::tally last;
    sim::trace seen{here, 1s};
};

const adaptive_timeout_options half_a_minute{.initial = 1s, .floor = 20ms, .ceiling = 5s, .window = 30s};

TEST(adaptive_timeout_loop, where_latency_triples_its_own_cuts_teach_it_and_it_follows) {
    scene s{half_a_minute, latency::lognormal(50ms, 150ms)};
    s.after(60s, [&] { s.backend.set_takes(s.usual.times(3)); });
    s.after(120s, [&] { s.backend.set_takes(s.usual); });
    s.run_for(180s);
    EXPECT_NEAR(s.mean("limit [ms]", 40s, 60s), 300, 45) << "twice the percentile";
    EXPECT_LE(s.mean("timed out [calls/s]", 30s, 60s), 0.5);
    EXPECT_NEAR(s.mean("limit [ms]", 95s, 120s), 900, 135) << "three times as much";
    EXPECT_LE(s.mean("timed out [calls/s]", 65s, 120s), 0.5) << "within five seconds";
    EXPECT_NEAR(s.mean("limit [ms]", 155s, 180s), 300, 45) << "and back, when the window has forgotten";
    testing::expect_golden(s.seen.csv(), "traces/triples.csv");
}

TEST(adaptive_timeout_loop, where_every_answer_takes_longer_than_the_limit_it_still_learns) {
    scene s{half_a_minute, latency::constant(40ms)};
    s.after(60s, [&] { s.backend.set_takes(latency::constant(1500ms)); });
    s.run_for(90s);
    EXPECT_NEAR(s.mean("limit [ms]", 40s, 60s), 80, 2);
    EXPECT_GE(s.mean("answered [calls/s]", 70s, 90s), 95) << "nineteen times the limit, found in ten seconds";
    EXPECT_NEAR(s.mean("limit [ms]", 75s, 90s), 3000, 60);
}

TEST(adaptive_timeout_loop, after_a_hang_that_ends_everybody_is_answered_and_a_window_later_the_limit_is_as_before) {
    scene s{half_a_minute, latency::lognormal(50ms, 150ms)};
    s.after(60s, [&] { s.backend.set_takes(latency::constant(24h)); });
    s.after(80s, [&] { s.backend.set_takes(s.usual); });
    s.run_for(150s);
    EXPECT_LE(s.seen.values("limit [ms]")[78], 5000) << "the ceiling bounds what a hang may hold";
    EXPECT_LE(s.mean("timed out [calls/s]", 86s, 150s), 0.5);
    EXPECT_GE(s.mean("answered [calls/s]", 81s, 150s), 95);
    EXPECT_NEAR(s.mean("limit [ms]", 120s, 150s), 300, 45);
    testing::expect_golden(s.seen.csv(), "traces/hang.csv");
}

TEST(adaptive_timeout_loop,
     of_two_kinds_of_answers_the_slow_ones_are_let_through_where_they_are_more_than_a_hundredth) {
    const latency hit = latency::lognormal(5ms, 10ms);
    const latency miss = latency::lognormal(400ms, 500ms);
    adaptive_timeout_options too_short = half_a_minute;
    too_short.initial = 100ms;  // which cuts every miss
    scene s{too_short, latency::mixture({{0.95, hit}, {0.05, miss}})};
    s.run_for(90s);
    EXPECT_LE(s.mean("timed out [calls/s]", 20s, 90s), 0.1);
    EXPECT_NEAR(s.mean("limit [ms]", 30s, 90s), 950, 150);
}

TEST(adaptive_timeout_loop, and_cut_where_they_are_fewer) {
    const latency hit = latency::lognormal(5ms, 10ms);
    scene s{half_a_minute, latency::mixture({{0.997, hit}, {0.003, latency::constant(800ms)}})};
    s.run_for(90s);
    EXPECT_LE(s.mean("limit [ms]", 40s, 90s), 30);
    EXPECT_NEAR(s.mean("timed out [calls/s]", 40s, 90s), 0.3, 0.25);
}

TEST(adaptive_timeout_loop, where_more_than_a_hundredth_never_come_the_limit_is_the_ceiling) {
    scene s{half_a_minute, latency::mixture({{0.95, latency::constant(40ms)}, {0.05, latency::constant(24h)}})};
    s.run_for(60s);
    EXPECT_EQ(s.seen.values("limit [ms]").back(), 5000);
}

TEST(adaptive_timeout_loop, quick_failures_do_not_make_it_impatient) {
    scene s{half_a_minute, latency::constant(200ms)};
    s.after(40s, [&] { s.backend.set_takes(latency::constant(1ms)), s.backend.set_failure_rate(1); });
    s.after(100s, [&] { s.backend.set_takes(latency::constant(200ms)), s.backend.set_failure_rate(0); });
    s.run_for(140s);
    EXPECT_NEAR(s.mean("limit [ms]", 30s, 40s), 400, 8);
    EXPECT_EQ(s.mean("timed out [calls/s]", 100s, 140s), 0) << "whatever an outage of two windows has said";
}

TEST(adaptive_timeout_loop, strain_shortens_it_and_it_recovers_at_once) {
    double strain = 0;
    adaptive_timeout_options strained = half_a_minute;
    strained.strain = [&] { return strain; };
    scene s{strained, latency::lognormal(50ms, 150ms)};
    s.after(40s, [&] { strain = 1; });
    s.after(110s, [&] { strain = 0; });  // longer than two windows, in which nearly everything is cut off at the floor
    s.run_for(150s);
    EXPECT_EQ(s.mean("limit [ms]", 42s, 110s), 20) << "the floor";
    EXPECT_GE(s.mean("timed out [calls/s]", 42s, 110s), 90);
    EXPECT_GE(s.mean("answered [calls/s]", 112s, 150s), 97);
    EXPECT_NEAR(s.mean("limit [ms]", 145s, 150s), 300, 60);
    testing::expect_golden(s.seen.csv(), "traces/strained.csv");
}

}  // namespace
}  // namespace cutwater
