// The limiter in a world of clients and a service: does it find the capacity, whatever becomes of it? Each trace is kept beside this file
// and drawn on the room's page.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

using sim::latency;

/// One service, its clients, and a limiter between them.
class loop {
public:
    loop(concurrency_limiter_options o, sim::service_options s, std::uint64_t seed = 7)
        : limiter{std::move(o)}, here{seed}, backend{here, std::move(s)} {
        all.set_patience(1s);
        seen.column("capacity [calls/s]", [this] { return backend.capacity(); });
        seen.column("goodput [calls/s]", [this] { return static_cast<double>((last = all.take_seen()).succeeded); });
        seen.column("limit [calls at once]", [this] { return static_cast<double>(limiter.limit()); });
        seen.column("median [ms]", [this] { return ms(last.percentile(0.5)); });
        seen.column("p99 [ms]", [this] { return ms(last.percentile(0.99)); });
        seen.begin();
    }

    /// Right after the row of that second.
    void after(duration d, std::function<void()> what) { here.after(d + 1us, std::move(what)); }
    void run(duration d) { here.run_for(d); }

    /// Of what the service could have done in this time, how much was of use.
    [[nodiscard]] double share_of_capacity(duration from, duration to) const {
        return seen.mean("goodput [calls/s]", from, to) / seen.mean("capacity [calls/s]", from, to);
    }
    [[nodiscard]] double mean(const char* column, duration from, duration to) const {
        return seen.mean(column, from, to);
    }
    [[nodiscard]] double limit_at(duration t) const {
        return seen.values("limit [calls at once]").at(static_cast<std::size_t>(t / 1s) - 1);
    }

    concurrency_limiter limiter;
    pipeline<reference<concurrency_limiter>> guarded{ref(limiter)};
    sim::world here;
    sim::service backend;
    sim::clients all{here, sim::via(here, guarded, backend)};
    sim::tally last;
    sim::trace seen{here, 1s};

private:
    static double ms(duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }
};

const sim::service_options thousand_a_second{.workers = 10, .takes = latency::exponential(10ms)};

class closed_loop : public ::testing::TestWithParam<limit_rule> {
protected:
    [[nodiscard]] static concurrency_limiter_options by_rule(concurrency_limiter_options o = {}) {
        o.rule = GetParam();
        return o;
    }
    static void keep_trace(const loop& l, const std::string& name) {
        testing::expect_golden(l.seen.csv(), "traces/" + name + "_" + std::string{to_text(GetParam())} + ".csv");
    }
};

struct rule_name {
    std::string operator()(const auto& info) const { return std::string{to_text(info.param)}; }
};
INSTANTIATE_TEST_SUITE_P(by_latency, closed_loop, ::testing::Values(limit_rule::vegas, limit_rule::gradient),
                         rule_name{});

TEST(closed_loop_without_a_limit, collapses_at_twice_its_capacity) {
    loop l{{.initial_limit = 1'000'000, .min_limit = 1'000'000, .max_limit = 1'000'000}, thousand_a_second};
    l.all.arrive(2000);
    l.run(30s);
    EXPECT_LT(l.share_of_capacity(10s, 30s), 0.5) << "every call that is worked on has been given up";
}

TEST_P(closed_loop, S125_at_twice_the_capacity_goodput_is_the_capacity) {
    loop l{by_rule({.initial_limit = 200}), thousand_a_second};
    l.all.arrive(2000);
    l.run(60s);
    EXPECT_GE(l.share_of_capacity(1s, 60s), 0.95);
    EXPECT_LT(l.mean("p99 [ms]", 10s, 60s), 80) << "it began at two hundred";
}

TEST_P(closed_loop, T86_finds_a_capacity_that_steps_down_and_up) {
    loop l{by_rule(), thousand_a_second};
    l.all.arrive(2000);
    l.after(20s, [&] { l.backend.set_workers(3); });
    l.after(40s, [&] { l.backend.set_workers(10); });
    l.run(60s);
    EXPECT_GE(l.share_of_capacity(1s, 20s), 0.95);
    EXPECT_GE(l.share_of_capacity(20s, 40s), 0.90);
    EXPECT_GE(l.share_of_capacity(42s, 60s), 0.95) << "two seconds after the step";
    EXPECT_LT(l.limit_at(30s), l.limit_at(20s));
    EXPECT_LT(l.mean("p99 [ms]", 25s, 40s), 150) << "three workers: nobody waits for long";
    keep_trace(l, "steps");
}

