#include "cutwater/observe/slo/slo_tracker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stop_token>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"
#include "cutwater/sim/trace.hpp"
#include "cutwater/sim/world.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/golden.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;
using testing::mock_dependency;
using testing::virtual_time;

const slo_options orders{.name = "orders", .operations = {"place_order"}, .target = 0.99, .latency = 250ms};

class watched_calls : public ::testing::Test {
protected:
    [[nodiscard]] slo_counts seen(const slo_tracker& by, std::size_t nth = 0) const {
        return by.read(time.present()).at(nth).seen;
    }
    virtual_time time;
    mock_dependency<int> stock{time};
};

TEST_F(watched_calls, successes_within_the_latency_are_good_and_slower_ones_bad) {
    slo_tracker objectives{{orders}};
    pipeline shop{observe{objectives}, retry{{.max_attempts = 1}}};
    stock.returns(7, 250ms).returns(7, 251ms);
    for (int i = 0; i < 2; ++i) (void)time.run(shop, {.operation = "place_order"}, stock.blocking());
    EXPECT_EQ(seen(objectives), (slo_counts{.good = 1, .bad = 1}));
}

TEST_F(watched_calls, what_users_see_is_a_call_and_not_its_attempts) {
    slo_tracker objectives{{orders}};
    pipeline shop{observe{objectives}, retry{{.max_attempts = 2, .base_delay = 10ms}}};
    stock.fails(std::errc::connection_reset).returns(7);
    (void)time.run(shop, {.operation = "place_order"}, stock.blocking());
    EXPECT_EQ(seen(objectives), (slo_counts{.good = 1, .bad = 0}));
}

slo_options without_ignored() {
    slo_options made = orders;
    made.name = "without ignored";
    made.ignored = ignored_call::neither;
    return made;
}

TEST_F(watched_calls, failures_and_refusals_are_bad_and_a_bug_is_what_the_objective_says) {
    slo_tracker objectives{{orders, without_ignored()}};
    pipeline shop{observe{objectives}, rate_limiter{{.name = "partner", .permits = 2, .per = 1h, .burst = 2}}};
    stock.fails(std::errc::connection_reset).throws(std::logic_error{"a bug"});
    for (int i = 0; i < 3; ++i) (void)time.run(shop, {.operation = "place_order"}, stock.blocking());
    EXPECT_EQ(seen(objectives), (slo_counts{.good = 0, .bad = 3})) << "reset, a bug, and refused: users see each";
    EXPECT_EQ(seen(objectives, 1), (slo_counts{.good = 0, .bad = 2})) << "the bug is neither";
}

TEST_F(watched_calls, an_outage_in_which_every_call_runs_into_its_callers_deadline_is_one) {
    slo_tracker objectives{{orders, without_ignored()}};
    pipeline shop{observe{objectives}, timeout{10s}};
    for (int i = 0; i < 60; ++i) {
        stock.hangs();
        (void)time.run(shop, {.operation = "place_order", .deadline = time.in(200ms)}, stock.blocking());
    }
    EXPECT_EQ(seen(objectives), (slo_counts{.good = 0, .bad = 60}));
    EXPECT_TRUE(objectives.read(time.present()).at(0).pages);
    EXPECT_EQ(seen(objectives, 1), slo_counts{}) << "what it has chosen not to see";
}

TEST_F(watched_calls, T37_a_caller_that_cancels_says_nothing) {
    slo_tracker objectives{{orders}};
    pipeline shop{observe{objectives}, retry{}};
    std::stop_source gone;
    gone.request_stop();
    (void)time.run(shop, {.operation = "place_order", .stop = gone.get_token()}, stock.blocking());
    EXPECT_EQ(seen(objectives), slo_counts{});
}

TEST_F(watched_calls, each_objective_has_its_operations_and_one_without_has_all) {
    slo_tracker objectives{{orders, {.name = "all"}}};
    pipeline shop{observe{objectives}, retry{{.max_attempts = 1}}};
    stock.returns(7).returns(7);
    (void)time.run(shop, {.operation = "place_order"}, stock.blocking());
    (void)time.run(shop, {.operation = "get_stock"}, stock.blocking());
    EXPECT_EQ(seen(objectives, 0).all(), 1);
    EXPECT_EQ(seen(objectives, 1).all(), 2);
}

TEST_F(watched_calls, a_degraded_result_is_what_the_objective_says) {
    slo_options strict = orders;
    strict.name = "strict";
    strict.latency = forever;
    strict.degraded = degraded_result::bad;
    slo_tracker objectives{{orders, strict}};
    pipeline shop{observe{objectives}, fallback{0}};
    stock.fails(std::errc::connection_reset).returns(7);
    for (int i = 0; i < 2; ++i) (void)time.run(shop, {.operation = "place_order"}, stock.blocking());
    EXPECT_EQ(seen(objectives, 0), (slo_counts{.good = 2, .bad = 0}));
    EXPECT_EQ(seen(objectives, 1), (slo_counts{.good = 1, .bad = 1}));
}

