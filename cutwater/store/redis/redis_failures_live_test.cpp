// What networks and servers do to the store. Each test has a server of its own, and often a proxy in front.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>  // tidy: allow third-party because a child of a fork is the test
#include <unistd.h>    // tidy: allow third-party because a child of a fork is the test

#include <atomic>
#include <future>
#include <latch>
#include <optional>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/redis/redis_error.hpp"
#include "cutwater/store/redis/redis_live_test.hpp"
#include "cutwater/store/redis/redis_store.hpp"
#include "test/servers/tcp_proxy.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using ::testing::AllOf;
using testing::at;
using testing::bare_redis;
using ::testing::HasSubstr;
using testing::redis_server;
using testing::tcp_proxy;

const std::error_code reset = std::make_error_code(std::errc::connection_reset);
const std::error_code timed_out = std::make_error_code(std::errc::timed_out);

cell_request put(const std::string& key, std::string value = {}) { return {swap_cell{key, 0, std::move(value)}}; }
cell_request get(const std::string& key, duration limit = forever) { return {.what = read_cell{key}, .limit = limit}; }

std::error_code code_of(const cell_result& said) { return said ? std::error_code{} : said.error().code(); }

class redis_failures_live : public ::testing::Test {
protected:
    redis_store_options options(duration timeout = 2s, duration dead_after = 2s) {
        redis_store_options made = at(link.port());
        made.timeout = timeout;
        made.dead_after = dead_after;
        return made;
    }

    redis_server server;
    tcp_proxy link{server.port()};
    instant began = now();
};

TEST_F(redis_failures_live, a_closed_port_is_told_at_once_and_nothing_was_sent) {
    link.refuse();
    redis_store cells{options()};
    for (int times = 0; times < 3; ++times) {
        const cell_result said = ask(cells, put("a"));
        ASSERT_FALSE(said);
        EXPECT_EQ(said.error().code(), std::errc::connection_refused);
        EXPECT_EQ(said.error().code(), condition::never_sent);
        EXPECT_EQ(said.error().code(), condition::network);
        EXPECT_THAT(said.error().message(),
                    AllOf(HasSubstr("redis: cannot connect to 127.0.0.1:" + std::to_string(link.port())),
                          HasSubstr("refused")));
    }
    link.pass();
    EXPECT_TRUE(ask(cells, put("a")));
}

TEST_F(redis_failures_live, a_name_that_does_not_exist_is_told_and_one_that_has_several_addresses_works) {
    redis_store_options named = at(server.port());
    named.host = "no-such-host.invalid";
    redis_store nowhere{named};
    const cell_result said = ask(nowhere, put("a"));
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), condition::never_sent);
    EXPECT_EQ(said.error().code(), condition::network);
    EXPECT_THAT(said.error().message(), HasSubstr("no-such-host.invalid"));
    named.host = "localhost";  // ::1 too, where nobody listens
    redis_store here{named};
    EXPECT_EQ(code_of(ask(here, put("a"))), std::error_code{});
}

TEST_F(redis_failures_live, a_server_that_was_killed_and_came_back_empty_is_found_again) {
    redis_store cells{options()};
    const cell_version before = ask(cells, put("a")).value().version;
    server.kill();
    EXPECT_EQ(ask(cells, put("b")).error().code(), condition::network);
    ASSERT_TRUE(server.start());
    const cell_result seen = ask(cells, get("a"));
    ASSERT_TRUE(seen) << seen.error().message();
    EXPECT_FALSE(seen->found) << "it has kept nothing";
    EXPECT_FALSE(ask(cells, {swap_cell{"a", before, "late"}}).value().done);
    const cell_reply again = ask(cells, put("a")).value();
    EXPECT_TRUE(again.done);
    EXPECT_NE(again.version, before);
    EXPECT_FALSE(ask(cells, {swap_cell{"a", before, "late"}}).value().done);
    EXPECT_FALSE(ask(cells, {erase_cell{"a", before}}).value().done);
}

