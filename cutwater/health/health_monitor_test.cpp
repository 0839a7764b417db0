#include "cutwater/health/health_monitor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <expected>
#include <set>
#include <stdexcept>
#include <type_traits>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using enum health_status;

class health_monitor_test : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::event_recorder heard;
    health_monitor health{{.name = "shop"}, time};

    health_monitor_test() { health.tell(heard); }

    /// Runs what is due, now.
    std::size_t turn() {
        auto due = health.take_due();
        for (due_check& each : due) each.run();
        return due.size();
    }
    /// Lets time pass, and runs what comes due meanwhile.
    void pass(duration d) {
        const instant end = time.in(d);
        turn();
        while (health.next_due() <= end) {
            time.pass(between(time.present(), health.next_due()));
            turn();
        }
        time.pass(between(time.present(), end));
    }
    [[nodiscard]] check_report of(const std::string& check) const {
        for (const check_report& each : health.report().checks)
            if (each.name == check) return each;
        throw std::out_of_range{check};
    }
};

// ---- checks ----

TEST_F(health_monitor_test, S113_all_healthy_any_degraded_none_unhealthy) {
    bool database = true;
    bool cache = true;
    health.check({.name = "database", .worse_after = 1, .better_after = 1}, [&] { return database; });
    health.check({.name = "cache", .worse_after = 1, .better_after = 1}, [&] { return cache; });
    EXPECT_EQ(health.report().status, unhealthy) << "nobody knows yet";
    turn();
    EXPECT_EQ(health.report().status, healthy);
    cache = false;
    pass(10s);
    EXPECT_EQ(health.report().status, degraded);
    database = false;
    pass(10s);
    EXPECT_EQ(health.report().status, unhealthy);
    database = cache = true;
    pass(10s);
    EXPECT_EQ(health.report().status, healthy);
}

TEST_F(health_monitor_test, whatever_a_check_returns_or_throws_is_understood) {
    health.check({.name = "nothing"}, [] {});
    health.check({.name = "no"}, [] { return false; });
    health.check({.name = "expected"}, []() -> std::expected<int, std::string> { return std::unexpected{"no route"}; });
    health.check({.name = "result"}, [] { return check_result::degraded("slow", "wait"); });
    health.check({.name = "throws"}, [] { throw std::runtime_error{"broken"}; });
    health.check({.name = "pipeline", .what_to_do = "call Bob"}, [this] {
        pipeline guarded{timeout{1s}};
        return time.run(guarded, []() -> int { throw std::runtime_error{"gone"}; });
    });
    turn();
    EXPECT_EQ(of("nothing").status, healthy);
    EXPECT_EQ(of("no").detail, "it says no");
    EXPECT_THAT(of("expected").detail, HasSubstr("no route"));
    EXPECT_EQ(of("result").status, degraded);
    EXPECT_EQ(of("result").what_to_do, "wait");
    EXPECT_EQ(of("throws").detail, "broken");
    EXPECT_EQ(of("throws").status, unhealthy);
    EXPECT_THAT(of("pipeline").detail, HasSubstr("gone"));
    EXPECT_EQ(of("pipeline").what_to_do, "call Bob");
}

TEST_F(health_monitor_test, a_check_is_told_its_deadline) {
    instant deadline{};
    health.check({.name = "asks", .timeout = 3s}, [&](const check_run& run) { deadline = run.deadline; });
    turn();
    EXPECT_EQ(deadline, time.in(3s));
}

TEST_F(health_monitor_test, a_check_runs_on_its_period_a_little_early_by_chance) {
    std::vector<instant> ran;
    health.check({.name = "asks", .period = 10s, .jitter = 0.2}, [&] { ran.push_back(time.present()); });
    pass(1h);
    ASSERT_GT(ran.size(), 360U);
    ASSERT_LT(ran.size(), 450U);
    std::set<duration> gaps;
    for (std::size_t i = 1; i < ran.size(); ++i) gaps.insert(between(ran[i - 1], ran[i]));
    EXPECT_GE(*gaps.begin(), 8s);
    EXPECT_LE(*gaps.rbegin(), 10s);
    EXPECT_GT(gaps.size(), 300U);
}

