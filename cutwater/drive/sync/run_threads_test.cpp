// The blocking driver among real threads: nobody sleeps on time here, everybody waits for somebody.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::fails_with;
using testing::has_value;
using testing::spoken_by;

/// Looks until it holds: for another thread, not for time.
template <class Condition>
void until(Condition&& holds) {
    while (!holds()) std::this_thread::yield();
}

/// How many are inside at once, and whether that was ever too many.
class room {
public:
    explicit room(int limit) : limit_{limit} {}
    void pass() {
        if (inside_.fetch_add(1) >= limit_) broken_ = true;
        std::this_thread::yield();
        inside_.fetch_sub(1);
    }
    [[nodiscard]] bool is_intact() const { return !broken_; }

private:
    int limit_;
    std::atomic<int> inside_{0};
    std::atomic<bool> broken_{false};
};

bulkhead_options queue_for(unsigned permits) {
    return {.name = "narrow", .max_concurrent = permits, .max_queue = 1000, .max_wait = 24h};
}

TEST(run_blocking, threads_that_share_a_bulkhead_queue_and_all_get_through) {
    constexpr int threads = 6;
    constexpr int calls = 200;
    bulkhead narrow{queue_for(2)};
    room inside{2};
    std::atomic<int> through{0};
    std::latch all_there{threads};
    {
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i)
            running.emplace_back([&] {
                pipeline guarded{ref(narrow)};
                all_there.arrive_and_wait();
                for (int n = 0; n < calls; ++n) through += guarded.run([&] { inside.pass(); }) ? 1 : 0;
            });
    }
    EXPECT_EQ(through, threads * calls);
    EXPECT_TRUE(inside.is_intact());
    EXPECT_EQ(narrow.in_use(), 0U);
    EXPECT_EQ(narrow.queued(), 0U);
}

TEST(run_blocking, T43_threads_that_queue_and_cancel_leave_nothing_behind) {
    constexpr int threads = 4;
    constexpr int calls = 150;
    bulkhead narrow{queue_for(1)};
    room inside{1};
    std::atomic<int> through{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> other{0};
    {
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i)
            running.emplace_back([&] {
                pipeline guarded{ref(narrow)};
                for (int n = 0; n < calls; ++n) {
                    std::stop_source caller;
                    const std::jthread cancels{[&caller] { caller.request_stop(); }};
                    const auto result = guarded.run({.stop = caller.get_token()}, [&] { inside.pass(); });
                    if (result)
                        ++through;
                    else if (result.error().code() == errc::cancelled)
                        ++cancelled;
                    else
                        ++other;
                }
            });
    }
    EXPECT_EQ(through + cancelled, threads * calls);
    EXPECT_EQ(other, 0);
    EXPECT_TRUE(inside.is_intact());
    EXPECT_EQ(narrow.in_use(), 0U);
    EXPECT_EQ(narrow.queued(), 0U);
}

TEST(run_blocking, a_place_in_a_queue_ends_when_another_thread_cancels) {
    bulkhead narrow{queue_for(1)};
    std::latch may_leave{1};
    std::jthread holds{[&] {
        pipeline guarded{ref(narrow)};
        (void)guarded.run([&] { may_leave.wait(); });
    }};
    until([&] { return narrow.in_use() == 1; });
    std::stop_source caller;
    const std::jthread cancels{[&] {
        until([&] { return narrow.queued() == 1; });
        caller.request_stop();
    }};
    pipeline guarded{ref(narrow)};
    EXPECT_THAT(guarded.run({.stop = caller.get_token()}, [] {}),
                AllOf(fails_with(errc::cancelled), spoken_by("narrow")));
    EXPECT_EQ(narrow.queued(), 0U);
    may_leave.count_down();
}

