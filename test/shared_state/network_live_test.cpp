// Networks that fail amid a guarded call, at each of its two questions; and a Redis that has forgotten.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/store.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "test/servers/tcp_proxy.hpp"
#include "test/shared_state/payments_live_test.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests
using ::testing::AnyOf;

class a_network_amid_a_call : public over_shared_stores {
protected:
    a_network_amid_a_call() {
        const std::string scope = "net_" + std::to_string(::getpid()) + "_" + std::to_string(++tests);
        if (GetParam() == "redis")
            cells = std::make_unique<redis_store>(redis_store_options{.host = "127.0.0.1",
                                                                      .port = link.port(),
                                                                      .prefix = scope + "/",
                                                                      .timeout = 300ms,
                                                                      .connect_timeout = 300ms,
                                                                      .dead_after = 300ms});
        else
            cells = std::make_unique<postgres_store>(
                postgres_store_options{.connection = the_postgres().connection(link.port()),
                                       .table = scope,
                                       .timeout = 300ms,
                                       .connect_timeout = 300ms});
        near = store(scope);
        EXPECT_EQ(pay(*near, closed, "warm", [] { return std::string{}; }), "executed");
        connect();
    }

    void connect() {
        EXPECT_TRUE(comes_true([&] { return ask(*cells, {read_cell{"connects"}}).has_value(); }));
    }

    /// Of a call whose network is as `amid` says while its effect happens.
    template <class Amid>
    [[nodiscard]] std::string call(const idempotency_options& options, Amid amid, const std::string& key = "key") {
        return pay(
            *cells, options, key,
            [&] {
                book.happen(key);
                amid();
                return std::string{"the first's"};
            },
            &heard);
    }
    [[nodiscard]] std::string call(const idempotency_options& options) {
        return call(options, [] {});
    }
    /// What another is told who has no such network.
    [[nodiscard]] std::string another(const std::string& key = "key") {
        return pay(*near, closed, key, [&] { return book.happen(key), std::string{"the other's"}; });
    }

    static inline int tests = 0;
    const idempotency_options closed = leased(1h);
    const idempotency_options open = [] {
        idempotency_options made = leased(1h);
        made.without_store = without_store::unguarded;
        return made;
    }();
    const effects book;
    event_recorder heard;
    tcp_proxy link{GetParam() == "redis" ? the_redis().port() : the_postgres().port()};
    std::unique_ptr<cell_store> cells;
    std::unique_ptr<cell_store> near;
};
INSTANTIATE_TEST_SUITE_P(stores, a_network_amid_a_call, ::testing::Values("postgres", "redis"), its_name{});

TEST_P(a_network_amid_a_call, that_swallows_the_reservation_has_a_guard_that_fails_closed_do_nothing) {
    link.swallow();
    EXPECT_EQ(call(closed), "no store");
    EXPECT_EQ(book.times("key"), 0);
    EXPECT_EQ(heard.last("idempotency_store_failed").field("then"), "refused");
    link.pass();
    EXPECT_THAT(another(), AnyOf("executed", "in use")) << "where the reservation has come late it lasts for its lease";
}

TEST_P(a_network_amid_a_call, that_swallows_the_reservation_has_a_guard_that_fails_open_make_the_call_and_say_so) {
    link.swallow();
    EXPECT_EQ(call(open), "executed");
    EXPECT_EQ(book.times("key"), 1);
    EXPECT_EQ(heard.last("idempotency_store_failed").field("then"), "unguarded");
    EXPECT_EQ(another(), "executed") << "nobody knows of the first";
    EXPECT_EQ(book.times("key"), 2);
    link.pass();
    EXPECT_EQ(another(), "replayed the other's") << "what comes late changes nothing";
}

TEST_P(a_network_amid_a_call, that_swallows_the_commit_gives_the_outcome_to_its_caller_and_to_nobody_else) {
    for (const idempotency_options& options : {closed, open}) {
        const std::string key{to_text(options.without_store)};
        connect();
        heard.clear();
        EXPECT_EQ(call(options, [&] { link.swallow(); }, key), "executed");
        EXPECT_EQ(heard.count("idempotency_lost"), 1U);
        EXPECT_EQ(another(key), "in use") << "until its lease is over, and then in doubt";
        link.cut();  // and what it has kept is lost
        link.pass();
        EXPECT_EQ(another(key), "in use");
        EXPECT_EQ(book.times(key), 1);
    }
}

TEST_P(a_network_amid_a_call, that_cuts_the_reply_to_a_reservation_has_nothing_done_and_the_key_free_again) {
    link.cut_after(3);
    EXPECT_EQ(call(closed), "no store");
    EXPECT_EQ(book.times("key"), 0);
    EXPECT_TRUE(comes_true([&] { return another() == "executed"; })) << "it has given back what it may have reserved";
    EXPECT_EQ(book.times("key"), 1);
}

TEST_P(a_network_amid_a_call, that_cuts_the_reply_to_a_commit_is_asked_once_more_and_loses_nothing) {
    EXPECT_EQ(call(closed, [&] { link.cut_after(3); }), "executed");
    EXPECT_EQ(heard.count("idempotency_lost"), 0U);
    EXPECT_EQ(another(), "replayed the first's");
    EXPECT_EQ(book.times("key"), 1);
}

TEST_P(a_network_amid_a_call, that_refuses_for_good_is_told_and_the_key_stays_in_use) {
    EXPECT_EQ(call(closed, [&] { link.refuse(); }), "executed");
    EXPECT_EQ(heard.count("idempotency_lost"), 1U);
    EXPECT_EQ(another(), "in use");
    EXPECT_EQ(book.times("key"), 1);
}

