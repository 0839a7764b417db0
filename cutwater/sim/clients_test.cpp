#include "cutwater/sim/clients.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/core/errc.hpp"

namespace cutwater::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Hears of every call, and ends it after a while.
struct counter {
    world here{5};
    std::vector<duration> arrivals;
    duration takes = 0ms;
    clients all{here, [this](const call_options&, std::function<void(const result<void>&)> done) {
                    arrivals.push_back(here.elapsed());
                    here.after(takes, [done = std::move(done)] { done(result<void>{}); });
                }};
};

TEST(sim_clients, an_open_loop_keeps_its_rate_whatever_becomes_of_the_calls) {
    counter c;
    c.takes = 1h;
    c.all.arrive(100);
    c.here.run_for(100s);
    EXPECT_NEAR(static_cast<double>(c.arrivals.size()), 10'000, 300);
    EXPECT_EQ(c.all.seen().calls(), 0U);
    EXPECT_EQ(c.all.sent(), c.arrivals.size());
}

TEST(sim_clients, a_new_rate_replaces_the_old_one) {
    counter c;
    c.all.arrive(1000);
    c.here.run_for(10s);
    const auto before = c.arrivals.size();
    c.all.arrive(100);
    c.here.run_for(10s);
    EXPECT_NEAR(static_cast<double>(c.arrivals.size() - before), 1000, 100);
    c.all.arrive(0);
    const auto at_the_end = c.arrivals.size();
    c.here.run_for(10s);
    EXPECT_EQ(c.arrivals.size(), at_the_end);
}

TEST(sim_clients, a_closed_loop_calls_again_when_it_has_thought) {
    counter c;
    c.takes = 10ms;
    c.all.keep_busy(1, 5ms);
    c.here.run_for(31ms);
    EXPECT_THAT(c.arrivals, ElementsAre(0ms, 15ms, 30ms));
    EXPECT_THAT(c.all.seen().took, ElementsAre(10ms, 10ms));
}

TEST(sim_clients, those_in_lock_step_come_together) {
    counter c;
    c.all.tick_together(3, 1s);
    c.here.run_for(1500ms);
    EXPECT_THAT(c.arrivals, ElementsAre(0s, 0s, 0s, 1s, 1s, 1s));
    c.all.stop();
    c.here.run_for(10s);
    EXPECT_EQ(c.arrivals.size(), 6U);
}

TEST(sim_clients, patience_is_a_deadline) {
    world here;
    std::vector<duration> left;
    clients all{here, [&](const call_options& said, const auto&) { left.push_back(said.deadline - here.now()); }};
    all.set_patience(200ms);
    all.tick_together(1, 1s);
    here.run_for(1500ms);
    EXPECT_THAT(left, ElementsAre(200ms, 200ms));
}

TEST(sim_tally, tells_the_ends_of_calls_apart) {
    tally t;
    t.add({}, 5ms);
    t.add(std::unexpected{error{errc::bulkhead_full}}, 0ms);
    t.add(std::unexpected{error{errc::timed_out}}, 9ms);
    t.add(std::unexpected{error{errc::failed}}, 1ms);
    EXPECT_EQ(t.succeeded, 1U);
    EXPECT_EQ(t.refused, 1U);
    EXPECT_EQ(t.timed_out, 1U);
    EXPECT_EQ(t.failed, 1U);
    EXPECT_EQ(t.calls(), 4U);
    EXPECT_THAT(t.took, ElementsAre(5ms));
}

TEST(sim_tally, percentiles_are_of_those_that_succeeded) {
    tally t;
    EXPECT_EQ(t.percentile(0.5), 0ms);
    for (int i = 101; i > 0; --i) t.add({}, std::chrono::milliseconds{i - 1});
    EXPECT_EQ(t.percentile(0), 0ms);
    EXPECT_EQ(t.percentile(0.5), 50ms);
    EXPECT_EQ(t.percentile(0.99), 99ms);
    EXPECT_EQ(t.percentile(1), 100ms);
}

}  // namespace
}  // namespace cutwater::sim