/// An event of a user's own that counts calls is the end of one.
struct letter_sent {
    std::string_view verdict;
    static constexpr measure measures[]{{.of = &metrics::calls, .detail_field = "verdict"}};
    static constexpr event_kind kind{"letter_sent", severity::info, "in these tests", measures};
    static void fields(auto& self, auto&& visit) { visit("verdict", self.verdict, "how"); }
};

TEST_F(watched_calls, an_event_of_ones_own_that_counts_calls_is_the_end_of_one) {
    slo_tracker objectives{{orders}};
    for (const std::string_view each : {"success", "transient", "lost"})
        objectives.on_event(event{{.operation = "place_order", .at = time.present()}, letter_sent{each}});
    EXPECT_EQ(seen(objectives), (slo_counts{.good = 1, .bad = 1})) << "a verdict that nobody knows says nothing";
}

TEST_F(watched_calls, what_was_counted_long_ago_counts_as_of_then) {
    slo_tracker objectives{{orders}};
    objectives.on_event(event{{.operation = "place_order", .at = time.present()}, letter_sent{"success"}});
    objectives.on_event(event{{.operation = "place_order", .at = time.in(1s)}, letter_sent{"transient"}});
    time.pass(2h);
    const slo_reading now = objectives.read(time.present()).front();
    EXPECT_EQ(now.burn_rate(slo_window::hour), 0);
    EXPECT_THAT(now.burn_rate(slo_window::day), DoubleNear(50, 1e-9));
}

// ---- what it tells ----

class told_objectives : public ::testing::Test {
protected:
    /// Ten calls a second, for so many seconds.
    void play(int seconds, std::string_view verdict) {
        for (int i = 0; i < 10 * seconds; ++i, now += 100ms) end_call(verdict);
    }
    void end_call(std::string_view verdict) {
        objectives.on_event(event{{.operation = "place_order", .at = now}, letter_sent{verdict}});
    }
    testing::event_recorder heard;
    slo_tracker objectives{{orders}};
    instant now{1000h};
};

TEST_F(told_objectives, an_alert_is_told_when_it_begins_and_when_it_ends) {
    objectives.also(heard);
    play(600, "success");
    EXPECT_EQ(heard.count("slo_burning"), 0U);
    play(600, "transient");
    ASSERT_GT(heard.count("slo_burning"), 0U);
    EXPECT_EQ(heard.last("slo_burning").layer, "orders");
    EXPECT_EQ(heard.count("slo_recovered"), 0U);
    for (int minutes = 0; minutes < 4 * 24 * 60; ++minutes, now += 1min) end_call("success");
    EXPECT_EQ(heard.count("slo_recovered"), heard.count("slo_burning"));
    EXPECT_EQ(heard.count("letter_sent"), 12'000U + 5'760U) << "and hands on what it hears";
}

TEST_F(told_objectives, what_failed_before_a_pause_wakes_nobody_after_it) {
    objectives.also(heard);
    for (int i = 0; i < 1000; ++i, now += 4ms) end_call("transient");
    now += 8h;
    end_call("success");
    EXPECT_EQ(heard.count("slo_burning"), 0U);
    const slo_reading seen = objectives.read(now).front();
    EXPECT_EQ(seen.burn_rate(slo_window::six_hours), 0) << "it was eight hours ago";
    EXPECT_EQ(seen.seen, (slo_counts{.good = 1, .bad = 1000}));
}

TEST_F(told_objectives, an_end_is_told_without_calls_when_somebody_looks) {
    objectives.also(heard);
    play(60, "transient");
    ASSERT_GT(heard.count("slo_burning"), 0U);
    objectives.look(now + 80h);
    EXPECT_EQ(heard.count("slo_recovered"), heard.count("slo_burning"));
}

struct throws_always final : listener {
    void on_event(const event&) override { throw std::runtime_error{"deaf"}; }
};

TEST_F(told_objectives, a_listener_behind_it_that_throws_loses_nothing) {
    throws_always deaf;
    objectives.also(deaf);
    play(60, "transient");
    EXPECT_EQ(objectives.read(now).front().seen.bad, 600);
}

