// A pipeline round Redis on the very executor that the store runs on, while the network fails: limits hold, and the loop goes on with whatever else there is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/store.hpp"
#include "cutwater/store/async_guarded/async_guarded_store.hpp"
#include "cutwater/store/guarded/guarded_store.hpp"
#include "cutwater/store/redis/redis_live_test.hpp"
#include "test/servers/tcp_proxy.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using testing::bare_redis;
using ::testing::HasSubstr;
using testing::redis;
using testing::tcp_proxy;

using careful = pipeline<retry, timeout>;
careful care() { return careful{retry{{.max_attempts = 2, .base_delay = 5ms}}, timeout{500ms}}; }

redis_store_options through(tcp_proxy& link) {
    redis_store_options made = testing::at(link.port());
    made.timeout = 1s;
    made.dead_after = 1s;
    return made;
}

/// Calls with an idempotency key, a Redis that remembers them, and a heartbeat, all on one thread.
class a_guarded_redis_on_the_callers_loop : public ::testing::Test {
protected:
    a_guarded_redis_on_the_callers_loop() {
        bare_redis{redis().port()}.said({"FLUSHALL"});
        EXPECT_EQ(pay("warm"), "paid");
    }

    /// One call, while the heart beats.
    std::string pay(const std::string& key) {
        std::string said;
        bool is_over = false;
        longest_silence = {};
        const instant began = now();
        const auto call = [&]() -> asio::awaitable<void> {
            const call_options options{.operation = "pay", .id = key};
            const auto told = co_await paid.async_run(options, [&]() -> asio::awaitable<int> { co_return ++executed; });
            said = told ? "paid" : told.error().message();
            took = between(began, now());
            is_over = true;
        };
        const auto beats = [&]() -> asio::awaitable<void> {
            asio::steady_timer timer{context};
            for (instant last = now(); !is_over;) {
                timer.expires_after(2ms);
                co_await timer.async_wait(asio::use_awaitable);
                const instant woken = now();
                longest_silence = std::max(longest_silence, between(std::exchange(last, woken), woken));
            }
        };
        asio::co_spawn(context, beats(), asio::detached);
        asio::co_spawn(context, call(), asio::detached);
        context.restart();
        context.run_for(20s);
        EXPECT_TRUE(is_over) << "it hangs";
        return said;
    }
    [[nodiscard]] bool pays_again() {
        for (int tries = 0; tries < 20; ++tries)
            if (pay("key " + std::to_string(tries)) == "paid") return true;
        return false;
    }

    duration took{};
    duration longest_silence{};
    int executed = 0;
    tcp_proxy link{redis().port()};
    careful round_redis = care();
    asio::io_context context{1};
    redis_store behind{through(link), context.get_executor()};
    async_guarded_store<careful> cells{behind, round_redis, context.get_executor()};
    idempotency_guard<int> guard{cells, {.name = "payments"}};
    pipeline<timeout, reference<idempotency_guard<int>>> paid{timeout{10s}, cutwater::ref(guard)};
};

TEST_F(a_guarded_redis_on_the_callers_loop, answers) {
    EXPECT_EQ(pay("key"), "paid");
    EXPECT_EQ(pay("key"), "paid");
    EXPECT_EQ(executed, 2) << "the first one, and this key once";
}

TEST_F(a_guarded_redis_on_the_callers_loop, ends_in_time_where_the_network_swallows_everything_and_stops_nobody_else) {
    link.swallow();
    EXPECT_THAT(pay("key"), HasSubstr("payments"));
    EXPECT_EQ(executed, 1) << "the one before";
    EXPECT_LT(took, 5s);
    EXPECT_GE(took, 490ms) << "it waited as long as the pipeline says";
    EXPECT_LT(longest_silence, 400ms) << "and the loop did not wait with it";
    link.cut();
    link.pass();
    EXPECT_TRUE(pays_again());
}

TEST_F(a_guarded_redis_on_the_callers_loop, reads_again_where_the_connection_is_cut) {
    std::optional<cell_result> said;
    link.swallow();
    cells.begin({read_cell{"a"}}, [&](cell_result what) noexcept { said.emplace(std::move(what)); });
    context.restart();
    context.run_for(20ms);
    EXPECT_FALSE(said);
    link.cut();
    link.pass();
    context.run_for(5s);
    ASSERT_TRUE(said);
    EXPECT_TRUE(*said) << said->error().message();
}

TEST_F(a_guarded_redis_on_the_callers_loop, is_slow_where_the_network_is_and_nothing_else) {
    link.delay(30ms);
    EXPECT_EQ(pay("key"), "paid");
    EXPECT_GE(took, 110ms) << "two questions, there and back";
}

TEST_F(a_guarded_redis_on_the_callers_loop, drops_what_comes_after_its_limit) {
    link.delay(300ms);
    EXPECT_NE(pay("late"), "paid");
    link.pass();
    EXPECT_TRUE(pays_again());
}

TEST_F(a_guarded_redis_on_the_callers_loop, ends_a_blocking_question_that_is_asked_there_too) {
    guarded_store blocks{behind, round_redis};
    const cell_result said = ask(blocks, {swap_cell{"a", 0, ""}});
    ASSERT_FALSE(said) << "nobody runs the loop meanwhile";
    EXPECT_EQ(said.error().code(), errc::timed_out);
    EXPECT_NE(said.error().code(), condition::never_sent);
}

}  // namespace

}  // namespace cutwater
