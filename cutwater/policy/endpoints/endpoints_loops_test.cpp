// Ten endpoints, of which one is slow and later another fails, or all fail and are well again. Each trace is kept beside this file and drawn
// on the room's page.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "cutwater/policy/endpoints/cluster_test.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

using sim::latency;

const auto in_turn = [](endpoints&) { return pipeline{timeout{1s}}; };  // who is asked is nobody's choice
const auto once = [](endpoints& shop) { return pipeline{ref(shop), timeout{1s}}; };
const auto elsewhere = [](endpoints& shop) {
    return pipeline{timeout{1s}, retry{{.max_attempts = 3, .base_delay = 1ms}}, ref(shop),
                    timeout{{.name = "attempt", .after = 200ms}}};
};

/// Thirty seconds each: all are well; a is ten times as slow; b fails as well; both are well again, which takes until the longest ejection is over.
template <class Cluster>
std::vector<typename Cluster::phase> play(Cluster& c) {
    std::vector<typename Cluster::phase> phases{c.run(30s)};
    c.services[0]->set_takes(usual.times(10));
    phases.push_back(c.run(30s));
    c.services[1]->set_takes(latency::constant(1ms));
    c.services[1]->set_failure_rate(1);
    phases.push_back(c.run(60s));
    c.services[0]->set_takes(usual);
    c.services[1]->set_takes(usual);
    c.services[1]->set_failure_rate(0);
    phases.push_back(c.run(90s));
    return phases;
}

/// A column of the page's table.
std::string line_of(const auto& phase) {
    char line[80];
    std::snprintf(line, sizeof line, "99th %.0f ms, answered %.2f %%, attempts %.4f", phase.p99, 100 * phase.success,
                  phase.load);
    return line;
}

TEST(endpoints_loop, without_it_one_slow_endpoint_is_everybodys_percentile_and_one_that_fails_everybodys_failure) {
    cluster c{set_of(10), in_turn, roomy, 1000};
    const auto phases = play(c);
    testing::expect_golden(c.seen.csv(), "traces/in_turn.csv");
    EXPECT_EQ(line_of(phases[0]), "99th 40 ms, answered 100.00 %, attempts 1.0003");
    EXPECT_EQ(line_of(phases[1]), "99th 212 ms, answered 100.00 %, attempts 1.0003");
    EXPECT_EQ(line_of(phases[2]), "99th 221 ms, answered 90.00 %, attempts 1.0001");
    EXPECT_EQ(line_of(phases[3]), "99th 40 ms, answered 100.00 %, attempts 0.9999");
    EXPECT_GE(phases[1].p99, 3 * phases[0].p99);
    EXPECT_LE(phases[2].success, 0.93);
    c.here.end();
}

TEST(endpoints_loop, T33_with_it_a_slow_and_a_failing_endpoint_are_hardly_felt_for_hardly_more_requests) {
    cluster c{watchful(), elsewhere, roomy, 1000};
    const auto phases = play(c);
    testing::expect_golden(c.seen.csv(), "traces/watchful.csv");
    EXPECT_EQ(line_of(phases[0]), "99th 40 ms, answered 100.00 %, attempts 1.0003");
    EXPECT_EQ(line_of(phases[1]), "99th 41 ms, answered 100.00 %, attempts 1.0002");
    EXPECT_EQ(line_of(phases[2]), "99th 41 ms, answered 100.00 %, attempts 1.0003");
    EXPECT_EQ(line_of(phases[3]), "99th 40 ms, answered 100.00 %, attempts 1.0000");
    for (const std::size_t i : {1U, 2U, 3U}) {
        EXPECT_LE(phases[i].p99, 1.5 * phases[0].p99) << i;
        EXPECT_LE(phases[i].load, 1.05) << i;
        EXPECT_GE(phases[i].success, 0.9999) << i;
    }
    EXPECT_GE(c.seen.mean("to b [calls/s]", 190s, 210s), 50) << "who is well again is asked again";
    EXPECT_GE(c.seen.mean("to a [calls/s]", 190s, 210s), 50);
    c.here.end();
}

TEST(endpoints_loop, T33_ejection_and_another_attempt_elsewhere_are_enough_for_one_that_fails) {
    cluster c{set_of(10), elsewhere, roomy, 1000};
    const auto well = c.run(30s);
    c.services[1]->set_takes(latency::constant(1ms));
    c.services[1]->set_failure_rate(1);
    const auto failing = c.run(60s);
    EXPECT_LE(failing.p99, 1.5 * well.p99);
    EXPECT_LE(failing.load, 1.05);
    EXPECT_GE(failing.success, 0.9999);
    c.here.end();
}

TEST(endpoints_loop, T29_after_an_outage_of_all_of_them_they_come_back_and_stay) {
    // Each can do 200 a second, and is asked for 100. While all fail, and for as long as they are ejected afterwards, calls are refused.
    endpoints_options o = set_of(10, [](auto& it) {
        it.max_ejected = 1;
        it.when_few = few_healthy::refuse;
        it.base_ejection = 5s;
        it.max_ejection = 15s;
    });
    cluster c{o, once, {.workers = 2, .takes = latency::exponential(10ms)}, 1000};
    EXPECT_GE(c.run(20s).success, 0.999);
    for (auto& s : c.services) s->set_failure_rate(1);
    (void)c.run(20s);
    EXPECT_EQ(c.shop.read(c.here.now()).healthy, 0);
    for (auto& s : c.services) s->set_failure_rate(0);
    c.longest_queue = 0;
    std::vector<unsigned> ejections;
    for (const auto& e : c.shop.read(c.here.now()).each) ejections.push_back(e.ejections);
    (void)c.run(30s);
    const auto after = c.run(20s);
    testing::expect_golden(c.seen.csv(), "traces/outage.csv");
    EXPECT_GE(after.success, 0.999);
    EXPECT_LE(c.longest_queue, 40U) << "nobody is stampeded";
    for (const auto& e : c.shop.read(c.here.now()).each) {
        EXPECT_EQ(e.state, endpoint_state::healthy) << e.address;
        EXPECT_EQ(e.ejections, ejections[static_cast<std::size_t>(e.address[0] - 'a')])
            << "nor ejected again: " << e.address;
    }
    c.here.end();
}

}  // namespace
}  // namespace cutwater