TEST_F(health_monitor_test, nobody_who_asks_runs_a_check) {
    unsigned ran = 0;
    health.check({.name = "asks"}, [&] { ++ran; });
    turn();
    for (int i = 0; i < 1000; ++i) (void)health.report(), (void)health.is_ready();
    time.pass(1h);
    (void)health.report();
    EXPECT_EQ(ran, 1U);
}

TEST_F(health_monitor_test, who_hurries_shares_one_run) {
    unsigned ran = 0;
    health.check({.name = "asks"}, [&] { ++ran; });
    turn();
    health.refresh();
    health.refresh();
    auto due = health.take_due();
    ASSERT_THAT(due, SizeIs(1));
    health.refresh();
    EXPECT_THAT(health.take_due(), IsEmpty()) << "it is under way";
    due.front().run();
    EXPECT_EQ(ran, 2U);
}

TEST_F(health_monitor_test, a_check_that_flaps_changes_nothing) {
    bool works = true;
    health.check({.name = "flaps", .jitter = 0, .worse_after = 2}, [&] { return works; });
    turn();
    for (int i = 0; i < 100; ++i, works = !works) pass(10s);
    EXPECT_EQ(of("flaps").status, healthy);
    EXPECT_EQ(heard.count("health_worsened"), 0U);
}

TEST_F(health_monitor_test, a_check_that_hangs_is_given_up_on_and_not_run_again_before_it_returns) {
    health.check({.name = "hangs", .timeout = 5s, .period = 10s, .jitter = 0}, [] {});
    auto first = health.take_due();
    ASSERT_THAT(first, SizeIs(1));
    const check_run run = first.front().begin();
    EXPECT_FALSE(run.stop_token.stop_requested());
    for (int i = 0; i < 10; ++i) {
        time.pass(5s);
        EXPECT_THAT(health.take_due(), IsEmpty());
    }
    EXPECT_TRUE(run.stop_token.stop_requested()) << "it is asked to stop";
    EXPECT_EQ(of("hangs").status, unhealthy);
    EXPECT_TRUE(of("hangs").hangs);
    EXPECT_EQ(of("hangs").detail, "it has not returned for 50s");
    EXPECT_EQ(heard.count("health_check_hung"), 1U);
    EXPECT_EQ(heard.last("health_check_hung").field("had_begun"), "true");

    first.front().end(check_result::ok());
    EXPECT_EQ(of("hangs").status, unhealthy) << "what it says so late is not heard";
    EXPECT_EQ(heard.last("health_check_returned").field("after"), "50s");
    time.pass(10s);
    EXPECT_EQ(turn(), 1U) << "and it is asked again";
}

TEST_F(health_monitor_test, a_check_that_hangs_counts_as_failed_at_each_period) {
    health.check({.name = "hangs", .timeout = 5s, .period = 10s, .jitter = 0, .worse_after = 3}, [] {});
    turn();
    time.pass(10s);
    auto due = health.take_due();
    (void)due.front().begin();
    const auto at = [&](duration d) {
        time.pass(d);
        (void)health.take_due();
        return of("hangs").status;
    };
    EXPECT_EQ(at(5s), healthy) << "one";
    EXPECT_EQ(at(5s), healthy) << "two";
    EXPECT_EQ(at(10s), unhealthy) << "three";
    due.front().end(check_result::ok());
}

TEST_F(health_monitor_test, a_check_that_gets_no_thread_says_so) {
    health.check({.name = "waits", .timeout = 5s}, [] {});
    const auto queued = health.take_due();
    time.pass(5s);
    (void)health.take_due();
    EXPECT_EQ(of("waits").detail, "no thread was free for 5s: other checks hang");
    EXPECT_EQ(of("waits").what_to_do, "Look at the checks that hang, or give the health_runner more threads.");
    EXPECT_EQ(heard.last("health_check_hung").field("had_begun"), "false");
}

