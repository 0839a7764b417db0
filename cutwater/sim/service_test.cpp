#include "cutwater/sim/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"

namespace cutwater::sim {
namespace {

using namespace std::chrono_literals;

/// A world with a service in it, and clients that call it through a pipeline of one timeout.
struct town {
    explicit town(service_options o, duration patience = 1h) : backend{here, std::move(o)} {
        all.set_patience(patience);
    }

    pipeline<timeout> plain{timeout{2h}};
    world here{3};
    service backend;
    clients all{here, via(here, plain, backend)};
};

TEST(sim_service, works_on_as_many_at_once_as_it_has_workers) {
    town t{{.workers = 2, .takes = latency::constant(10ms)}};
    t.all.tick_together(5, 1h);
    t.here.run_for(1ms);
    EXPECT_EQ(t.backend.working(), 2U);
    EXPECT_EQ(t.backend.queued(), 3U);
    t.here.run_for(1min);
    EXPECT_THAT(t.all.seen().took, ::testing::ElementsAre(10ms, 10ms, 20ms, 20ms, 30ms));
    EXPECT_EQ(t.backend.capacity(), 200.0);
}

TEST(sim_service, refuses_what_its_queue_does_not_hold) {
    town t{{.workers = 1, .max_queue = 2, .takes = latency::constant(10ms)}};
    t.all.tick_together(5, 1h);
    t.here.run_for(1min);
    EXPECT_EQ(t.all.seen().succeeded, 3U);
    EXPECT_EQ(t.all.seen().failed, 2U);
    EXPECT_EQ(t.backend.counted().refused, 2U);
}

TEST(sim_service, works_on_for_those_who_have_given_up) {
    town t{{.workers = 1, .takes = latency::constant(10ms)}, 15ms};
    t.all.tick_together(4, 1h);
    t.here.run_for(1min);
    EXPECT_EQ(t.all.seen().succeeded, 1U);
    EXPECT_EQ(t.all.seen().timed_out, 3U);
    EXPECT_EQ(t.backend.counted().wasted, 3U);
}

TEST(sim_service, an_answer_that_comes_with_the_deadline_is_an_answer) {
    town t{{.workers = 1, .takes = latency::constant(10ms)}, 10ms};
    t.all.tick_together(1, 1h);
    t.here.run_for(1min);
    EXPECT_EQ(t.all.seen().succeeded, 1U);
}

TEST(sim_service, fails_as_often_as_it_is_told_to) {
    town t{{.workers = 100, .takes = latency::constant(1ms), .failure_rate = 0.25}};
    t.all.arrive(1000);
    t.here.run_for(20s);
    EXPECT_NEAR(static_cast<double>(t.all.seen().failed), 5000, 200);
    EXPECT_EQ(t.backend.counted().failed, t.all.seen().failed);
    EXPECT_EQ(t.backend.counted().answered, t.all.seen().succeeded);
}

TEST(sim_service, workers_come_and_go) {
    town t{{.workers = 1, .takes = latency::constant(10ms)}};
    t.all.tick_together(6, 1h);
    t.here.run_for(5ms);
    t.backend.set_workers(3);
    EXPECT_EQ(t.backend.working(), 3U);
    t.backend.set_workers(1);  // what has begun goes on
    EXPECT_EQ(t.backend.working(), 3U);
    t.here.run_for(1min);
    EXPECT_THAT(t.all.seen().took, ::testing::ElementsAre(10ms, 15ms, 15ms, 25ms, 35ms, 45ms));
}

/// Erlang's C formula: how likely it is that all of `workers` are busy, at this load (in workers).
double erlang_c(unsigned workers, double load) {
    double term = 1;
    double sum = 1;
    for (unsigned n = 1; n < workers; ++n) sum += term *= load / n;
    const double busy = term * load / workers * workers / (workers - load);
    return busy / (sum + busy);
}

TEST(sim_service, waits_are_those_of_queueing_theory) {
    town t{{.workers = 10, .takes = latency::exponential(10ms)}};
    t.all.arrive(800);
    t.here.run_for(500s);
    double sum = 0;
    for (const duration d : t.all.seen().took) sum += std::chrono::duration<double, std::milli>{d}.count();
    const double mean = sum / static_cast<double>(t.all.seen().succeeded);
    const double expected = 10 + erlang_c(10, 8) / (1000 - 800) * 1000;  // M/M/10: 12.05 ms
    EXPECT_NEAR(mean, expected, 0.03 * expected);
}

TEST(sim_service, a_failure_rate_is_a_share) {
    world here;
    EXPECT_THROW((service{here, {.failure_rate = 1.5}}), std::invalid_argument);
    service backend{here, {}};
    EXPECT_THROW(backend.set_failure_rate(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
    EXPECT_NO_THROW(backend.set_failure_rate(1.0));
}

}  // namespace
}  // namespace cutwater::sim