TEST_P(closed_loop, a_large_one_comes_down_as_fast) {
    loop l{by_rule(), {.workers = 100, .takes = latency::exponential(10ms)}};
    l.all.arrive(12'000);
    l.after(20s, [&] { l.backend.set_workers(30); });
    l.run(35s);
    EXPECT_GE(l.share_of_capacity(15s, 20s), 0.95);
    EXPECT_GE(l.share_of_capacity(20s, 35s), 0.90);
    EXPECT_LT(l.mean("p99 [ms]", 25s, 35s), 80);
}

TEST_P(closed_loop, a_dependency_that_becomes_slower_is_not_taken_for_one_that_is_overloaded) {
    loop l{by_rule(), {.workers = 30, .takes = latency::exponential(10ms)}};
    l.all.arrive(6000);
    l.after(20s, [&] { l.backend.set_takes(latency::exponential(40ms)); });
    l.after(40s, [&] { l.backend.set_takes(latency::exponential(10ms)); });
    l.run(60s);
    EXPECT_GE(l.share_of_capacity(25s, 40s), 0.90);
    EXPECT_GE(l.share_of_capacity(45s, 60s), 0.90);
    EXPECT_LT(l.mean("p99 [ms]", 50s, 60s), 100) << "and faster again";
    keep_trace(l, "slower");
}

/// Of a hundred workers next to none are left, and whoever waits gives up before it is answered: nothing is ever answered in time, unless the limit
/// comes down.
TEST_P(closed_loop, T84_callers_who_give_up_before_they_are_answered_bring_it_down) {
    struct left {
        duration patience;
        unsigned workers;
    };
    for (const auto& [patience, workers] : {left{1s, 1}, left{200ms, 5}, left{200ms, 3}, left{100ms, 10}}) {
        loop l{by_rule(), {.workers = 100, .takes = latency::exponential(10ms)}};
        l.all.set_patience(patience);
        l.all.arrive(12'000);
        l.after(5s, [&, left_over = workers] { l.backend.set_workers(left_over); });
        l.run(25s);
        EXPECT_GE(l.share_of_capacity(17s, 25s), 0.85) << workers << " left, patience " << to_text(patience);
    }
}

TEST_P(closed_loop, latencies_of_two_kinds_do_not_collapse_it) {
    loop l{by_rule(),
           {.workers = 20,
            .takes = latency::mixture({{0.9, latency::exponential(2ms)}, {0.1, latency::exponential(100ms)}})}};
    l.all.arrive(3000);
    l.run(60s);
    EXPECT_GE(l.share_of_capacity(5s, 60s), 0.90);
    keep_trace(l, "bimodal");
}

TEST_P(closed_loop, a_long_tail_does_not_collapse_it) {
    loop l{by_rule({.initial_limit = 5}), {.workers = 20, .takes = latency::lognormal(10ms, 100ms)}};
    l.all.arrive(3000);
    l.run(60s);
    EXPECT_GE(l.share_of_capacity(5s, 60s), 0.95);
}

TEST_P(closed_loop, T84_everything_fails_and_then_recovers) {
    loop l{by_rule(), thousand_a_second};
    l.all.arrive(2000);
    l.after(20s, [&] { l.backend.set_failure_rate(1); });
    l.after(40s, [&] { l.backend.set_failure_rate(0); });
    l.run(60s);
    EXPECT_LE(l.limit_at(35s), 2) << "next to nothing is sent to what only fails";
    EXPECT_GE(l.share_of_capacity(45s, 60s), 0.95) << "five seconds after it works again";
    keep_trace(l, "failure");
}

TEST_P(closed_loop, T81_a_baseline_that_drifts_is_followed) {
    loop l{by_rule({.probe_every = 10s}), thousand_a_second};
    l.all.arrive(2000);
    for (int i = 1; i <= 120; ++i)  // from 10 ms to 40 ms in two minutes
        l.after(i * 1s, [&l, i] { l.backend.set_takes(latency::exponential(10ms + i * 250us)); });
    l.run(120s);
    EXPECT_GE(l.share_of_capacity(1s, 60s), 0.90);
    EXPECT_GE(l.share_of_capacity(60s, 120s), 0.90);
    EXPECT_LE(l.limit_at(120s), 40) << "slower is not taken for a queue, nor a queue for slower";
    keep_trace(l, "drift");
}

TEST_P(closed_loop, T82_a_thousand_clients_in_lock_step) {
    loop l{by_rule({.max_queue = 1000, .max_wait = 900ms}), {.workers = 10, .takes = latency::exponential(8ms)}};
    l.all.tick_together(1000, 1s);
    l.run(60s);
    const double served = l.mean("goodput [calls/s]", 5s, 60s);
    EXPECT_GE(served, 950) << "of a thousand that come in the same instant, each second";
    keep_trace(l, "lock_step");
}

TEST_P(closed_loop, T83_load_that_comes_and_goes_does_not_pin_the_limit_at_its_peak) {
    loop l{by_rule({.initial_limit = 200}), thousand_a_second};
    for (int i = 0; i < 60; ++i) l.after(i * 1s, [&l, i] { l.all.arrive(i % 4 < 2 ? 2000 : 100); });
    l.run(60s);
    EXPECT_LE(l.mean("limit [calls at once]", 20s, 60s), 60);
    for (int i = 8; i < 60; i += 4) EXPECT_GE(l.share_of_capacity(i * 1s, (i + 2) * 1s), 0.75) << "at " << i << " s";
}

TEST_P(closed_loop, holds_while_it_is_not_needed) {
    loop l{by_rule(), thousand_a_second};
    l.all.arrive(100);
    l.run(60s);
    EXPECT_EQ(l.limit_at(60s), 20);
    l.all.stop();
    l.run(600s);
    EXPECT_EQ(l.limit_at(600s), 20);
}

TEST_P(closed_loop, T84_one_at_a_time_is_found_where_that_is_what_it_can_do) {
    loop l{by_rule(), {.workers = 1, .takes = latency::constant(10ms)}};
    l.all.arrive(200);
    l.run(60s);
    EXPECT_GE(l.share_of_capacity(5s, 60s), 0.90);
    EXPECT_LE(l.limit_at(60s), 10) << "it began at twenty";
}

TEST_P(closed_loop, calls_that_take_seconds_are_seen_in_longer_windows) {
    loop l{by_rule({.initial_limit = 4}), {.workers = 20, .takes = latency::exponential(1s)}};
    l.all.set_patience(20s);
    l.all.arrive(40);
    l.run(200s);
    EXPECT_GE(l.share_of_capacity(100s, 200s), 0.75);
}

/// Calls of seconds, and a timeout of seconds inside of it: most of those that fail have begun under an older limit.
TEST_P(closed_loop, T84_comes_back_from_an_overload_whose_timeouts_are_longer_than_its_epochs) {
    concurrency_limiter limiter{by_rule()};
    pipeline<reference<concurrency_limiter>, timeout> guarded{ref(limiter), timeout{5s}};
    sim::world here{7};
    sim::service backend{here, {.workers = 30, .takes = latency::exponential(1s)}};
    sim::clients all{here, sim::via(here, guarded, backend)};
    all.set_patience(20s);
    all.arrive(60);
    here.run_for(80s);
    backend.set_workers(9);
    here.run_for(80s);
    backend.set_workers(30);
    here.run_for(60s);
    (void)all.take_seen();
    here.run_for(60s);
    EXPECT_GE(static_cast<double>(all.take_seen().succeeded) / 60, 0.75 * 30);
    EXPECT_LE(limiter.limit(), 120U);
    here.end();
}

TEST_P(closed_loop, T84_a_dependency_that_hangs_brings_it_down) {
    loop l{by_rule(), {.workers = 100, .takes = latency::exponential(10ms)}};
    l.all.set_patience(5s);
    l.all.arrive(3000);
    l.after(10s, [&] { l.backend.set_takes(latency::constant(1h)); });
    l.run(120s);
    EXPECT_LE(l.limit_at(120s), 10);
}

/// By failures alone there has to be something that fails: a service that refuses what its own queue does not hold.
TEST(closed_loop_aimd, finds_the_capacity_of_a_service_that_refuses) {
    loop l{{.rule = limit_rule::aimd, .max_drop_rate = 0.02},
           {.workers = 10, .max_queue = 10, .takes = latency::exponential(10ms)}};
    l.all.arrive(2000);
    l.after(20s, [&] { l.backend.set_workers(3); });
    l.after(40s, [&] { l.backend.set_workers(10); });
    l.run(60s);
    EXPECT_GE(l.share_of_capacity(1s, 20s), 0.90);
    EXPECT_GE(l.share_of_capacity(20s, 40s), 0.85) << "at its loss rate some of the time is spent refusing";
    EXPECT_GE(l.share_of_capacity(44s, 60s), 0.85);
    testing::expect_golden(l.seen.csv(), "traces/steps_aimd.csv");
}

TEST(closed_loop_fleet, T82_twenty_limiters_in_front_of_one_service_do_not_probe_at_once) {
    sim::world here{7};
    sim::service backend{here, {.workers = 100, .takes = latency::exponential(10ms)}};
    struct instance {
        explicit instance(sim::world& in, sim::service& callee) : all{in, sim::via(in, guarded, callee)} {
            all.set_patience(1s);
        }
        concurrency_limiter limiter{};
        pipeline<reference<concurrency_limiter>> guarded{ref(limiter)};
        sim::clients all;
    };
    std::vector<std::unique_ptr<instance>> fleet;
    for (int i = 0; i < 20; ++i) fleet.push_back(std::make_unique<instance>(here, backend));
    for (const auto& one : fleet) one->all.arrive(1000);
    std::uint64_t worst = 1000;
    for (int tenths = 0; tenths < 200; ++tenths) {
        const auto before = backend.counted().answered;
        here.run_for(100ms);
        if (tenths >= 5) worst = std::min(worst, backend.counted().answered - before);
    }
    EXPECT_GE(worst, 800U)
        << "of a thousand, in every tenth of a second: those that began together do not probe together";
    double sum = 0;
    double squares = 0;
    for (const auto& one : fleet) {
        const auto got = static_cast<double>(one->all.seen().succeeded);
        sum += got;
        squares += got * got;
    }
    here.end();
    EXPECT_GE(sum * sum / (20 * squares), 0.8)
        << "Jain's index of fairness between instances that know nothing of each other";
}

}  // namespace
}  // namespace cutwater