TEST_F(health_monitor_test, that_no_thread_was_free_is_no_failure_of_the_check) {
    health.check({.name = "waits", .timeout = 5s, .period = 10s, .jitter = 0, .worse_after = 1}, [] {});
    turn();
    time.pass(10s);
    auto queued = health.take_due();
    ASSERT_THAT(queued, SizeIs(1));
    for (int i = 0; i < 5; ++i) {
        time.pass(5s);
        EXPECT_THAT(health.take_due(), IsEmpty());
    }
    EXPECT_EQ(of("waits").status, healthy) << "the latest result still stands";
    EXPECT_TRUE(of("waits").hangs);
    EXPECT_EQ(of("waits").detail, "no thread was free for 25s: other checks hang");
    EXPECT_EQ(heard.count("health_check_hung"), 1U);
    EXPECT_EQ(heard.count("health_worsened"), 0U);
    time.pass(1ms);
    EXPECT_EQ(of("waits").status, unhealthy) << "and is too old now";
    queued.front().run();
    EXPECT_EQ(of("waits").status, healthy) << "what it says at last is heard";
}

TEST_F(health_monitor_test, that_no_thread_was_free_takes_nobody_away) {
    health.check({.name = "waits",
                  .timeout = 5s,
                  .period = 10s,
                  .jitter = 0,
                  .worse_after = 1,
                  .readiness = readiness_effect::own},
                 [] { return false; });
    auto never_run = health.take_due();
    time.pass(5s);
    (void)health.take_due();
    EXPECT_FALSE(health.is_ready()) << "nothing is known of it";
    (void)never_run.front().begin();
    never_run.front().end(check_result::ok());
    EXPECT_TRUE(health.is_ready());
    time.pass(10s);
    auto queued = health.take_due();
    time.pass(5s);
    (void)health.take_due();
    time.pass(1h);
    EXPECT_EQ(of("waits").status, unhealthy) << "what it said is too old";
    EXPECT_TRUE(health.is_ready()) << "and is the last that is known of it";
    const check_run run = queued.front().begin();
    EXPECT_TRUE(health.is_ready());
    queued.front().end(queued.front().ask(run));
    EXPECT_FALSE(health.is_ready()) << "now it has said something";
    EXPECT_EQ(heard.count("readiness_changed"), 2U);
}

TEST_F(health_monitor_test, what_had_no_thread_and_then_hangs_takes_away_from_then_on) {
    health.check({.name = "waits",
                  .timeout = 5s,
                  .period = 10s,
                  .jitter = 0,
                  .readiness = readiness_effect::shared,
                  .unready_after = 1min,
                  .unready_spread = 0s},
                 [] {});
    turn();
    time.pass(10s);
    auto queued = health.take_due();
    time.pass(5s);
    (void)health.take_due();
    time.pass(1h);
    (void)queued.front().begin();
    time.pass(5s);
    (void)health.take_due();
    EXPECT_EQ(of("waits").detail, "no answer within 5s");
    EXPECT_TRUE(health.is_ready()) << "that it is bad is known only now";
    time.pass(1min);
    (void)health.take_due();
    EXPECT_FALSE(health.is_ready());
    queued.front().end(check_result::ok());
}

TEST_F(health_monitor_test, a_run_that_had_no_thread_and_is_dropped_takes_nobody_away) {
    bool works = true;
    health.check({.name = "waits", .timeout = 5s, .period = 10s, .jitter = 0, .readiness = readiness_effect::own},
                 [&] { return works; });
    turn();
    time.pass(10s);
    {
        const auto queued = health.take_due();
        time.pass(5s);
        (void)health.take_due();
        time.pass(1h);
        EXPECT_TRUE(health.is_ready());
    }
    EXPECT_TRUE(health.is_ready()) << "nothing more is known of it";
    works = false;
    turn();
    EXPECT_FALSE(health.is_ready()) << "now there is";
}

TEST_F(health_monitor_test, what_nobody_runs_says_so_to_whoever_is_on_call) {
    health.check({.name = "asks", .timeout = 5s, .period = 10s, .what_to_do = "page the DBA"}, [] { return false; });
    const std::string_view nobody = "Nobody runs the checks: is there a health_runner?";
    EXPECT_EQ(of("asks").detail, "it has not run yet");
    EXPECT_EQ(of("asks").what_to_do, nobody);
    auto due = health.take_due();
    (void)due.front().begin();
    EXPECT_EQ(of("asks").what_to_do, "Wait for what it says.");
    due.front().end(check_result::failed("no"));
    EXPECT_EQ(of("asks").what_to_do, "page the DBA");
    time.pass(35s + 1ms);
    EXPECT_EQ(of("asks").what_to_do, nobody);
}

