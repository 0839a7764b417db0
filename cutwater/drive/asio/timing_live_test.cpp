// The kernel's timer, in real time: limits of hours do not keep a context from returning, and short ones do expire.

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;
using testing::fails_with;
using testing::has_value;

class live : public ::testing::Test {
protected:
    template <class Pipeline, class F>
    result<int> run(Pipeline& guarded, F f) {
        std::optional<result<int>> out;
        guarded.async_run(f, asio::bind_executor(context, [&](result<int> r) { out = std::move(r); }));
        context.restart();
        context.run();
        return *out;
    }
    [[nodiscard]] auto sleeps(duration d) {
        return [this, d]() -> awaitable<int> {
            asio::steady_timer timer{context, d};
            co_await timer.async_wait(asio::use_awaitable);
            co_return 7;
        };
    }
    [[nodiscard]] duration took() const { return between(began, now()); }

    asio::io_context context{1};
    instant began = now();
};

TEST_F(live, the_context_returns_soon_after_the_last_call) {
    pipeline guarded{timeout{1h}, retry{}, timeout{30min}};
    EXPECT_THAT(run(guarded, []() -> awaitable<int> { co_return 7; }), has_value(7));
    EXPECT_THAT(run(guarded, sleeps(5ms)), has_value(7));
    EXPECT_LT(took(), 10s) << "and not in half an hour";
}

TEST_F(live, a_limit_expires) {
    pipeline guarded{timeout{20ms}};
    EXPECT_THAT(run(guarded, sleeps(1h)), fails_with(errc::timed_out));
    EXPECT_GE(took(), 20ms);
    EXPECT_LT(took(), 10s);
}

TEST_F(live, an_earlier_limit_goes_before_a_later_one_that_was_set_first) {
    pipeline patient{timeout{1h}};
    pipeline hasty{timeout{20ms}};
    int done = 0;
    patient.async_run(sleeps(40ms), asio::bind_executor(context, [&](const result<int>& r) { done += r ? 1 : 0; }));
    EXPECT_THAT(run(hasty, sleeps(1h)), fails_with(errc::timed_out));
    EXPECT_EQ(done, 1);
    EXPECT_LT(took(), 10s);
}

TEST_F(live, a_delay_ends) {
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 20ms, .jitter = jitter::none}}};
    int calls = 0;
    EXPECT_THAT(run(guarded,
                    [&]() -> awaitable<std::expected<int, std::errc>> {
                        if (++calls == 1) co_return std::unexpected{std::errc::connection_reset};
                        co_return 7;
                    }),
                has_value(7));
    EXPECT_GE(took(), 20ms);
}

TEST_F(live, calls_after_a_quiet_spell_have_their_limits_again) {
    pipeline guarded{timeout{20ms}};
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(run(guarded, []() -> awaitable<int> { co_return 7; }), has_value(7));
        EXPECT_THAT(run(guarded, sleeps(1h)), fails_with(errc::timed_out));
    }
}

TEST_F(live, a_blocking_delay_ends_too) {
    pipeline guarded{retry{{.max_attempts = 2, .base_delay = 20ms, .jitter = jitter::none}}};
    EXPECT_THAT(guarded.run([]() -> std::expected<int, std::errc> { return std::unexpected{std::errc::timed_out}; }),
                fails_with(std::errc::timed_out));
    EXPECT_GE(took(), 20ms);
}

TEST_F(live, an_executor_that_keeps_its_context_at_work_does_so_no_longer_than_its_call) {
    pipeline guarded{timeout{1h}};
    int ended = 0;
    {
        const auto at_work = asio::require(context.get_executor(), asio::execution::outstanding_work.tracked);
        guarded.async_run([]() -> awaitable<int> { co_return 7; },
                          asio::bind_executor(at_work, [&](const result<int>&) { ++ended; }));
    }
    context.run();
    EXPECT_EQ(ended, 1);
}

awaitable<int> sleeps_where_it_runs() {
    asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
    co_await timer.async_wait(asio::use_awaitable);
    co_return 7;
}

TEST(live_threads, a_strand_that_is_busy_does_not_keep_another_waiting) {
    asio::io_context context{2};
    const auto first = asio::make_strand(context);
    const auto second = asio::make_strand(context);
    pipeline quick{timeout{1h}};
    pipeline bounded{timeout{20ms}};
    quick.async_run([]() -> awaitable<int> { co_return 7; }, asio::bind_executor(first, [](const result<int>&) {}));
    context.poll();
    context.restart();
    std::promise<result<int>> ended;
    auto end = ended.get_future();
    asio::post(first, [&] { end.wait(); });  // busy until the other has timed out
    bounded.async_run(sleeps_where_it_runs,
                      asio::bind_executor(second, [&](result<int> r) { ended.set_value(std::move(r)); }));
    std::jthread helper{[&] { context.run(); }};
    context.run();
    EXPECT_THAT(end.get(), fails_with(errc::timed_out));
}

/// A call whose time is up as its attempt ends, while another thread fires a crowd of timers that are due with it.
std::string ends_among(unsigned crowd, duration lag) {
    asio::io_context context{2};
    const retry again{{.max_attempts = 2, .base_delay = 20ms, .jitter = jitter::none}};
    pipeline others{timeout{1h}};
    pipeline mine{again, timeout{10ms}};
    const instant due = in(25ms);
    for (unsigned i = 0; i < crowd; ++i)
        others.async_run({.deadline = due}, sleeps_where_it_runs,
                         asio::bind_executor(asio::make_strand(context), [](const result<int>&) {}));
    context.poll();
    context.restart();
    while (now() < add(due, -10ms)) {}
    const auto fails_at_the_limit = [&](attempt& a) -> std::expected<int, std::errc> {
        if (a.number() == 2) return 7;
        while (now() < add(a.deadline(), lag)) {}
        return std::unexpected{std::errc::connection_reset};
    };
    std::string end;
    mine.async_run(fails_at_the_limit, asio::bind_executor(asio::make_strand(context), [&](const result<int>& r) {
                       end = r ? "value" : r.error().message();
                   }));
    {
        const std::jthread helper{[&] { context.run(); }};
        context.run();
    }
    return end;
}

TEST(live_threads, a_limit_that_is_reached_as_its_attempt_ends_cancels_nothing) {
    for (unsigned round = 0; round < 20; ++round) EXPECT_EQ(ends_among(2000, round % 10 * 20us), "value") << round;
}

}  // namespace
}  // namespace cutwater
