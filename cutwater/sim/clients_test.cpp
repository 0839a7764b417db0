#include "cutwater/sim/clients.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "cutwater/core/errc.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/sim/refused_test.hpp"
#include "cutwater/sim/service.hpp"

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

TEST(sim_clients, patience_below_none_is_refused) {
    counter c;
    EXPECT_EQ(refused_with([&] { c.all.set_patience(-1s); }),
              "sim::clients::set_patience: d is -1s; give none (0s), or more");
    EXPECT_EQ(refused_with([&] { c.all.set_patience(0s); }), "");
}

TEST(sim_clients, keep_what_is_said_of_their_calls_as_long_as_they_are_there) {
    world here;
    std::vector<std::string> heard;
    const sender hears = [&](const call_options& said, const auto&) {
        for (const std::string_view text : {said.id, said.tenant, said.target, said.fingerprint})
            heard.emplace_back(text);
    };
    std::string tenant = "a tenant whose name is too long to be kept in place";
    std::string target = "a target whose name is too long to be kept in place";
    std::string print = "a fingerprint that is too long to be kept in place";
    clients all{here, hears, {.id = "4711", .tenant = tenant, .target = target, .fingerprint = print}};
    const std::string tenant_then = tenant;
    const std::string target_then = target;
    const std::string print_then = print;
    tenant.assign(tenant.size(), 'x');
    target.assign(target.size(), 'x');
    print.assign(print.size(), 'x');
    all.tick_together(1, 1s);
    here.run_for(500ms);
    EXPECT_THAT(heard, ElementsAre("4711", tenant_then, target_then, print_then));
}

TEST(sim_clients, a_service_that_takes_forever_is_waited_for_and_time_stands_still) {
    pipeline plain{bulkhead{}};
    world here;
    service stuck{here, {.workers = 1, .takes = latency::constant(forever)}};
    clients all{here, via(here, plain, stuck)};
    all.keep_busy(1, 0s);
    here.run();
    EXPECT_EQ(here.elapsed(), 0s);
    EXPECT_EQ(all.sent(), 1U);
    EXPECT_EQ(stuck.working(), 1U);
}

TEST(sim_clients, one_call_in_longer_than_there_is_leaves_time_where_it_is) {
    counter c;
    c.all.arrive(1e-300);
    c.here.run();
    EXPECT_EQ(c.here.elapsed(), 0s);
    EXPECT_EQ(c.all.sent(), 0U);
}

TEST(sim_clients, a_callee_may_be_kept_by_whoever_sends_to_it) {
    pipeline plain{timeout{1h}};
    world here;
    sender kept;
    {
        const auto alive = std::make_shared<int>(7);
        kept = via(here, plain, [&here, alive](const attempt&, const reply<void>& r) {
            here.after(std::chrono::milliseconds{*alive}, [r] { r.give({}); });
        });
    }
    clients all{here, std::move(kept)};
    all.tick_together(2, 1h);
    here.run_for(1min);
    EXPECT_THAT(all.seen().took, ElementsAre(7ms, 7ms));
}

TEST(sim_tally, says_which_layer_ended_how_many_calls_and_why) {
    tally t;
    t.add({}, 5ms);
    t.add(std::unexpected{error{errc::load_shed, "door", "get"}}, 0ms);
    t.add(std::unexpected{error{errc::load_shed, "door", "get"}}, 0ms);
    t.add(std::unexpected{error{errc::concurrency_limited, "stock", "get"}}, 0ms);
    t.add(std::unexpected{error{make_error_code(std::errc::connection_reset)}}, 0ms);
    EXPECT_EQ(t.ended_by("door", errc::load_shed), 2U);
    EXPECT_EQ(t.ended_by("stock", errc::concurrency_limited), 1U);
    EXPECT_EQ(t.ended_by("stock", errc::load_shed), 0U);
    EXPECT_EQ(t.ended_by("", make_error_code(std::errc::connection_reset)), 1U);
    std::vector<std::string> lines;
    for (const auto& [how, times] : t.without_value)
        lines.push_back(how.layer + ' ' + how.code.message() + ' ' + std::to_string(times));
    EXPECT_EQ(lines.size(), 3U);
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