TEST_F(health_monitor_test, a_run_that_is_dropped_is_due_again) {
    health.check({.name = "asks", .jitter = 0}, [] {});
    EXPECT_THAT(health.take_due(), SizeIs(1));
    EXPECT_THAT(health.take_due(), IsEmpty());
    time.pass(10s);
    EXPECT_THAT(health.take_due(), SizeIs(1));
}

TEST_F(health_monitor_test, results_that_nobody_renews_are_none) {
    health.check({.name = "asks", .timeout = 5s, .period = 10s}, [] {});
    turn();
    time.pass(35s);
    EXPECT_EQ(of("asks").status, healthy);
    time.pass(1ms);
    EXPECT_EQ(of("asks").status, unhealthy);
    EXPECT_THAT(of("asks").detail, HasSubstr("too old"));
}

TEST_F(health_monitor_test, T88_a_check_that_was_removed_is_gone_and_its_name_is_free) {
    health.check({.name = "old"}, [] { return false; });
    auto due = health.take_due();
    EXPECT_TRUE(health.remove("old"));
    EXPECT_FALSE(health.remove("old"));
    due.front().run();
    EXPECT_THAT(heard.names(), ElementsAre("readiness_changed"));
    health.check({.name = "old"}, [] {});
    EXPECT_THAT(health.report().checks, SizeIs(1));
}

TEST_F(health_monitor_test, what_a_removed_check_held_may_ask_the_monitor_as_it_goes) {
    std::size_t left = 7;
    const auto asks = [&](const void*) { left = health.report().checks.size(); };
    health.check({.name = "old"}, [held = std::shared_ptr<const void>{nullptr, asks}] { return held == nullptr; });
    EXPECT_TRUE(health.remove("old"));
    EXPECT_EQ(left, 0U);
}

TEST_F(health_monitor_test, a_report_says_what_there_is_to_know) {
    bool works = false;
    health.check({.name = "cache", .period = 10s, .jitter = 0, .better_after = 1, .what_to_do = "restart it"}, [&] {
        time.pass(20ms);
        return works ? check_result::ok("17 ms") : check_result::failed("refused");
    });
    turn();
    time.pass(980ms);
    auto seen = of("cache");
    EXPECT_EQ(seen.took, 20ms);
    EXPECT_EQ(seen.age, 980ms);
    EXPECT_EQ(seen.since, 980ms);
    EXPECT_EQ(seen.what_to_do, "restart it");
    EXPECT_EQ(seen.last_error, "refused");
    works = true;
    time.pass(9s);
    turn();
    seen = of("cache");
    EXPECT_EQ(seen.status, healthy);
    EXPECT_EQ(seen.detail, "17 ms");
    EXPECT_EQ(seen.what_to_do, "");
    EXPECT_EQ(seen.last_error, "refused") << "it is remembered";
    EXPECT_EQ(seen.last_error_age, 10s);
}

// ---- liveness ----

template <class Monitor>
concept liveness_takes_a_check =
    requires(Monitor& m) { m.heartbeat(check_options{}, [] { return true; }); } || requires(Monitor& m) {
        m.liveness_check(check_options{}, [] { return true; });
    } || requires(Monitor& m) { m.check(check_options{}, [] { return true; }, health_probe::live); };

TEST_F(health_monitor_test, T92_no_dependency_can_be_part_of_liveness) {
    static_assert(!liveness_takes_a_check<health_monitor>);
    health.check({.name = "database",
                  .importance = check_importance::critical,
                  .readiness = readiness_effect::own,
                  .startup = startup_effect::waits},
                 [] { return false; });
    pass(1h);
    EXPECT_FALSE(health.is_ready());
    EXPECT_TRUE(health.is_live()) << "a restart would not help";
}

TEST_F(health_monitor_test, a_loop_that_no_longer_turns_is_not_alive) {
    const auto beats = health.heartbeat({.name = "event loop", .within = 10s});
    for (int i = 0; i < 10; ++i) {
        time.pass(10s);
        EXPECT_TRUE(health.is_live());
        beats->beat();
    }
    time.pass(10s + 1ns);
    EXPECT_FALSE(health.is_live());
    EXPECT_EQ(health.report().status, unhealthy);
    EXPECT_THAT(health.report().not_live_because, ElementsAre("event loop"));
    beats->beat();
    EXPECT_TRUE(health.is_live());
}

