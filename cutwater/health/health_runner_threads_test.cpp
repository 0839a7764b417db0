#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "cutwater/health/health_json.hpp"
#include "cutwater/health/health_runner.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;

/// Waits for what other threads do; a test that would wait for ever ends by its own time limit.
void until(const auto& holds) {
    while (!holds()) std::this_thread::yield();
}

const check_report& named(const health_report& report, std::string_view check) {
    for (const check_report& each : report.checks)
        if (each.name == check) return each;
    throw std::out_of_range{std::string{check}};
}
health_status status_of(const health_monitor& health, std::string_view check) {
    return named(health.report(), check).status;
}

TEST(health_runner_threads, checks_run_by_themselves_again_and_again) {
    std::atomic<int> ran{0};
    health_monitor health;
    health_runner runner{health};
    health.check({.name = "later", .period = 10ms}, [&] { ++ran; });
    until([&] { return ran >= 5; });
    EXPECT_EQ(health.report().status, health_status::healthy);
}

TEST(health_runner_threads, checks_run_beside_each_other) {
    std::atomic<unsigned> here{0};
    health_monitor health;
    for (const char* each : {"a", "b", "c", "d"})
        health.check({.name = each}, [&] {
            ++here;
            until([&] { return here >= 4; });
        });
    health_runner runner{health, {.threads = 4}};
    until([&] { return health.report().status == health_status::healthy; });
}

TEST(health_runner_threads, one_that_hangs_holds_up_no_other) {
    std::atomic<int> others{0};
    std::atomic<int> hanging{0};
    std::latch end{1};
    testing::event_recorder heard;
    health_monitor health;
    health.tell(heard);
    health.check({.name = "hangs", .timeout = 10ms, .period = 10ms}, [&] {
        ++hanging;
        end.wait();
    });
    health.check({.name = "others", .period = 10ms}, [&] { ++others; });
    health_runner runner{health, {.threads = 2}};
    until([&] { return named(health.report(), "hangs").hangs; });
    const int before = others;
    until([&] { return others > before + 5; });
    EXPECT_EQ(hanging, 1);
    EXPECT_EQ(status_of(health, "hangs"), health_status::unhealthy);
    EXPECT_EQ(status_of(health, "others"), health_status::healthy);
    end.count_down();
    until([&] { return hanging > 1; });
    until([&] { return status_of(health, "hangs") == health_status::healthy; });
    EXPECT_GE(heard.count("health_check_hung"), 1U);
    EXPECT_GE(heard.count("health_check_returned"), 1U);
}

TEST(health_runner_threads, where_all_threads_hang_the_others_are_told_that_there_is_none) {
    std::latch end{1};
    health_monitor health;
    health.check({.name = "hangs", .timeout = 10ms, .period = 10ms}, [&] { end.wait(); });
    health_runner runner{health, {.threads = 1}};
    until([&] { return named(health.report(), "hangs").hangs; });
    health.check({.name = "starves", .timeout = 10ms, .period = 10ms}, [] {});
    until([&] { return named(health.report(), "starves").hangs; });
    EXPECT_THAT(health_json(health.report(), health_detail::full), HasSubstr("no thread was free"));
    end.count_down();
    until([&] { return status_of(health, "starves") == health_status::healthy; });
}

TEST(health_runner_threads, what_decides_who_is_ready_waits_for_no_thread_that_others_hang_on) {
    std::latch end{1};
    std::atomic<int> hanging{0};
    std::atomic<int> disk{0};
    health_monitor health;
    const auto hang = [&] {
        ++hanging;
        end.wait();
    };
    for (const char* const each : {"a", "b", "c", "d"}) health.check({.name = each, .timeout = 10ms}, hang);
    health.check({.name = "queue", .timeout = 10ms, .readiness = readiness_effect::shared}, hang);
    health_runner runner{health, {.threads = 4}};
    until([&] { return hanging == 5; });
    health.check({.name = "disk", .period = 10ms, .readiness = readiness_effect::own}, [&] { ++disk; });
    health.check({.name = "schema", .period = 10ms, .startup = startup_effect::waits}, [] {});
    until([&] { return health.is_ready(); });
    const int before = disk;
    until([&] { return disk > before + 5; });
    EXPECT_EQ(status_of(health, "disk"), health_status::healthy);
    end.count_down();
}

TEST(health_runner_threads, what_runs_is_asked_to_stop_when_the_runner_goes) {
    std::latch begun{1};
    health_monitor health;
    {
        health_runner runner{health};
        health.check({.name = "obeys", .timeout = 10min, .period = 24h}, [&](const check_run& run) {
            begun.count_down();
            until([&] { return run.stop_token.stop_requested(); });
        });
        begun.wait();
    }
    EXPECT_EQ(health.take_due().size(), 0U) << "it has ended, and is due only after its period";
}

TEST(health_runner_threads, readers_writers_and_checks_do_not_disturb_each_other) {
    std::atomic<bool> stop{false};
    std::atomic<int> asked{0};
    health_monitor health;
    const auto beats = health.heartbeat({.name = "loop"});
    health_runner runner{health, {.threads = 2}};
    for (const char* each : {"a", "b", "c"})
        health.check({.name = each, .timeout = 1ms, .period = 10ms}, [&] { return ++asked % 3 != 0; });
    std::vector<std::jthread> all;
    for (int i = 0; i < 2; ++i)
        all.emplace_back([&] {
            while (!stop) {
                (void)health_json(health.report(), health_detail::full);
                (void)health.is_ready();
            }
        });
    all.emplace_back([&] {
        while (!stop) {
            beats->beat();
            health.refresh();
            health.check({.name = "comes and goes"}, [] {});
            (void)health.remove("comes and goes");
            std::this_thread::yield();
        }
    });
    until([&] { return asked > 200; });
    health.drain();
    stop = true;
    all.clear();
    EXPECT_FALSE(health.is_ready());
    EXPECT_TRUE(health.is_live());
    EXPECT_EQ(health.report().checks.size(), 3U);
}

TEST(health_runner_threads, it_can_be_stopped_from_several_threads_at_once) {
    for (int i = 0; i < 50; ++i) {
        std::atomic<int> inside{0};
        health_monitor health;
        health_runner runner{health, {.threads = 2}};
        health.check({.name = "asks", .period = 10ms}, [&] {
            ++inside;
            std::this_thread::yield();
            --inside;
        });
        std::latch all_here{3};
        std::vector<std::jthread> all;
        for (int each = 0; each < 3; ++each)
            all.emplace_back([&] {
                all_here.arrive_and_wait();
                runner.stop();
                EXPECT_EQ(inside, 0) << "who stops has waited, though another was first";
            });
    }
}

TEST(health_runner_threads, it_can_be_stopped_twice_and_followed_by_another) {
    std::atomic<int> ran{0};
    health_monitor health;
    health.check({.name = "asks", .period = 10ms}, [&] { ++ran; });
    {
        health_runner first{health};
        until([&] { return ran > 0; });
        first.stop();
        first.stop();
    }
    const int before = ran;
    const health_runner second{health};
    until([&] { return ran > before; });
    EXPECT_THROW(health_runner(health, {.threads = 0}), invalid_options);
}

}  // namespace
}  // namespace cutwater