TEST_P(a_network_amid_a_call, that_is_slow_is_slow_and_nothing_else) {
    link.delay(20ms);
    EXPECT_EQ(call(closed), "executed");
    EXPECT_EQ(another(), "replayed the first's");
    EXPECT_EQ(heard.count("idempotency_lost") + heard.count("idempotency_store_failed"), 0U);
}

// --- a context that goes before its store ----------------------------------------------------------------------------------

TEST(a_context_that_is_destroyed, takes_the_guarded_calls_with_it_that_wait_for_the_store_and_nothing_else) {
    tcp_proxy link{the_redis().port()};
    auto context = std::make_unique<boost::asio::io_context>(1);
    redis_store cells{{.host = "127.0.0.1", .port = link.port(), .prefix = "context/"}, context->get_executor()};
    idempotency_guard<int> guard{cells, leased(1h)};
    pipeline paid{cutwater::ref(guard)};
    int executed = 0;
    const auto call = [&](std::string key) -> boost::asio::awaitable<void> {
        const call_options said{.operation = "pay", .id = key};
        (void)co_await paid.async_run(said, [&]() -> boost::asio::awaitable<int> { co_return ++executed; });
    };
    boost::asio::co_spawn(*context, call("first"), boost::asio::detached);
    context->run();
    EXPECT_EQ(executed, 1);
    link.swallow();
    for (int i = 0; i < 10; ++i) boost::asio::co_spawn(*context, call(std::to_string(i)), boost::asio::detached);
    context->restart();
    context->run_for(50ms);
    context.reset();
    EXPECT_EQ(executed, 1);
    const auto late = ask(cells, {read_cell{"anything"}});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), condition::never_sent);
}

// --- a Redis that keeps nothing, started anew ------------------------------------------------------------------------------

class a_redis_that_has_forgotten : public ::testing::Test {
protected:
    void forget() {
        server.kill();
        ASSERT_TRUE(server.start());
    }
    [[nodiscard]] std::string call(const std::function<void()>& amid) {
        return pay(
            cells, leased(1h), "key",
            [&] {
                book.happen("key");
                amid();
                return std::string{"receipt"};
            },
            &heard);
    }

    redis_server server;
    redis_store cells{{.host = "127.0.0.1", .port = server.port(), .timeout = 5s}};
    const effects book;
    event_recorder heard;
};

TEST_F(a_redis_that_has_forgotten, a_key_that_is_in_use_is_noticed_and_the_call_may_be_made_again) {
    EXPECT_EQ(call([&] { forget(); }), "executed");
    EXPECT_EQ(heard.last("idempotency_lost").field("reason"), "gone from the store");
    EXPECT_EQ(call([] {}), "executed");
    EXPECT_EQ(book.times("key"), 2);
    EXPECT_EQ(heard.count("idempotency_lost"), 1U);
}

TEST_F(a_redis_that_has_forgotten, an_outcome_is_not_noticed_and_the_call_is_made_again) {
    EXPECT_EQ(call([] {}), "executed");
    EXPECT_EQ(call([] {}), "replayed receipt");
    forget();
    EXPECT_EQ(call([] {}), "executed");
    EXPECT_EQ(book.times("key"), 2);
    EXPECT_EQ(heard.count("idempotency_lost"), 0U);
}

TEST_F(a_redis_that_has_forgotten, a_reservation_that_another_has_made_since_is_the_others) {
    std::string other;
    EXPECT_EQ(call([&] {
                  forget();
                  other = pay(cells, leased(1h), "key", [&] { return book.happen("key"), std::string{"the other's"}; });
              }),
              "executed");
    EXPECT_EQ(other, "executed");
    EXPECT_EQ(heard.last("idempotency_lost").field("reason"), "taken over");
    EXPECT_EQ(call([] {}), "replayed the other's");
    EXPECT_EQ(book.times("key"), 2);
}

TEST_F(a_redis_that_has_forgotten, a_limit_has_its_burst_once_more_and_no_more_than_that) {
    const auto admitted = [&] {
        shared_rate_limiter limiter{
            cells, {.name = "partner", .permits = 1, .per = 1h, .burst = 10, .lease = 1, .store_limit = 5s}};
        pipeline guarded{cutwater::ref(limiter)};
        int passed = 0;
        for (int i = 0; i < 30; ++i) passed += guarded.run([] { return 1; }) ? 1 : 0;
        return passed;
    };
    EXPECT_EQ(admitted(), 10);
    EXPECT_EQ(admitted(), 0);
    forget();
    EXPECT_EQ(admitted(), 10);
    EXPECT_EQ(admitted(), 0);
}

TEST_F(a_redis_that_has_forgotten, a_durable_value_is_a_miss) {
    int asked = 0;
    const auto page = [&] {
        cache<std::string> pages{{.name = "pages", .store_limit = 5s}, cells};
        pipeline known{cutwater::ref(pages)};
        return known.run({.operation = "page", .fingerprint = "home"}, [&] { return ++asked, std::string{"home"}; })
            .value();
    };
    EXPECT_EQ(page(), "home");
    EXPECT_TRUE(comes_true([&] { return ask(cells, {list_cells{""}}).value().keys.size() == 1; }))
        << "it is written by and by";
    EXPECT_EQ(page(), "home");
    EXPECT_EQ(asked, 1);
    forget();
    EXPECT_EQ(page(), "home");
    EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace cutwater