TEST(run_blocking, T72_a_sleep_ends_when_another_thread_cancels) {
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 24h, .max_delay = 24h, .jitter = jitter::none}}};
    std::stop_source caller;
    std::latch failed_once{1};
    const std::jthread cancels{[&] {
        failed_once.wait();
        caller.request_stop();
    }};
    const auto result = guarded.run({.stop = caller.get_token()}, [&]() -> std::expected<int, std::errc> {
        failed_once.count_down();
        return std::unexpected{std::errc::connection_reset};
    });
    EXPECT_THAT(result, fails_with(errc::cancelled));
}

TEST(run_blocking, one_pipeline_serves_many_threads) {
    constexpr int threads = 4;
    pipeline guarded{timeout{24h}, retry{{.base_delay = 0s, .min_delay = 1ns}}, circuit_breaker{},
                     bulkhead{{.max_concurrent = threads}}, timeout{24h}};
    any_pipeline<int> chosen{timeout{24h}, retry{{.base_delay = 0s, .min_delay = 1ns}}, circuit_breaker{},
                             bulkhead{{.max_concurrent = threads}}};
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i)
            running.emplace_back([&, i] {
                for (int n = 0; n < 200; ++n) {
                    right += guarded.run([i] { return i; }) == i ? 1 : 0;
                    right += chosen.run([i] { return i; }) == i ? 1 : 0;
                }
            });
    }
    EXPECT_EQ(right, threads * 400);
}

// ---- in virtual time ----

TEST(run_blocking, what_the_attempt_is_told_it_can_hand_on) {
    testing::virtual_time time;
    pipeline guarded{timeout{100ms}};
    std::stop_source caller;
    const auto result = time.run(guarded, {.operation = "get", .stop = caller.get_token()}, [&](attempt& a) {
        EXPECT_EQ(a.remaining(), 100ms);
        EXPECT_EQ(a.deadline(), time.in(100ms));
        EXPECT_EQ(a.operation(), name{"get"});
        caller.request_stop();
        return a.stop_requested();
    });
    EXPECT_THAT(result, has_value(true)) << "T42: what is done is done, whoever has cancelled";
}

TEST(run_blocking, T42_a_value_that_comes_late_is_the_value) {
    testing::virtual_time time;
    pipeline guarded{timeout{100ms}};
    EXPECT_THAT(time.run(guarded, [&] { return time.pass(1h), 7; }), has_value(7));
}

TEST(run_blocking, a_failure_at_the_deadline_is_the_timeouts_where_it_is_about_time) {
    testing::virtual_time time;
    pipeline guarded{timeout{100ms}};
    const auto fails = [&](std::errc how) {
        return time.run(guarded, [&]() -> std::expected<int, std::errc> {
            time.pass(100ms);
            return std::unexpected{how};
        });
    };
    EXPECT_THAT(fails(std::errc::timed_out), AllOf(fails_with(errc::timed_out), spoken_by("timeout")));
    EXPECT_THAT(fails(std::errc::operation_canceled), AllOf(fails_with(errc::timed_out), spoken_by("timeout")));
    EXPECT_THAT(fails(std::errc::connection_reset), AllOf(fails_with(std::errc::connection_reset), spoken_by("")));
}

TEST(run_blocking, T42_a_failure_before_the_deadline_is_its_own) {
    testing::virtual_time time;
    pipeline guarded{timeout{100ms}};
    const auto early = time.run(guarded, [&]() -> std::expected<int, std::errc> {
        time.pass(99ms);
        return std::unexpected{std::errc::timed_out};
    });
    EXPECT_THAT(early, AllOf(fails_with(std::errc::timed_out), spoken_by("")));
}

TEST(run_blocking, the_cause_of_a_timeout_is_kept) {
    testing::virtual_time time;
    pipeline guarded{timeout{100ms}};
    const auto late = time.run(guarded, [&]() -> int {
        time.pass(100ms);
        throw std::system_error{std::make_error_code(std::errc::timed_out), "read"};
    });
    EXPECT_THAT(late, fails_with(errc::timed_out));
    EXPECT_THROW(late.error().raise(), std::system_error);
}

}  // namespace
}  // namespace cutwater
