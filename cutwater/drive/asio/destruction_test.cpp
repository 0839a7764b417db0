// Coroutines are destroyed at every suspension: each scenario is played again and again, and its context destroyed after one
// step more each time. Whatever was going on: nothing is left behind, every permit is back, and nothing runs afterwards.

#include "cutwater/drive/asio/destruction_test.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stop_token>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>

#include "cutwater/asio.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using namespace destruction;

template <class Call>
auto usual(Call call) {
    return [call](world& w) {
        auto guarded =
            keep(pipeline{timeout{1h}, retry{{.max_attempts = 3, .base_delay = 10ms, .jitter = jitter::none}},
                          ref(w.wide), ref(w.narrow), timeout{100ms}});
        call(w, *guarded);
        return guarded;
    };
}

TEST(destruction, of_an_awaited_call_that_retries) {
    EXPECT_GT(destroyed_at_every_step(usual([](world& w, auto& guarded) { w.awaits(guarded, w.fails_after(20ms)); })),
              10);
}

TEST(destruction, of_a_completed_call_that_retries) {
    EXPECT_GT(
        destroyed_at_every_step(usual([](world& w, auto& guarded) { w.completes(guarded, w.fails_after(20ms)); })), 10);
}

TEST(destruction, of_a_call_whose_attempts_are_interrupted) {
    EXPECT_GT(destroyed_at_every_step(usual([](world& w, auto& guarded) { w.awaits(guarded, w.sleeps(1h)); })), 10);
}

TEST(destruction, of_calls_that_queue) {
    EXPECT_GT(destroyed_at_every_step(usual([](world& w, auto& guarded) {
                  for (int i = 0; i < 2; ++i) w.awaits(guarded, w.sleeps(20ms));
                  for (int i = 0; i < 2; ++i) w.completes(guarded, w.fails_after(20ms));
              })),
              20);
}

TEST(destruction, of_calls_without_any_limit) {
    EXPECT_GT(destroyed_at_every_step([](world& w) {
                  auto guarded = keep(
                      pipeline{retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}}, ref(w.narrow)});
                  w.awaits(*guarded, w.fails_after(20ms));
                  w.awaits(*guarded, w.sleeps(20ms));
                  w.completes(*guarded, w.sleeps(20ms));
                  return guarded;
              }),
              15);
}

TEST(destruction, of_calls_put_together_at_run_time) {
    EXPECT_GT(destroyed_at_every_step([](world& w) {
                  auto guarded = std::make_unique<any_pipeline<int>>(
                      timeout{1h}, retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}}, ref(w.wide),
                      ref(w.narrow), timeout{50ms});
                  w.awaits(*guarded, w.fails_after(20ms));
                  w.completes(*guarded, w.sleeps(1h));
                  return guarded;
              }),
              15);
}

TEST(destruction, of_calls_inside_calls) {
    EXPECT_GT(destroyed_at_every_step([](world& w) {
                  auto inner = keep(pipeline{timeout{30ms}, ref(w.narrow)});
                  auto outer = keep(pipeline{retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}},
                                             ref(w.wide), timeout{1h}});
                  const auto nested = [&w, &in = *inner]() -> awaitable<result<int>> {
                      co_return co_await in.async_run(w.sleeps(40ms));
                  };
                  w.awaits(*outer, nested);
                  w.completes(*outer, nested);
                  return std::pair{std::move(inner), std::move(outer)};
              }),
              15);
}

TEST(destruction, of_calls_that_are_cancelled) {
    for (const duration when : {5ms, 15ms, 25ms, 35ms})
        EXPECT_GT(destroyed_at_every_step(usual([when](world& w, auto& guarded) {
                      w.awaits(guarded, w.fails_after(10ms));
                      w.completes(guarded, w.sleeps(1h));
                      w.completes(guarded, w.sleeps(1h));
                      w.time.after(when, [&w] {
                          if (w.loop)
                              for (auto& s : w.signals) s.emit(asio::cancellation_type::terminal);
                      });
                  })),
                  10);
}

TEST(destruction, of_calls_that_a_stop_token_cancels) {
    EXPECT_GT(destroyed_at_every_step([](world& w) {
                  auto guarded = keep(pipeline{retry{}, ref(w.narrow)});
                  auto caller = std::make_unique<std::stop_source>();
                  w.completes(*guarded, w.sleeps(1h), {.stop = caller->get_token()});
                  w.completes(*guarded, w.sleeps(1h), {.stop = caller->get_token()});
                  w.time.after(20ms, [stop = *caller]() mutable { stop.request_stop(); });
                  return std::pair{std::move(guarded), std::move(caller)};
              }),
              8);
}

