// A work queue on threads of its own: what must always hold is held under load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/race.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using testing::fails_with;
using testing::has_value;
using enum queue_overflow;

constexpr auto seven = [] { return 7; };

/// Something that a task waits for, so that its worker is busy until the test says.
struct gatekeeper {
    std::latch begun{1};
    std::latch may_end{1};
    int operator()() {
        begun.count_down();
        may_end.wait();
        return 7;
    }
};
auto waits_for(gatekeeper& g) {
    return [&g] { return g(); };
}

TEST(work_queue_threads, a_task_runs_on_a_worker_and_so_is_its_end_told) {
    work_queue queue{{.workers = 1}};
    pipeline guarded{timeout{1h}};
    std::thread::id ran_on;
    std::thread::id told_on;
    ASSERT_TRUE(queue.post(
        ref(guarded), [&] { ran_on = std::this_thread::get_id(); },
        [&](const result<void>&) { told_on = std::this_thread::get_id(); }));
    EXPECT_EQ(queue.drain(), 0U);
    EXPECT_EQ(ran_on, told_on);
    EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(work_queue_threads, who_comes_for_the_result_later_finds_it) {
    work_queue queue;
    pipeline guarded{timeout{1h}};
    auto later = queue.submit(ref(guarded), seven);
    ASSERT_TRUE(later);
    EXPECT_THAT(later->get(), has_value(7));
    auto throws = queue.submit({.operation = "get"}, ref(guarded), []() -> int { throw std::runtime_error{"boom"}; });
    EXPECT_EQ(throws->get().error().message(), "get: boom");
    queue.stop();
    EXPECT_THAT(queue.submit(ref(guarded), seven), fails_with(errc::queue_closed));
}

TEST(work_queue_threads, as_many_run_at_once_as_there_are_workers) {
    constexpr unsigned workers = 3;
    work_queue queue{{.workers = workers}};
    pipeline guarded{timeout{1h}};
    std::latch all_run{workers};
    for (unsigned i = 0; i < workers; ++i) ASSERT_TRUE(queue.post(ref(guarded), [&] { all_run.arrive_and_wait(); }));
    EXPECT_EQ(queue.drain(), 0U) << "each waits for the others";
}

TEST(work_queue_threads, S86_retries_leave_their_worker_to_others_and_come_back) {
    work_queue queue{{.workers = 1, .max_length = 2}};
    pipeline retries{retry{{.max_attempts = 3, .base_delay = 1us, .max_delay = 1us, .min_delay = 1us}}};
    std::atomic<unsigned> sent{0};
    std::atomic<unsigned> given{0};
    const auto fails_twice = [&](attempt& a) -> std::expected<int, std::errc> {
        ++sent;
        if (a.number() < 3) return std::unexpected{std::errc::connection_reset};
        return 7;
    };
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(queue.post(ref(retries), fails_twice, [&](const result<int>& r) { given += r ? 1 : 0; }));
    EXPECT_EQ(queue.drain(), 0U);
    EXPECT_EQ(sent, 6U);
    EXPECT_EQ(given, 2U);
}

TEST(work_queue_threads, a_full_queue_refuses_at_once) {
    work_queue queue{{.name = "orders", .workers = 1, .max_length = 1}};
    pipeline guarded{timeout{1h}};
    gatekeeper busy;
    ASSERT_TRUE(queue.post(ref(guarded), waits_for(busy)));
    const auto refused = queue.post({.operation = "charge"}, ref(guarded), seven);
    EXPECT_EQ(refused.error().message(), "orders: charge: the queue is full");
    busy.may_end.count_down();
    EXPECT_EQ(queue.drain(), 0U);
}

TEST(work_queue_threads, S125_many_who_wait_for_a_place_all_get_one) {
    constexpr unsigned posters = 4;
    constexpr unsigned each = 200;
    work_queue queue{{.workers = 2, .max_length = 2, .when_full = block, .max_wait = 24h}};
    pipeline guarded{timeout{1h}};
    std::atomic<unsigned> ran{0};
    std::atomic<bool> exceeded{false};
    std::atomic<unsigned> refused{0};
    testing::race(
        posters, 1, [](unsigned) {},
        [&](unsigned, unsigned) {
            for (unsigned i = 0; i < each; ++i) {
                if (!queue.post(ref(guarded), [&] { ++ran; })) ++refused;
                if (queue.held() > 2) exceeded = true;
            }
        });
    EXPECT_EQ(queue.drain(), 0U);
    // as many may wait as there are places: the others are refused
    EXPECT_EQ(ran + refused, posters * each);
    EXPECT_FALSE(exceeded);
}

TEST(work_queue_threads, T46_a_task_that_is_cancelled_in_the_queue_never_runs) {
    work_queue queue{{.workers = 1}};
    pipeline guarded{timeout{1h}};
    gatekeeper busy;
    ASSERT_TRUE(queue.post(ref(guarded), waits_for(busy)));
    std::stop_source caller;
    bool ran = false;
    std::error_code told;
    ASSERT_TRUE(queue.post(
        {.stop = caller.get_token()}, ref(guarded), [&] { ran = true; },
        [&](const result<void>& r) { told = r.error().code(); }));
    caller.request_stop();
    busy.may_end.count_down();
    EXPECT_EQ(queue.drain(), 0U);
    EXPECT_FALSE(ran);
    EXPECT_EQ(told, errc::withdrawn);
}

TEST(work_queue_threads, its_destructor_tells_the_end_of_everything_once) {
    std::atomic<unsigned> cancelled{0};
    std::atomic<unsigned> unbegun{0};
    std::atomic<unsigned> other{0};
    const auto counts = [&](const result<int>& r) {
        const std::error_code why = r ? std::error_code{} : r.error().code();
        (why == errc::cancelled ? cancelled : why == errc::queue_closed ? unbegun : other) += 1;
    };
    pipeline guarded{retry{{.base_delay = 1h, .max_delay = 1h, .jitter = jitter::none}}};
    gatekeeper busy;
    {
        work_queue queue{{.workers = 1}};
        const auto fails = [&]() -> std::expected<int, std::errc> {
            return std::unexpected{std::errc::connection_reset};
        };
        ASSERT_TRUE(queue.post(ref(guarded), fails, counts));
        ASSERT_TRUE(queue.post(
            ref(guarded),
            [&](attempt& a) {
                busy.begun.count_down();
                while (!a.stop_requested()) std::this_thread::yield();
                throw std::runtime_error{"stopped"};
                return 7;
            },
            counts));
        for (int i = 0; i < 5; ++i) ASSERT_TRUE(queue.post(ref(guarded), seven, counts));
        busy.begun.wait();
        EXPECT_EQ(queue.running(), 1U);
        EXPECT_EQ(queue.waiting(), 5U);
        EXPECT_EQ(queue.held(), 7U);
    }
    EXPECT_EQ(cancelled, 2U);
    EXPECT_EQ(unbegun, 5U);
    EXPECT_EQ(other, 0U);
}

TEST(work_queue_threads, a_drain_that_takes_too_long_says_how_many_are_left) {
    testing::event_recorder heard;
    work_queue queue{{.workers = 1}, heard};
    pipeline guarded{timeout{1h}};
    gatekeeper busy;
    ASSERT_TRUE(queue.post(ref(guarded), waits_for(busy)));
    ASSERT_TRUE(queue.post(ref(guarded), seven));
    EXPECT_EQ(queue.drain(1ns), 2U);
    EXPECT_THAT(queue.post(ref(guarded), seven), fails_with(errc::queue_closed));
    EXPECT_EQ(heard.last("work_queue_drained").field("left"), "2");
    busy.may_end.count_down();
    EXPECT_EQ(queue.drain(), 0U) << "and may be asked again";
}

TEST(work_queue_threads, a_drain_waits_for_an_end_that_is_being_told_where_another_was_posted) {
    work_queue queue{{.workers = 1, .max_length = 2, .when_full = drop_oldest}};
    pipeline guarded{timeout{1h}};
    gatekeeper busy;
    gatekeeper is_told;
    ASSERT_TRUE(queue.post(ref(guarded), waits_for(busy)));
    busy.begun.wait();
    ASSERT_TRUE(queue.post(ref(guarded), seven, [&](const result<int>&) { is_told(); }));
    {
        const std::jthread posts{[&] { EXPECT_TRUE(queue.post(ref(guarded), seven)); }};
        is_told.begun.wait();
        busy.may_end.count_down();
        while (queue.held() > 0) std::this_thread::yield();
        EXPECT_EQ(queue.drain(1ns), 1U);
        is_told.may_end.count_down();
        EXPECT_EQ(queue.drain(), 0U);
    }
}

TEST(work_queue_threads, a_place_is_free_as_soon_as_nothing_is_held) {
    work_queue queue{{.workers = 1, .max_length = 1}};
    pipeline guarded{timeout{1h}};
    for (int i = 0; i < 2000; ++i) {
        ASSERT_TRUE(queue.post(ref(guarded), seven)) << i;
        while (queue.held() > 0) std::this_thread::yield();
    }
}

TEST(work_queue_threads, several_may_drain_at_once) {
    work_queue queue{{.workers = 2}};
    pipeline guarded{timeout{1h}};
    gatekeeper busy;
    ASSERT_TRUE(queue.post(ref(guarded), waits_for(busy)));
    std::atomic<unsigned> left{0};
    {
        const std::jthread first{[&] { left += queue.drain(); }};
        const std::jthread second{[&] { left += queue.drain(); }};
        busy.may_end.count_down();
    }
    EXPECT_EQ(left, 0U);
}

TEST(work_queue_threads, a_queue_may_be_destroyed_by_the_last_task_that_runs_on_it) {
    std::promise<void> gone;
    auto is_gone = gone.get_future();
    auto queue = std::make_shared<work_queue>(work_queue_options{.workers = 2});
    std::latch owned{1};
    work_queue& lent = *queue;
    ASSERT_TRUE(lent.post(pipeline{timeout{1h}}, [&owned, owner = std::move(queue), &gone]() mutable {
        owned.wait();
        owner.reset();
        gone.set_value();
    }));
    owned.count_down();
    is_gone.wait();
}

TEST(work_queue_threads, tasks_that_wait_for_one_gate_pass_it_one_by_one_and_free_their_workers) {
    constexpr unsigned tasks = 300;
    bulkhead narrow{{.max_concurrent = 1, .max_queue = tasks, .max_wait = 24h}};
    work_queue queue{{.workers = 3, .max_length = tasks}};
    pipeline guarded{ref(narrow)};
    std::atomic<unsigned> inside{0};
    std::atomic<bool> exceeded{false};
    std::atomic<unsigned> through{0};
    for (unsigned i = 0; i < tasks; ++i)
        ASSERT_TRUE(queue.post(
            ref(guarded),
            [&] {
                if (++inside > 1) exceeded = true;
                std::this_thread::yield();
                --inside;
            },
            [&](const result<void>& r) { through += r ? 1 : 0; }));
    EXPECT_EQ(queue.drain(), 0U);
    EXPECT_EQ(through, tasks);
    EXPECT_FALSE(exceeded);
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST(work_queue_threads, a_pool_inside_lets_a_worker_go_from_what_is_stuck) {
    gatekeeper stuck;  // first: the pool waits for it, and goes before
    worker_pool legacy{{.threads = 1}};
    pipeline guarded{ref(legacy)};
    work_queue queue{{.workers = 1}};
    std::stop_source caller;
    auto later = queue.submit({.stop = caller.get_token()}, ref(guarded), waits_for(stuck));
    ASSERT_TRUE(later);
    stuck.begun.wait();
    caller.request_stop();
    EXPECT_THAT(later->get(), fails_with(errc::cancelled));
    EXPECT_EQ(legacy.orphans(), 1U);
    stuck.may_end.count_down();
}

TEST(work_queue_threads, who_watches_the_time_hands_that_on_before_it_is_busy) {
    work_queue queue{{.workers = 2}};
    pipeline retries{retry{{.max_attempts = 2, .base_delay = 5ms, .jitter = jitter::none}}};
    pipeline guarded{timeout{1h}};
    const auto fails = []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::connection_reset}; };
    for (int round = 0; round < 20; ++round) {
        gatekeeper busy;
        std::latch has_ended{1};
        ASSERT_TRUE(queue.post(ref(retries), fails, [&](const result<int>&) { has_ended.count_down(); }));
        while (queue.waiting() + queue.running() > 0) std::this_thread::yield();  // it has paused
        auto quick = queue.submit(ref(guarded), seven);  // whoever does it sleeps after the one who watches
        ASSERT_TRUE(quick);
        quick->wait();
        while (queue.running() > 0) std::this_thread::yield();
        auto other = queue.submit(ref(guarded), waits_for(busy));
        ASSERT_TRUE(other);
        has_ended.wait();
        busy.may_end.count_down();
        other->wait();
    }
}