TEST_F(health_monitor_test, what_rests_on_purpose_need_not_beat) {
    const auto beats = health.heartbeat({.name = "consumer", .within = 1s});
    beats->rest();
    time.pass(24h);
    EXPECT_TRUE(health.is_live());
    beats->beat();
    time.pass(2s);
    EXPECT_FALSE(health.is_live());
}

TEST_F(health_monitor_test, a_heartbeat_that_nobody_holds_is_not_watched) {
    auto beats = health.heartbeat({.name = "job", .within = 1s});
    time.pass(2s);
    EXPECT_FALSE(health.is_live());
    beats.reset();
    EXPECT_TRUE(health.is_live());
    beats = health.heartbeat({.name = "job", .within = 1s});
}

// ---- startup, readiness ----

TEST_F(health_monitor_test, startup_waits_for_what_it_is_told_to_passes_once_and_stays) {
    bool works = false;
    health.check({.name = "schema", .startup = startup_effect::waits, .what_to_do = ""}, [&] { return works; });
    const auto warm = health.startup_task("cache is warm");
    turn();
    EXPECT_FALSE(health.is_started());
    EXPECT_FALSE(health.is_ready());
    EXPECT_THAT(health.report().not_started_because, ElementsAre("schema", "cache is warm"));
    works = true;
    pass(10s);
    EXPECT_FALSE(health.is_started());
    warm->done();
    EXPECT_TRUE(health.is_started());
    EXPECT_TRUE(health.is_ready());
    works = false;
    pass(1h);
    EXPECT_TRUE(health.is_started());
    EXPECT_TRUE(health.is_ready()) << "by default a dependency keeps nobody away";
}

struct counting_waker final : waker {
    void wake() noexcept override { ++woken; }
    unsigned woken = 0;
};

TEST_F(health_monitor_test, the_last_task_of_startup_is_told_when_it_is_done) {
    counting_waker runner;
    health.wakes(&runner);
    const auto cache = health.startup_task("cache is warm");
    const auto schema = health.startup_task("schema is there");
    turn();
    cache->done();
    EXPECT_THAT(heard.names(), IsEmpty());
    schema->done();
    EXPECT_THAT(heard.names(), ElementsAre("readiness_changed"));
    EXPECT_EQ(heard.last("readiness_changed").field("is_ready"), "true");
    EXPECT_EQ(runner.woken, 2U);
    schema->done();
    EXPECT_THAT(heard.names(), SizeIs(1)) << "once";
    health.wakes(nullptr);
}

TEST_F(health_monitor_test, a_task_may_outlive_the_monitor) {
    std::shared_ptr<startup_task> warm;
    {
        health_monitor gone{{}, time};
        warm = gone.startup_task("cache is warm");
    }
    warm->done();
    EXPECT_TRUE(warm->is_done());
}

TEST_F(health_monitor_test, a_check_that_kept_it_away_is_removed_and_that_is_told) {
    counting_waker runner;
    health.check({.name = "disk", .readiness = readiness_effect::own}, [] { return false; });
    turn();
    ASSERT_FALSE(health.is_ready());
    health.wakes(&runner);
    EXPECT_FALSE(health.remove("disc"));
    EXPECT_EQ(runner.woken, 0U);
    EXPECT_TRUE(health.remove("disk"));
    EXPECT_EQ(runner.woken, 1U);
    EXPECT_EQ(heard.count("readiness_changed"), 1U);
    EXPECT_EQ(heard.last("readiness_changed").field("is_ready"), "true");
    health.wakes(nullptr);
}

TEST_F(health_monitor_test, while_it_starts_it_is_looked_at_each_second) {
    EXPECT_EQ(health.next_due(), never);
    health_monitor slow{{}, time};
    const auto warm = slow.startup_task("cache is warm");
    EXPECT_EQ(slow.next_due(), time.in(1s));
    warm->done();
    EXPECT_EQ(slow.next_due(), never);
}