TEST(destruction, a_stop_that_is_requested_afterwards_finds_nobody) {
    std::stop_source caller;
    world w;
    pipeline guarded{retry{}, ref(w.narrow)};
    w.completes(guarded, w.sleeps(1h), {.stop = caller.get_token()});
    w.completes(guarded, w.sleeps(1h), {.stop = caller.get_token()});
    for (int i = 0; i < 6; ++i) (void)w.loop->step();
    w.loop.reset();
    caller.request_stop();
    EXPECT_EQ(w.alive(), 0);
    EXPECT_EQ(w.completed, 0);
}

TEST(destruction, a_future_of_a_call_that_is_destroyed_is_broken) {
    world w;
    pipeline guarded{timeout{1h}};
    auto soon = guarded.async_run(w.sleeps(1s), asio::bind_executor(w.loop->context(), asio::use_future));
    for (int i = 0; i < 3; ++i) (void)w.loop->step();
    w.loop.reset();
    EXPECT_THROW((void)soon.get(), std::future_error);
    EXPECT_EQ(w.alive(), 0);
}

TEST(destruction, of_an_awaitable_that_nobody_awaits) {
    world w;
    pipeline bounded{timeout{1h}, ref(w.narrow)};
    pipeline unbounded{ref(w.narrow)};
    {
        auto never_awaited = bounded.async_run(w.sleeps(1s));
        auto nor_this = unbounded.async_run(w.sleeps(1s));
        EXPECT_GT(w.alive(), 0);
    }
    EXPECT_EQ(w.alive(), 0);
    EXPECT_EQ(w.narrow.in_use(), 0U);
}

TEST(destruction, one_context_goes_and_the_calls_of_another_go_on) {
    world w;
    pipeline guarded{ref(w.narrow)};
    testing::virtual_asio other{w.time};
    bool through = false;
    w.completes(guarded, w.sleeps(1h));
    w.loop->run_until([&] { return w.narrow.in_use() == 1; });
    guarded.async_run(
        [&]() -> awaitable<void> {
            through = true;
            co_return;
        },
        asio::bind_executor(other.context(), asio::detached));
    other.run_until([&] { return w.narrow.queued() == 1; });
    w.loop.reset();  // its permit comes back, and wakes the call that waits on the other context
    other.run_all();
    EXPECT_TRUE(through);
    EXPECT_EQ(w.narrow.in_use(), 0U);
}

// ---- with the kernel's timer ----

awaitable<int> waits_for_ever() {
    asio::steady_timer timer{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
    co_await timer.async_wait(asio::use_awaitable);
    co_return 7;
}
awaitable<int> fails_at_once() { throw boost::system::system_error{asio::error::connection_reset}; }

/// Begins a call in a context of its own, lets it come as far as it does, and destroys the context.
template <class Pipeline, class F>
void abandoned(Pipeline& guarded, F f) {
    {
        asio::io_context context{1};
        guarded.async_run(f, asio::bind_executor(context, [](const result<int>&) { FAIL() << "it never ended"; }));
        context.poll();
    }
    {
        asio::io_context context{1};
        asio::co_spawn(context, [&]() -> awaitable<void> { (void)co_await guarded.async_run(f); }, asio::detached);
        context.poll();
    }
}

TEST(a_context_that_goes, takes_a_running_attempt_with_it) {
    pipeline bounded{timeout{1h}};
    abandoned(bounded, waits_for_ever);
    pipeline unbounded{retry{}};
    abandoned(unbounded, waits_for_ever);
}

TEST(a_context_that_goes, takes_a_sleep_with_it) {
    const retry patient{{.base_delay = 1h, .max_delay = 1h, .jitter = jitter::none}};
    pipeline bounded{timeout{10h}, patient};
    abandoned(bounded, fails_at_once);
    pipeline unbounded{patient};
    abandoned(unbounded, fails_at_once);
}

TEST(a_context_that_goes, takes_a_place_in_a_queue_with_it) {
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 1h}};
    pipeline guarded{timeout{10h}, ref(narrow)};
    asio::io_context other{1};
    guarded.async_run(waits_for_ever, asio::bind_executor(other, [](const result<int>&) {}));
    other.poll();
    EXPECT_EQ(narrow.in_use(), 1U);
    abandoned(guarded, waits_for_ever);
    EXPECT_EQ(narrow.queued(), 0U);
}

TEST(a_slot, can_be_emitted_between_two_turns_of_the_loop) {
    pipeline guarded{timeout{1h}};
    const auto takes_turns = []() -> awaitable<int> {
        for (int i = 0; i < 3; ++i) co_await asio::post(asio::use_awaitable);
        co_return 1;
    };
    for (int turns = 0; turns < 16; ++turns) {
        asio::io_context context{1};
        asio::cancellation_signal signal;
        int ended = 0;
        guarded.async_run(takes_turns,
                          asio::bind_cancellation_slot(
                              signal.slot(), asio::bind_executor(context, [&](const result<int>&) { ++ended; })));
        for (int i = 0; i < turns; ++i) context.poll_one();
        signal.emit(asio::cancellation_type::terminal);
        context.run();
        EXPECT_EQ(ended, 1);
    }
}

}  // namespace
}  // namespace cutwater