TEST_F(told_objectives, alerts_are_counted_and_gauges_say_how_it_stands) {
    metric_registry registry;
    event_metrics counts{registry};
    objectives.also(counts);
    const auto watched = registry.watch(objectives);
    play(300, "transient");
    const auto read = registry.read(now);
    const auto value = [&](const metric& of, std::string_view detail) {
        return metric_value(read, of, {.layer = "orders", .detail = detail});
    };
    EXPECT_GE(value(metrics::slo_alerts, "page"), 1);
    EXPECT_EQ(value(metrics::slo_alerting, "page"), 1);
    EXPECT_THAT(value(metrics::slo_budget, ""), DoubleNear(-99, 1e-6));
    for (const std::string_view window : {"5m", "30m", "1h", "2h", "6h", "1d", "3d", "objective"})
        EXPECT_THAT(value(metrics::slo_burn, window), DoubleNear(100, 1e-6)) << window;
}

TEST_F(told_objectives, gauges_end_an_alert_by_themselves_when_no_call_comes) {
    metric_registry registry;
    const auto watched = registry.watch(objectives);
    play(60, "transient");
    EXPECT_EQ(metric_value(registry.read(now), metrics::slo_alerting, {.layer = "orders", .detail = "page"}), 1);
    EXPECT_EQ(metric_value(registry.read(now + 7h), metrics::slo_alerting, {.layer = "orders", .detail = "page"}), 0);
}

// ---- options ----

TEST(slo_options, are_refused_by_name) {
    for (const slo_options& wrong : {slo_options{.target = 1}, slo_options{.target = std::nan("")},
                                     slo_options{.latency = 0s}, slo_options{.window = 1h}, slo_options{.min_calls = 0},
                                     slo_options{.operations = {""}}, slo_options{.name = ""}})
        EXPECT_THROW(slo_tracker{{wrong}}, invalid_options) << options_text(wrong);
    EXPECT_THROW(slo_tracker{std::vector<slo_options>{}}, invalid_options);
}

TEST(slo_options, a_degraded_result_is_not_bad_beside_a_latency) {
    slo_options both = orders;
    both.degraded = degraded_result::bad;
    try {
        const slo_tracker counts_twice{{both}};
        FAIL() << "a late degraded result is two bad calls";
    } catch (const invalid_options& refused) {
        EXPECT_THAT(refused.what(), HasSubstr("an objective of its own"));
    }
}

TEST(slo_options, two_objectives_of_one_name_are_refused) {
    try {
        const slo_tracker twice{{orders, orders}};
        FAIL() << "two are told apart by nothing";
    } catch (const invalid_options& refused) {
        EXPECT_THAT(refused.what(), HasSubstr("\"orders\" twice"));
    }
}

// ---- an incident, for the page ----

/// A call a second. After a day nine in ten fail for twelve minutes; then, two hours later, one in twenty for three hours.
TEST(slo_incident, wakes_somebody_for_an_outage_and_leaves_a_ticket_for_what_creeps) {
    sim::world here{7};
    slo_tracker objectives{{{.name = "orders", .target = 0.99, .window = 24h}}};
    double failing = 0;
    double due = 0;  // bad calls that are
    const std::function<void()> serve = [&] {
        due += failing;
        const bool is_bad = due > 0.999;
        if (is_bad) due -= 1;
        objectives.on_event(
            event{{.operation = "place_order", .at = here.now()}, letter_sent{is_bad ? "transient" : "success"}});
        here.after(1s, serve);
    };
    here.after(22h, [&] { failing = 0.9; });
    here.after(22h + 12min, [&] { failing = 0; });
    here.after(24h, [&] { failing = 0.05; });
    here.after(27h, [&] { failing = 0; });
    here.after(1s, serve);
    here.run_for(21h);

    const auto now = [&] { return objectives.read(here.now()).front(); };
    sim::trace seen{here, 2min};
    seen.column("failing [% of calls]", [&] { return 100 * failing; });
    seen.column("over 5 min [burn rate]", [&] { return now().burn_rate(slo_window::five_minutes); });
    seen.column("over 1 h [burn rate]", [&] { return now().burn_rate(slo_window::hour); });
    seen.column("left [% of budget]", [&] { return std::max(0.0, 100 * now().budget_left); });
    seen.column("page [alert]", [&] { return now().pages ? 1 : 0; });
    seen.column("ticket [alert]", [&] { return now().tickets ? 1 : 0; });
    seen.begin();
    here.run_for(7h);

    EXPECT_EQ(seen.mean("page [alert]", 0s, 1h), 0);
    EXPECT_EQ(seen.mean("page [alert]", 1h + 10min, 1h + 12min), 1) << "users see it, and somebody is woken";
    EXPECT_EQ(seen.mean("page [alert]", 2h, 7h), 0) << "and nobody by what creeps, or by what is over";
    EXPECT_EQ(seen.mean("ticket [alert]", 1h + 30min, 3h), 0);
    EXPECT_EQ(seen.mean("ticket [alert]", 5h, 6h), 1) << "the budget of the day is gone";
    testing::expect_golden(seen.csv(), "traces/incident.csv");
}

}  // namespace
}  // namespace cutwater