TEST_F(redis_failures_live, of_many_in_flight_when_the_server_dies_each_is_told_once) {
    redis_store cells{options(5s, 5s)};
    ASSERT_TRUE(ask(cells, get("a")));
    ASSERT_EQ(bare_redis{server.port()}.said({"CLIENT", "PAUSE", "10000", "ALL"}), "OK");
    constexpr int requests = 1'000;
    std::latch left{requests};
    std::atomic<int> resets{0};
    for (int i = 0; i < requests; ++i)
        cells.begin(put(std::to_string(i)), [&](cell_result said) noexcept {
            if (code_of(said) == reset && said.error().code() != condition::never_sent) ++resets;
            left.count_down();
        });
    std::this_thread::sleep_for(100ms);
    server.kill();
    left.wait();
    EXPECT_EQ(resets, requests);
}

TEST_F(redis_failures_live,
       a_network_that_swallows_everything_is_told_within_the_limit_and_used_again_when_it_is_back) {
    redis_store cells{options(2s, 30s)};
    const cell_version version = ask(cells, put("a", "1")).value().version;
    link.swallow();
    const cell_result said = ask(cells, get("a", 100ms));
    EXPECT_EQ(code_of(said), timed_out);
    EXPECT_NE(code_of(said), condition::never_sent);
    const cell_result lost = ask(cells, {.what = swap_cell{"a", version, "2"}, .limit = 100ms});
    EXPECT_EQ(code_of(lost), timed_out);
    link.pass();
    const cell_result seen = ask(cells, get("a"));
    ASSERT_TRUE(seen && seen->found) << "behind the late replies, which are nobody's";
    EXPECT_EQ(seen->found->value, "2") << "it was only late";
    EXPECT_EQ(link.connections(), 1U);
}

TEST_F(redis_failures_live, a_connection_that_says_nothing_is_given_up_and_made_anew) {
    redis_store cells{options(200ms, 300ms)};
    ASSERT_TRUE(ask(cells, put("a")));
    link.swallow();
    EXPECT_EQ(code_of(ask(cells, get("a"))), timed_out);
    const cell_result second = ask(cells, get("a"));
    EXPECT_EQ(code_of(second), condition::timeout) << "its own limit, or the connection's";
    std::this_thread::sleep_for(200ms);
    const cell_result third = ask(cells, get("a"));
    ASSERT_FALSE(third) << "the new connection is swallowed, too";
    EXPECT_EQ(third.error().code(), condition::timeout);
    EXPECT_EQ(third.error().code(), condition::never_sent) << "and was never open";
    EXPECT_EQ(link.connections(), 2U);
    std::this_thread::sleep_for(1s);  // for the attempt to connect
    link.cut();
    link.pass();
    EXPECT_TRUE(ask(cells, get("a")).value().found);
}

TEST_F(redis_failures_live, who_waits_for_a_dead_connection_is_told_when_it_is_given_up) {
    redis_store cells{options(300ms, 300ms)};
    ASSERT_TRUE(ask(cells, put("a")));
    link.swallow();
    std::promise<std::string> second;
    cells.begin(get("a", 100ms), [](cell_result) noexcept {});
    std::this_thread::sleep_for(100ms);
    cells.begin(get("a"), [&](cell_result said) noexcept { second.set_value(said ? "" : said.error().message()); });
    EXPECT_THAT(second.get_future().get(), HasSubstr("has said nothing for so long"));
}

