// What surrounds a call, and other threads: nothing goes there by itself, and all of it with `carrying` and `scoped`.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// The request that is being served.
const instant till = in(24h);
call_options request() { return {.deadline = till, .id = "7", .tenant = "blue", .retries_left = 2}; }

void join(auto f) { std::jthread{std::move(f)}.join(); }

TEST(call_scope_threads, a_new_thread_begins_outside_and_carries_what_it_is_told_to) {
    const call_scope here{request()};
    join([] { EXPECT_EQ(surrounding(), no_scope); });
    join(carrying([] {
        EXPECT_EQ(inherited().deadline, till);
        EXPECT_EQ(inherited().id, "7");
        EXPECT_EQ(inherited().tenant, "blue");
        EXPECT_EQ(inherited().retries_left, 2U);
        const call_scope tighter{call_options{.retries_left = 1}};
        EXPECT_EQ(inherited().retries_left, 1U);
    }));
    EXPECT_EQ(inherited().retries_left, 2U);
}

TEST(call_scope_threads, what_is_carried_outlasts_the_scope_that_it_is_from) {
    std::latch is_over{1};
    std::jthread later;
    {
        const std::string id(100, 'i');
        const call_scope here{call_options{.id = id}};
        later = std::jthread{carrying([&] {
            is_over.wait();
            EXPECT_EQ(inherited().id, std::string(100, 'i'));
        })};
    }
    is_over.count_down();
}

TEST(call_scope_threads, a_posted_task_begins_outside_and_carries_what_it_is_told_to) {
    work_queue queue{{.workers = 1}};
    pipeline guarded{retry{}};
    const call_scope here{request()};
    kept_scope seen = surrounding();
    kept_scope of_done = surrounding();
    instant carried;
    instant of_task;
    ASSERT_TRUE(queue.post(ref(guarded), [&] { seen = surrounding(); }, [&](const auto&) { of_done = surrounding(); }));
    ASSERT_TRUE(queue.post(ref(guarded), carrying([&] { carried = inherited().deadline; })));
    ASSERT_TRUE(queue.post({.deadline = till - 1h}, ref(guarded), scoped([&] { of_task = inherited().deadline; })));
    EXPECT_EQ(queue.drain(), 0U);
    EXPECT_EQ(seen, no_scope);
    EXPECT_EQ(of_done, no_scope);
    EXPECT_EQ(carried, till);
    EXPECT_EQ(of_task, till - 1h) << "as whoever posted it said";
}

TEST(call_scope_threads, the_end_of_a_task_that_is_displaced_is_told_outside_of_whoever_posts) {
    work_queue queue{{.workers = 1, .max_length = 2, .when_full = queue_overflow::drop_oldest}};
    pipeline guarded{retry{}};
    std::latch begun{1};
    std::latch may_end{1};
    ASSERT_TRUE(queue.post(ref(guarded), [&] {
        begun.count_down();
        may_end.wait();
    }));
    begun.wait();
    kept_scope told_in{request()};
    std::thread::id told_on;
    ASSERT_TRUE(queue.post(
        {.importance = criticality::best_effort}, ref(guarded), [] {},
        [&](const auto&) {
            told_in = surrounding();
            told_on = std::this_thread::get_id();
        }));
    const call_scope here{request()};
    ASSERT_TRUE(queue.post({.importance = criticality::critical}, ref(guarded), [] {}));
    EXPECT_EQ(told_on, std::this_thread::get_id());
    EXPECT_EQ(told_in, no_scope);
    EXPECT_EQ(inherited().deadline, till);
    may_end.count_down();
    EXPECT_EQ(queue.drain(), 0U);
}

TEST(call_scope_threads, a_callable_on_a_worker_pool_begins_outside_and_scoped_has_its_attempt) {
    worker_pool legacy{{.threads = 1}};
    pipeline guarded{retry{{.max_attempts = 3}}, ref(legacy)};
    const call_scope here{request()};
    EXPECT_EQ(*guarded.run(inherited(), [] { return surrounding(); }), no_scope);
    const auto seen = guarded.run(inherited({.importance = criticality::sheddable}), scoped([](attempt& a) {
                                      EXPECT_EQ(inherited().deadline, a.deadline());
                                      return std::string{inherited().id} + std::string{inherited().tenant} +
                                             std::string{to_text(inherited().importance)} +
                                             std::to_string(*inherited().retries_left);
                                  }));
    EXPECT_EQ(*seen, "7bluesheddable0");
}

TEST(call_scope_threads, what_a_pool_still_runs_when_its_call_has_given_up_keeps_its_scope) {
    std::latch begun{1};
    std::latch given_up{1};
    std::string seen;
    std::stop_source caller;
    const std::jthread gives_up{[&] {
        begun.wait();
        caller.request_stop();
    }};
    {
        worker_pool legacy{{.threads = 1}};
        pipeline guarded{timeout{24h}, ref(legacy)};
        const auto went = [&] {
            const std::string id(100, 'i');
            return guarded.run({.stop = caller.get_token(), .id = id, .tenant = "blue"}, scoped([&](attempt& a) {
                                   begun.count_down();
                                   given_up.wait();
                                   seen = std::string{inherited().id} + std::string{a.tenant()};
                               }));
        }();
        EXPECT_EQ(went.error().code(), errc::cancelled);
        given_up.count_down();
    }
    EXPECT_EQ(seen, std::string(100, 'i') + "blue");
}

TEST(call_scope_threads, attempts_that_overlap_have_a_scope_each) {
    worker_pool threads{{.threads = 2}};
    pipeline guarded{hedge{{.delay = 1ms}}, ref(threads)};
    std::atomic<unsigned> sum{0};
    std::latch both{2};
    const auto went =
        guarded.run({.idempotent = idempotency::idempotent, .earlier_attempts = 10}, scoped([&](attempt& a) {
                        both.arrive_and_wait();
                        sum += inherited().earlier_attempts == a.earlier_attempts() ? a.number() : 100;
                        return 7;
                    }));
    threads.stop();
    EXPECT_EQ(*went, 7);
    EXPECT_EQ(sum, 3U);
}

/// Threads inside of threads, each with scopes of its own: `around` is what must be.
// NOLINTNEXTLINE(misc-no-recursion)
bool is_as_it_should_be(unsigned around, std::uint64_t seed, int depth) {
    if (inherited().earlier_attempts != around) return false;
    if (depth == 0) return true;
    bool ok = true;
    for (int step = 0; step < 2; ++step, seed /= 4) {
        const unsigned own = static_cast<unsigned>(seed % 97);
        const call_scope here{call_options{.earlier_attempts = own}};
        const unsigned inside = std::max(around, own);
        const auto at = [&](unsigned expected) { ok = is_as_it_should_be(expected, seed / 7, depth - 1) && ok; };
        switch (seed % 4) {
            case 0: join([&] { at(0); }); break;
            case 1: join(carrying([&] { at(inside); })); break;
            case 2: {
                const call_scope away{no_scope};
                at(0);
                break;
            }
            default: at(inside); break;
        }
        ok = ok && inherited().earlier_attempts == inside;
    }
    return ok && inherited().earlier_attempts == around;
}

RC_GTEST_PROP(call_scope_threads, however_threads_begin_threads_each_has_its_own_scope, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    std::atomic<bool> ok{true};
    {
        std::vector<std::jthread> all;
        for (unsigned i = 0; i < 2; ++i)
            all.emplace_back([&, i] {
                if (!is_as_it_should_be(0, seed + i, 3)) ok = false;
            });
    }
    RC_ASSERT(ok);
}

}  // namespace
}  // namespace cutwater