TEST_F(health_monitor_test, what_is_the_replicas_own_takes_it_away_and_back) {
    bool works = true;
    health.check({.name = "disk", .jitter = 0, .readiness = readiness_effect::own}, [&] { return works; });
    EXPECT_FALSE(health.is_ready()) << "nobody has looked";
    turn();
    EXPECT_TRUE(health.is_ready());
    works = false;
    pass(10s);
    EXPECT_TRUE(health.is_ready()) << "once is no row";
    pass(10s);
    EXPECT_FALSE(health.is_ready());
    EXPECT_EQ(heard.last("readiness_changed").field("because"), "disk");
    works = true;
    pass(20s);
    EXPECT_TRUE(health.is_ready());
}

TEST_F(health_monitor_test, what_drains_is_not_ready_and_alive) {
    turn();
    ASSERT_TRUE(health.is_ready());
    EXPECT_EQ(health.drain(), time.in(10s));
    EXPECT_FALSE(health.is_ready());
    EXPECT_TRUE(health.is_draining());
    EXPECT_TRUE(health.is_live());
    EXPECT_TRUE(health.is_started());
    time.pass(3s);
    EXPECT_EQ(health.drain(), time.in(7s)) << "it does not begin anew";
    EXPECT_THAT(health.report().not_ready_because, ElementsAre("it drains"));
    EXPECT_EQ(heard.lines_of("shop"),
              (std::vector<std::string>{"shop readiness_changed because= is_ready=true",
                                        "shop readiness_changed because=it drains is_ready=false"}));
}

// ---- policies ----

TEST_F(health_monitor_test, policies_and_pipelines_contribute_by_themselves) {
    circuit_breaker stock{{.name = "stock", .window = breaker_window::consecutive, .consecutive_failures = 1}};
    pipeline guarded{retry{{.max_attempts = 1}}, ref(stock)};
    health.watch(stock);
    health.watch("inventory", guarded);
    turn();
    EXPECT_EQ(health.report().status, healthy);
    (void)time.run(guarded, []() -> int { throw std::runtime_error{"down"}; });
    pass(1s);
    EXPECT_EQ(of("stock").status, degraded);
    EXPECT_EQ(of("inventory").status, degraded);
    EXPECT_THAT(of("inventory").what_to_do, HasSubstr("Look at the dependency"));
    EXPECT_EQ(health.report().status, degraded) << "never more than that";
    EXPECT_TRUE(health.is_ready());
}

TEST_F(health_monitor_test, what_is_watched_is_degraded_at_worst_also_where_it_cannot_be_asked) {
    health.watch_by("odd", [](instant, gauge_visitor&) { throw std::runtime_error{"no gauges today"}; });
    turn();
    EXPECT_EQ(of("odd").status, degraded);
    EXPECT_EQ(of("odd").detail, "its gauges cannot be read: no gauges today");
    EXPECT_EQ(health.report().status, degraded);
}

TEST_F(health_monitor_test, what_is_watched_is_degraded_at_worst_also_where_nobody_looks) {
    health.watch_by("stock", [](instant, gauge_visitor&) {});
    EXPECT_EQ(of("stock").status, degraded) << "it has not run yet";
    EXPECT_EQ(health.report().status, degraded);
    turn();
    EXPECT_EQ(health.report().status, healthy);
    time.pass(1h);
    EXPECT_EQ(of("stock").detail, "its latest result is too old");
    EXPECT_EQ(health.report().status, degraded);
}

TEST_F(health_monitor_test, what_is_watched_is_degraded_at_worst_also_where_looking_hangs) {
    health.watch_by("stock", [](instant, gauge_visitor&) {});
    auto due = health.take_due();
    (void)due.front().begin();
    for (int i = 0; i < 3; ++i) {
        time.pass(5s);
        EXPECT_THAT(health.take_due(), IsEmpty());
        EXPECT_EQ(of("stock").status, degraded);
        EXPECT_EQ(health.report().status, degraded);
    }
    EXPECT_EQ(heard.last("health_worsened").field("to"), "degraded");
    due.front().end(check_result::ok());
    time.pass(1s);
    turn();
    EXPECT_EQ(health.report().status, healthy);
}

// ---- who is told ----

