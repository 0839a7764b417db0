// The coroutine driver on contexts that several threads run: nobody waits for time here, everybody waits for a permit.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "cutwater/asio.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;

/// How many are inside at once, and whether that was ever too many.
struct room {
    int limit;
    std::atomic<int> inside{0};
    std::atomic<bool> broken{false};

    awaitable<int> pass() {
        if (inside.fetch_add(1) >= limit) broken = true;
        co_await asio::post(asio::use_awaitable);
        inside.fetch_sub(1);
        co_return 7;
    }
};

/// Runs the contexts, each on two threads, until nothing is left to do.
template <class... Contexts>
void run_on_threads(Contexts&... contexts) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) (threads.emplace_back([&contexts] { contexts.run(); }), ...);
}

TEST(asio_threads, calls_on_strands_of_two_contexts_share_one_bulkhead) {
    constexpr int calls = 400;
    bulkhead narrow{{.max_concurrent = 3, .max_queue = 2 * calls, .max_wait = 24h}};
    room inside{.limit = 3};
    std::atomic<int> through{0};
    pipeline guarded{ref(narrow)};
    asio::io_context first;
    asio::io_context second;
    for (int i = 0; i < calls; ++i)
        for (asio::io_context* context : {&first, &second})
            guarded.async_run(
                [&] { return inside.pass(); },
                asio::bind_executor(asio::make_strand(*context), [&](const result<int>& r) { through += r ? 1 : 0; }));
    run_on_threads(first, second);
    EXPECT_EQ(through, 2 * calls);
    EXPECT_FALSE(inside.broken);
    EXPECT_EQ(narrow.in_use(), 0U);
    EXPECT_EQ(narrow.queued(), 0U);
}

TEST(asio_threads, coroutines_and_blocking_threads_share_one_bulkhead) {
    constexpr int calls = 300;
    bulkhead narrow{{.max_concurrent = 2, .max_queue = 2 * calls, .max_wait = 24h}};
    room inside{.limit = 2};
    std::atomic<int> through{0};
    pipeline guarded{ref(narrow)};
    asio::io_context context;
    for (int i = 0; i < calls; ++i)
        guarded.async_run(
            [&] { return inside.pass(); },
            asio::bind_executor(asio::make_strand(context), [&](const result<int>& r) { through += r ? 1 : 0; }));
    {
        const std::jthread blocks{[&] {
            for (int i = 0; i < calls; ++i)
                through += guarded.run([&] {
                    if (inside.inside.fetch_add(1) >= inside.limit) inside.broken = true;
                    std::this_thread::yield();
                    inside.inside.fetch_sub(1);
                })
                               ? 1
                               : 0;
        }};
        run_on_threads(context);
    }
    EXPECT_EQ(through, 2 * calls);
    EXPECT_FALSE(inside.broken);
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST(asio_threads, stop_tokens_of_other_threads_end_calls_wherever_they_are) {
    constexpr int calls = 200;
    bulkhead narrow{{.max_concurrent = 1, .max_queue = calls, .max_wait = 24h}};
    room inside{.limit = 1};
    std::atomic<int> ended{0};
    std::atomic<int> unexpected{0};
    pipeline guarded{ref(narrow)};
    asio::io_context context;
    std::vector<std::stop_source> callers(calls);
    for (std::stop_source& caller : callers)
        guarded.async_run(
            {.stop = caller.get_token()}, [&] { return inside.pass(); },
            asio::bind_executor(asio::make_strand(context), [&](const result<int>& r) {
                ++ended;
                if (!r && r.error().code() != errc::cancelled) ++unexpected;
            }));
    {
        const std::jthread cancels{[&] {
            for (std::stop_source& caller : callers) caller.request_stop();
        }};
        run_on_threads(context);
    }
    EXPECT_EQ(ended, calls);
    EXPECT_EQ(unexpected, 0);
    EXPECT_FALSE(inside.broken);
    EXPECT_EQ(narrow.in_use(), 0U);
    EXPECT_EQ(narrow.queued(), 0U);
}

TEST(asio_threads, limits_that_are_far_away_are_armed_and_disarmed_from_all_threads) {
    constexpr int calls = 400;
    std::atomic<int> through{0};
    room inside{.limit = calls};
    pipeline guarded{timeout{1h}, retry{}, timeout{1h}};
    asio::io_context context;
    for (int i = 0; i < calls; ++i)
        guarded.async_run([&] { return inside.pass(); },
                          asio::bind_executor(asio::make_strand(context), [&](const result<int>& r) {
                              if (r && ++through == calls) context.stop();
                          }));
    run_on_threads(context);
    EXPECT_EQ(through, calls);
}

TEST(a_context_that_goes, is_not_posted_to_by_whoever_stops_a_call_that_has_ended) {
    for (int i = 0; i < 500; ++i) {
        std::stop_source caller;
        std::latch both{2};
        std::jthread other{[&] {
            both.arrive_and_wait();
            caller.request_stop();
        }};
        asio::io_context context{1};
        pipeline guarded{retry{}};
        guarded.async_run(
            {.stop = caller.get_token()}, []() -> awaitable<int> { co_return 1; },
            asio::bind_executor(context, [](const result<int>&) {}));
        both.arrive_and_wait();
        if (i % 2 == 0) context.run();
    }
}

}  // namespace
}  // namespace cutwater
