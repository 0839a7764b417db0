#include "cutwater/sim/clients.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>

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

/// What the world says to what cannot be.
std::string refused_with(const auto& tried) {
    try {
        tried();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "";
}

TEST(sim_clients, a_rate_that_cannot_be_is_refused) {
    counter c;
    EXPECT_EQ(refused_with([&] { c.all.arrive(1e12); }),
              "sim::clients::arrive: per_second is 1e+12; give a rate from 0 (nobody) to 1e9 (one a nanosecond)");
    EXPECT_NE(refused_with([&] { c.all.arrive(-1); }), "");
    EXPECT_NE(refused_with([&] { c.all.arrive(std::numeric_limits<double>::quiet_NaN()); }), "");
    EXPECT_NE(refused_with([&] { c.all.arrive(std::numeric_limits<double>::infinity()); }), "");
    c.here.run_for(1s);
    EXPECT_EQ(c.arrivals.size(), 0U);
}

TEST(sim_clients, one_call_in_longer_than_there_is_never_comes) {
    counter c;
    c.all.arrive(1e-30);
    c.here.run_for(24h);
    EXPECT_EQ(c.arrivals.size(), 0U);
}

TEST(sim_clients, time_goes_on_where_everybody_is_refused_at_once) {
    world here;
    unsigned calls = 0;
    clients all{here, [&](const call_options&, const auto& done) {
                    if (++calls > 1000) all.stop();  // else it would never end
                    done(std::unexpected{error{errc::bulkhead_full}});
                }};
    all.keep_busy(2, 0ms);
    here.run_for(10us);
    EXPECT_EQ(calls, 22U) << "once a microsecond, each of them";
}

TEST(sim_clients, a_closed_loop_whose_calls_take_time_does_not_wait_any_longer) {
    counter c;
    c.takes = 10ms;
    c.all.keep_busy(1, 0ms);
    c.here.run_for(21ms);
    EXPECT_THAT(c.arrivals, ElementsAre(0ms, 10ms, 20ms));
}

TEST(sim_clients, a_pause_that_cannot_be_is_refused) {
    counter c;
    EXPECT_EQ(refused_with([&] { c.all.tick_together(1, 0ms); }),
              "sim::clients::tick_together: period is 0s; give the time from one round to the next, above 0");
    EXPECT_NE(refused_with([&] { c.all.tick_together(1, -1s); }), "");
    EXPECT_EQ(refused_with([&] { c.all.keep_busy(2, -1ms); }),
              "sim::clients::keep_busy: think is -1ms; give none (0s), or more");
}

TEST(sim_tally, a_share_is_from_none_to_all) {
    tally t;
    t.add({}, 5ms);
    EXPECT_EQ(refused_with([&] { (void)t.percentile(99); }),
              "sim::tally::percentile: share is 99; give one from 0 to 1");
    EXPECT_NE(refused_with([&] { (void)t.percentile(-0.1); }), "");
    EXPECT_NE(refused_with([&] { (void)t.percentile(std::numeric_limits<double>::quiet_NaN()); }), "");
}

}  // namespace
}  // namespace cutwater::sim