TEST_F(health_monitor_test, a_listener_hears_of_changes_and_of_nothing_else) {
    bool works = true;
    health.check({.name = "db", .jitter = 0, .what_to_do = "look"}, [&] { return works; });
    pass(1min);
    EXPECT_EQ(heard.count("health_improved"), 1U);
    works = false;
    pass(1min);
    EXPECT_EQ(heard.count("health_worsened"), 1U);
    EXPECT_EQ(heard.last("health_worsened").field("detail"), "it says no");
    EXPECT_EQ(heard.last("health_worsened").field("what_to_do"), "look");
    works = true;
    pass(1min);
    EXPECT_EQ(heard.last("health_improved").field("to"), "healthy");
    EXPECT_EQ(heard.last("health_improved").field("after"), "1min");
}

struct throwing_listener final : listener {
    void on_event(const event&) override { throw std::runtime_error{"no"}; }
};

TEST_F(health_monitor_test, a_listener_may_throw) {
    throwing_listener throws;
    health.tell(throws);
    health.check({.name = "db"}, [] { return false; });
    EXPECT_EQ(turn(), 1U);
    EXPECT_EQ(of("db").status, unhealthy);
}

TEST_F(health_monitor_test, T91_a_listener_may_ask_how_it_is) {
    struct asks final : listener {
        explicit asks(health_monitor& which) : asked{which} {}
        void on_event(const event&) override { seen = asked.report().status; }
        health_monitor& asked;
        health_status seen = healthy;
    } asking{health};
    health.tell(asking);
    health.check({.name = "db"}, [] { return false; });
    turn();
    EXPECT_EQ(asking.seen, unhealthy);
}

TEST_F(health_monitor_test, a_registry_reads_what_it_is_like) {
    metric_registry metrics;
    const auto watched = metrics.watch(health);
    health.check({.name = "db"}, [] { return check_result::degraded("slow"); });
    turn();
    health.drain();
    const auto read = metrics.read(time.present());
    EXPECT_EQ(metric_value(read, metrics::health, {.layer = "shop", .detail = "db"}), 0.5);
    EXPECT_EQ(metric_value(read, metrics::health_probe, {.layer = "shop", .detail = "live"}), 1);
    EXPECT_EQ(metric_value(read, metrics::health_probe, {.layer = "shop", .detail = "ready"}), 0);
}

// ---- options ----

std::string refused(check_options options) {
    testing::virtual_time time;
    health_monitor health{{}, time};
    try {
        health.check(std::move(options), [] {});
        return {};
    } catch (const invalid_options& e) {
        return e.what();
    }
}

TEST(health_options, what_is_out_of_range_is_refused) {
    EXPECT_THAT(refused({.name = ""}), HasSubstr("name is empty"));
    EXPECT_THAT(refused({.timeout = 0s}), HasSubstr("timeout is 0s, allowed is from 1ms to 10m"));
    EXPECT_THAT(refused({.period = 1ms}), HasSubstr("period is 1ms"));
    EXPECT_THAT(refused({.jitter = 1}), HasSubstr("jitter is 1"));
    EXPECT_THAT(refused({.worse_after = 0}), HasSubstr("worse_after is 0"));
    EXPECT_THAT(refused({.better_after = 0}), HasSubstr("better_after is 0"));
    EXPECT_THAT(refused({.stale_after = 14s}), HasSubstr("at least period and timeout together"));
    EXPECT_THAT(refused({.unready_spread = -1s}), HasSubstr("unready_spread is -1s"));
    EXPECT_EQ(refused({}), "");
    EXPECT_THROW(health_monitor{{.drain_for = -1s}}, invalid_options);
}

TEST_F(health_monitor_test, a_name_that_is_taken_is_refused) {
    health.check({.name = "db"}, [] {});
    EXPECT_THROW(health.check({.name = "db"}, [] {}), invalid_options);
    const auto beats = health.heartbeat({.name = "loop"});
    EXPECT_THROW((void)health.heartbeat({.name = "loop"}), invalid_options);
    circuit_breaker stock{{.name = "db"}};
    EXPECT_THROW(health.watch(stock), invalid_options);
    EXPECT_THROW(health.watch("other", stock, {.period = 0s}), invalid_options);
}

}  // namespace
}  // namespace cutwater