TEST_F(redis_failures_live, a_reply_that_is_cut_in_the_middle_is_an_error) {
    redis_store cells{options()};
    const cell_reply made = ask(cells, put("a", std::string(200'000, 'x'))).value();
    link.cut_after(100'000);
    const cell_result cut = ask(cells, get("a"));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code(), reset);
    EXPECT_THAT(cut.error().message(), HasSubstr("was lost before the reply had come: "));
    const cell_result seen = ask(cells, get("a"));
    ASSERT_TRUE(seen && seen->found);
    EXPECT_EQ(seen->found->version, made.version);
}

TEST_F(redis_failures_live, a_connection_that_was_cut_while_nobody_asked_costs_nobody_anything) {
    redis_store cells{options()};
    ASSERT_TRUE(ask(cells, put("a")));
    for (int times = 0; times < 5; ++times) {
        link.cut();
        std::this_thread::sleep_for(20ms);
        EXPECT_EQ(code_of(ask(cells, get("a"))), std::error_code{}) << times;
    }
}

TEST_F(redis_failures_live, a_connection_that_is_cut_amid_large_writes_is_an_error) {
    redis_store cells{options()};
    const std::string large(4'000'000, 'x');
    for (int times = 0; times < 5; ++times) {
        std::latch left{3};
        for (int i = 0; i < 3; ++i)
            cells.begin(put(std::to_string(times * 3 + i), large), [&](cell_result) noexcept { left.count_down(); });
        link.cut();
        left.wait();
    }
    EXPECT_TRUE(ask(cells, put("after")));
}

/// A peer that ends its side in order, and then has no use for what still comes: the next write raises SIGPIPE.
TEST_F(redis_failures_live, a_write_to_a_connection_that_has_ended_ends_no_program) {
    asio::io_context context{1};
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    redis_store cells{at(acceptor.local_endpoint().port()), context.get_executor()};
    std::error_code told;
    cells.begin(put("a", std::string(8'000'000, 'x')), [&](cell_result said) noexcept { told = code_of(said); });
    {
        asio::io_context of_server{1};
        asio::ip::tcp::socket server_side{of_server};
        std::jthread peer{[&] {
            server_side = acceptor.accept(of_server);
            std::array<char, 16'384> greeting{};
            (void)server_side.read_some(asio::buffer(greeting));
            asio::write(server_side, asio::buffer(std::string_view{"+a\r\n+b\r\n+c\r\n"}));
        }};
        context.run_for(300ms);
        peer.join();
        server_side.shutdown(asio::ip::tcp::socket::shutdown_both);
    }
    std::this_thread::sleep_for(50ms);
    context.restart();
    context.run();
    EXPECT_EQ(told, reset);
}

TEST_F(redis_failures_live, a_slow_network_is_slow_and_nothing_else) {
    redis_store cells{options()};
    ASSERT_TRUE(ask(cells, put("a")));
    link.delay(50ms);
    const instant asked = now();
    EXPECT_TRUE(ask(cells, get("a")));
    EXPECT_GE(between(asked, now()), 90ms);
}

TEST_F(redis_failures_live, while_it_connects_requests_wait_no_longer_than_their_limits) {
    link.swallow();
    redis_store_options far = options();
    far.connect_timeout = 500ms;
    redis_store cells{far};
    const cell_result said = ask(cells, get("a", 100ms));
    EXPECT_EQ(code_of(said), condition::timeout);
    EXPECT_EQ(code_of(said), condition::never_sent);
    EXPECT_THAT(said.error().message(), AllOf(HasSubstr("no connection to 127.0.0.1"), HasSubstr("(limit 100ms)")));
    const cell_result longer = ask(cells, get("a"));
    EXPECT_EQ(code_of(longer), condition::never_sent);
    link.pass();
    EXPECT_TRUE(ask(cells, put("a")));
}

TEST_F(redis_failures_live, destroyed_with_requests_pending_each_is_told_once_that_it_was_cancelled) {
    bare_redis bare{server.port()};
    for (const bool is_connected : {true, false}) {
        std::atomic<int> cancelled{0};
        std::atomic<int> others{0};
        {
            redis_store cells{options()};
            if (is_connected) {
                ASSERT_TRUE(ask(cells, get("a")));
            }
            ASSERT_EQ(bare.said({"CLIENT", "PAUSE", "200", "ALL"}), "OK");
            for (int i = 0; i < 100; ++i)
                cells.begin(get(std::to_string(i)), [&](cell_result said) noexcept {
                    ++(!said && said.error().code() == errc::cancelled ? cancelled : others);
                });
            if (is_connected) std::this_thread::sleep_for(20ms);
        }
        EXPECT_EQ(cancelled, 100);
        EXPECT_EQ(others, 0);
        std::this_thread::sleep_for(200ms);
    }
}

TEST_F(redis_failures_live, a_context_may_go_with_everything_that_was_pending) {
    int told = 0;
    {
        asio::io_context context{1};
        redis_store cells{options(), context.get_executor()};
        cells.begin(get("a"), [&](cell_result said) noexcept { told += said ? 1 : 0; });
        context.run();
        link.swallow();
        for (int i = 0; i < 10; ++i) cells.begin(get("a"), [&](cell_result) noexcept { ++told; });
        context.restart();
        context.run_for(50ms);
    }
    EXPECT_EQ(told, 11);
}

/// Each is told that it was cancelled; whoever asks then hears that nothing was sent, for as long as the store is there.
TEST_F(redis_failures_live, a_context_may_go_before_the_store_amid_what_is_asked) {
    enum class stage : std::uint8_t { nobody_has_run_it, it_connects, it_is_connected, it_is_idle };
    for (const stage at : {stage::nobody_has_run_it, stage::it_connects, stage::it_is_connected, stage::it_is_idle}) {
        auto context = std::make_unique<asio::io_context>(1);
        redis_store cells{options(), context->get_executor()};
        if (at >= stage::it_is_connected) {
            cells.begin(get("a"), [](const cell_result& said) noexcept { EXPECT_TRUE(said); });
            context->run();
            context->restart();
        }
        link.swallow();
        int cancelled = 0;
        int refused = 0;
        const auto again = [&](const cell_result& said) noexcept {
            cancelled += code_of(said) == errc::cancelled ? 1 : 0;
            cells.begin(get("a"),
                        [&](const cell_result& then) noexcept { refused += code_of(then) == errc::withdrawn ? 1 : 0; });
        };
        for (int i = 0; at != stage::it_is_idle && i < 10; ++i) cells.begin(get("a"), again);
        if (at != stage::nobody_has_run_it) context->run_for(50ms);
        context.reset();
        link.pass();
        EXPECT_EQ(cancelled, at == stage::it_is_idle ? 0 : 10);
        EXPECT_EQ(refused, cancelled);
        const cell_result late = ask(cells, put("a"));
        EXPECT_EQ(code_of(late), errc::withdrawn);
        EXPECT_EQ(code_of(late), condition::never_sent);
        EXPECT_THAT(late.error().message(), HasSubstr("has been destroyed"));
    }
}

TEST_F(redis_failures_live, a_context_may_go_while_threads_block_for_replies) {
    for (int times = 0; times < 20; ++times) {
        auto threads = std::make_unique<asio::thread_pool>(2);
        redis_store cells{options(), threads->get_executor()};
        std::atomic<int> answered{0};
        std::atomic<int> ended{0};
        std::vector<std::jthread> all;
        for (int i = 0; i < 4; ++i)
            all.emplace_back([&] {
                cell_result said = ask(cells, get("a"));
                for (; said; said = ask(cells, get("a"))) ++answered;
                if (said.error().code() == errc::cancelled || said.error().code() == errc::withdrawn) ++ended;
            });
        while (answered < 20 && ended == 0) std::this_thread::yield();
        if (times % 2 == 0) {
            link.swallow();
            std::this_thread::sleep_for(5ms);
        }
        threads.reset();
        all.clear();
        link.pass();
        EXPECT_EQ(ended, 4);
    }
}

TEST_F(redis_failures_live, a_completion_may_destroy_the_store_when_the_context_goes) {
    auto context = std::make_unique<asio::io_context>(1);
    auto cells = std::make_unique<redis_store>(options(), context->get_executor());
    int told = 0;
    for (int i = 0; i < 3; ++i)
        cells->begin(get("a"), [&](const cell_result&) noexcept {
            if (told++ == 0) cells.reset();
        });
    context.reset();
    EXPECT_EQ(told, 3);
}

TEST_F(redis_failures_live, a_child_of_a_fork_is_refused_and_leaves_its_parents_connection_alone) {
    auto cells = std::make_unique<redis_store>(options());
    ASSERT_TRUE(ask(*cells, put("a", "1")));
    const pid_t child = ::fork();
    if (child == 0) {
        const cell_result said = ask(*cells, get("a"));
        const bool is_right =
            code_of(said) == std::errc::operation_not_permitted && code_of(said) == condition::never_sent;
        cells.reset();
        ::_exit(is_right ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(ask(*cells, get("a")).value().found->value, "1");
}

TEST_F(redis_failures_live, whoever_asks_again_when_the_store_is_destroyed_is_refused) {
    int refused = 0;
    {
        redis_store cells{options()};
        link.swallow();
        for (int i = 0; i < 10; ++i)
            cells.begin(get("a"), [&](const cell_result&) noexcept {
                cells.begin(get("a"), [&](const cell_result& then) noexcept {
                    refused += code_of(then) == errc::withdrawn ? 1 : 0;
                });
            });
    }
    EXPECT_EQ(refused, 10);
}

TEST_F(redis_failures_live, a_completion_may_destroy_the_store) {
    auto cells = std::make_unique<redis_store>(options());
    std::promise<void> gone;
    cells->begin(get("a"), [&](cell_result) noexcept {
        cells.reset();
        gone.set_value();
    });
    gone.get_future().wait();
    asio::io_context context{1};
    auto others = std::make_unique<redis_store>(options(), context.get_executor());
    int told = 0;
    for (int i = 0; i < 3; ++i)
        others->begin(get("a"), [&](cell_result) noexcept {
            if (told++ == 0) others.reset();
        });
    context.run();
    EXPECT_EQ(told, 3);
}

TEST_F(redis_failures_live, a_completion_may_ask_again) {
    redis_store cells{options()};
    std::promise<int> all;
    int left = 100;
    std::function<void()> next = [&] {
        cells.begin(get("a"), [&](cell_result) noexcept { --left == 0 ? all.set_value(left) : next(); });
    };
    next();
    EXPECT_EQ(all.get_future().get(), 0);
}

TEST_F(redis_failures_live, who_speaks_no_redis_is_an_error) {
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    std::jthread http{[&] {
        asio::ip::tcp::socket client = acceptor.accept();
        client.write_some(asio::buffer(std::string_view{"HTTP/1.1 400 Bad Request\r\n\r\n"}));
        std::array<char, 4'096> ignored{};
        boost::system::error_code failed;
        while (!failed) client.read_some(asio::buffer(ignored), failed);
    }};
    {
        redis_store cells{at(acceptor.local_endpoint().port())};
        const cell_result said = ask(cells, get("a"));
        ASSERT_FALSE(said);
        EXPECT_EQ(said.error().code(), condition::never_sent);
        EXPECT_THAT(said.error().message(), HasSubstr("Protocol error"));
    }
}

TEST_F(redis_failures_live, too_many_clients_are_an_error_that_says_so) {
    bare_redis bare{server.port()};
    ASSERT_EQ(bare.said({"CONFIG", "SET", "maxclients", "1"}), "OK");
    redis_store cells{options()};
    const cell_result said = ask(cells, get("a"));
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code(), condition::never_sent);
    EXPECT_THAT(said.error().message(), HasSubstr("max number of clients"));
    ASSERT_EQ(bare.said({"CONFIG", "SET", "maxclients", "100"}), "OK");
    EXPECT_TRUE(ask(cells, get("a")));
}

/// What comes at any time, for a while: each request is told once, and a version never goes backwards.
TEST_F(redis_failures_live, chaos_loses_no_request_and_no_write_that_was_told) {
    redis_store cells{options(300ms, 500ms)};
    std::atomic<bool> ends{false};
    std::atomic<long> told_done{0};
    std::atomic<long> unknown{0};
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < 4; ++i)
            all.emplace_back([&] {
                while (!ends) {
                    const cell_result seen = ask(cells, get("n"));
                    if (!seen) continue;
                    const long count = seen->found ? std::stol(seen->found->value) : 0;
                    const cell_version version = seen->found ? seen->found->version : 0;
                    const cell_result said = ask(cells, {swap_cell{"n", version, std::to_string(count + 1)}});
                    if (said && said->done) ++told_done;
                    if (!said && said.error().code() != condition::never_sent) ++unknown;
                }
            });
        for (int round = 0; round < 12; ++round) {
            std::this_thread::sleep_for(100ms);
            if (round % 4 == 0) link.cut();
            if (round % 4 == 1) link.cut_after(500);
            if (round % 4 == 2) link.swallow();
            if (round % 4 == 3) link.refuse();
            std::this_thread::sleep_for(100ms);
            link.pass();
        }
        ends = true;
    }
    link.cut();
    const cell_result last = ask(cells, get("n"));
    ASSERT_TRUE(last && last->found);
    const long count = std::stol(last->found->value);
    EXPECT_GE(count, told_done);
    EXPECT_LE(count, told_done + unknown);
    EXPECT_GT(told_done, 100);
}

}  // namespace
}  // namespace cutwater