/// One task of a round, and what became of it.
struct fate {
    bool was_taken = false;
    std::atomic<unsigned> ends{0};
    std::stop_source caller;
};

void play_round(queue_overflow when_full, std::uint64_t seed) {
    constexpr unsigned posters = 3;
    constexpr unsigned each = 60;
    std::deque<fate> all(std::size_t{posters} * each);
    std::atomic<bool> exceeded{false};
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 4, .max_wait = 1ms}};
    pipeline guarded{ref(narrow), retry{{.max_attempts = 3, .base_delay = 1us, .max_delay = 20us, .min_delay = 1us}}};
    {
        work_queue queue{{.workers = 2, .max_length = 5, .when_full = when_full, .max_wait = 1ms}};
        testing::race(
            posters, 1, [](unsigned) {},
            [&](unsigned thread, unsigned) {
                random_source dice{seed * 100 + thread};
                for (unsigned i = 0; i < each; ++i) {
                    fate& one = all[thread * each + i];
                    const bool fails = dice() % 3 == 0;
                    const call_options said{.stop = dice() % 2 == 0 ? one.caller.get_token() : std::stop_token{},
                                            .importance = static_cast<criticality>(dice() % 4)};
                    one.was_taken = queue
                                        .post(
                                            said, ref(guarded),
                                            [fails]() -> std::expected<int, std::errc> {
                                                std::this_thread::yield();
                                                if (fails) return std::unexpected{std::errc::connection_reset};
                                                return 7;
                                            },
                                            [&one](const result<int>&) { ++one.ends; })
                                        .has_value();
                    if (queue.held() > 5) exceeded = true;
                    all[thread * each + dice() % (i + 1)].caller.request_stop();
                    if (thread == 0 && i + 1 == each && seed % 3 == 0) queue.stop();
                }
            });
        if (seed % 2 == 0) {
            EXPECT_EQ(queue.drain(), 0U);
        }
    }
    for (const fate& one : all) EXPECT_EQ(one.ends, one.was_taken ? 1U : 0U);
    EXPECT_FALSE(exceeded);
    EXPECT_EQ(narrow.in_use(), 0U);
    EXPECT_EQ(narrow.queued(), 0U);
}

TEST(work_queue_threads, whatever_threads_do_each_task_ends_once_and_never_are_more_held_than_there_are_places) {
    for (std::uint64_t seed = 0; seed < 30; ++seed)
        for (const auto when_full : {refuse, block, drop_oldest}) play_round(when_full, seed);
}

}  // namespace
}  // namespace cutwater
