#include "cutwater/admin/admin_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>  // tidy: allow third-party because a child of a fork is the test
#include <unistd.h>    // tidy: allow third-party because a child of a fork is the test

#include <atomic>
#include <csignal>
#include <latch>
#include <memory>
#include <random>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cutwater/admin/admin_client_live_test.hpp"
#include "cutwater/admin/health_pages.hpp"
#include "cutwater/admin/loop_heartbeat.hpp"
#include "cutwater/health/health_runner.hpp"

namespace cutwater {
namespace {

using testing::admin_client;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace http = boost::beast::http;

void until(const auto& holds) {
    while (!holds()) std::this_thread::yield();
}

class admin_server_live : public ::testing::Test {
protected:
    static std::unique_ptr<admin_server> started(admin_options options = {}) {
        options.port = 0;
        auto made = std::make_unique<admin_server>(std::move(options));
        made->page("/hello", [](const page_request&) { return page_answer{.body = "hello\n"}; });
        made->start();
        return made;
    }
};

TEST_F(admin_server_live, shows_its_pages_on_a_connection_that_is_kept) {
    const auto admin = started();
    admin_client client{admin->port()};
    for (int i = 0; i < 3; ++i) {
        const auto got = client.get("/hello");
        EXPECT_EQ(got.result_int(), 200U);
        EXPECT_EQ(got.body(), "hello\n");
    }
    EXPECT_EQ(client.get("/other").result_int(), 404U);
    EXPECT_EQ(client.send(http::verb::delete_, "/hello").result_int(), 405U);
    EXPECT_EQ(client.get("/hello").result_int(), 200U);
    EXPECT_EQ(admin->connections(), 1U);
}

TEST_F(admin_server_live, HEAD_says_the_length_and_sends_nothing) {
    const auto admin = started();
    admin_client client{admin->port()};
    const auto got = client.send(http::verb::head, "/hello");
    EXPECT_EQ(got[http::field::content_length], "6");
    EXPECT_EQ(client.get("/hello").body(), "hello\n") << "and the next answer is where it should be";
}

TEST_F(admin_server_live, an_old_client_is_hung_up_on_after_its_answer) {
    const auto admin = started();
    admin_client client{admin->port()};
    ASSERT_TRUE(client.write("GET /hello HTTP/1.0\r\n\r\n"));
    EXPECT_THAT(client.read_to_end(), HasSubstr("\r\n\r\nhello\n"));
}

TEST_F(admin_server_live, requests_may_come_one_right_after_the_other) {
    const auto admin = started();
    admin_client client{admin->port()};
    ASSERT_TRUE(client.write("GET /hello HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\nGET /no HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(client.receive().body(), "hello\n");
    EXPECT_EQ(client.receive().body(), "hello\n");
    EXPECT_EQ(client.receive().result_int(), 404U);
}

TEST_F(admin_server_live, what_is_no_request_is_told_so_and_hung_up_on) {
    const auto admin = started({.max_header = 1024, .max_body = 100});
    const auto answer_to = [&](const std::string& bytes) {
        admin_client client{admin->port()};
        client.write(bytes);
        return client.read_to_end();
    };
    EXPECT_THAT(answer_to("\x16\x03\x01\x02 this is TLS\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(answer_to("GET / HTTP/9.9\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x')),
                StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_EQ(admin_client{admin->port()}.get("/hello").result_int(), 200U);
}

TEST_F(admin_server_live, garbage_of_any_kind_hurts_nobody) {
    const auto admin = started({.request_timeout = 1s});
    std::mt19937 dice{42};
    for (int i = 0; i < 200; ++i) {
        std::string bytes(dice() % 2000, '\0');
        for (char& each : bytes) each = static_cast<char>(dice());
        if (i % 2 == 0) bytes.insert(0, "GET /hello HTTP/1.1\r\n");
        admin_client client{admin->port()};
        client.write(bytes);
    }
    EXPECT_EQ(admin_client{admin->port()}.get("/hello").result_int(), 200U);
    until([&] { return admin->connections() == 0; });
}

TEST_F(admin_server_live, who_sends_a_byte_now_and_then_is_hung_up_on) {
    const auto admin = started({.request_timeout = 100ms});
    admin_client slow{admin->port()};
    bool hears_it = true;
    for (int i = 0; i < 1'000'000 && hears_it; ++i) {
        hears_it = slow.write(i == 0 ? "GET /hello HTTP/1.1\r\n" : "X: y\r\n");
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_FALSE(hears_it);
    until([&] { return admin->connections() == 0; });
}

TEST_F(admin_server_live, who_says_nothing_is_hung_up_on) {
    const auto admin = started({.request_timeout = 50ms, .idle_timeout = 50ms});
    admin_client silent{admin->port()};
    EXPECT_EQ(silent.read_to_end(), "");
    admin_client idle{admin->port()};
    EXPECT_EQ(idle.get("/hello").result_int(), 200U);
    EXPECT_EQ(idle.read_to_end(), "");
}

TEST_F(admin_server_live, who_opens_many_and_says_nothing_keeps_nobody_out) {
    const auto admin = started({.max_connections = 8, .request_timeout = 10min, .idle_timeout = 1h});
    std::vector<std::unique_ptr<admin_client>> flood;
    for (int i = 0; i < 100; ++i) {
        flood.push_back(std::make_unique<admin_client>(admin->port()));
        flood.back()->write("GET /hello");
        if (i % 10 == 0) {
            EXPECT_EQ(admin_client{admin->port()}.get("/hello").result_int(), 200U) << i;
        }
        EXPECT_LE(admin->connections(), 8U);
    }
}

TEST_F(admin_server_live, who_does_not_read_the_answer_is_hung_up_on) {
    std::atomic<bool> is_asked{false};
    admin_server admin{{.port = 0, .request_timeout = 100ms}};
    admin.page("/large", [&](const page_request&) {
        is_asked = true;
        return page_answer{.body = std::string(64U << 20U, 'x')};
    });
    admin.start();
    admin_client greedy{admin.port()};
    ASSERT_TRUE(greedy.write("GET /large HTTP/1.1\r\n\r\n"));
    until([&] { return is_asked.load(); });
    until([&] { return admin.connections() == 0; });
}

TEST_F(admin_server_live, many_at_once_are_served) {
    const auto admin = started();
    std::atomic<int> fine{0};
    std::vector<std::jthread> all;
    for (int i = 0; i < 8; ++i)
        all.emplace_back([&] {
            admin_client client{admin->port()};
            for (int each = 0; each < 100; ++each) fine += client.get("/hello").result_int() == 200U ? 1 : 0;
        });
    all.clear();
    EXPECT_EQ(fine, 800);
}

TEST_F(admin_server_live, says_where_it_cannot_listen) {
    const auto admin = started();
    admin_server second{{.port = admin->port()}};
    try {
        second.start();
        FAIL() << "two listen on one port";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::address_in_use);
        EXPECT_THAT(e.what(), HasSubstr("cannot listen on 127.0.0.1 port " + std::to_string(admin->port())));
    }
    admin_server nowhere{{.address = "localhost", .port = 0}};
    EXPECT_THROW(nowhere.start(), std::system_error) << "a name is no address";
    EXPECT_THROW(admin_server{{.max_connections = 0}}, invalid_options);
}

TEST_F(admin_server_live, stops_while_clients_are_there) {
    auto admin = started();
    admin_client client{admin->port()};
    EXPECT_EQ(client.get("/hello").result_int(), 200U);
    admin->stop();
    EXPECT_EQ(client.read_to_end(), "");
    admin.reset();
}

TEST_F(admin_server_live, starts_again_after_it_was_stopped) {
    admin_server admin{{.port = 0}};
    admin.page("/hello", [](const page_request&) { return page_answer{.body = "hello\n"}; });
    EXPECT_EQ(admin.port(), 0U);
    for (int i = 0; i < 3; ++i) {
        admin.start();
        admin_client client{admin.port()};
        EXPECT_EQ(client.get("/hello").body(), "hello\n");
        EXPECT_EQ(admin.connections(), 1U);
        admin.stop();
        EXPECT_EQ(client.read_to_end(), "");
        EXPECT_EQ(admin.port(), 0U);
        EXPECT_EQ(admin.connections(), 0U);
        admin.stop();  // once was enough
    }
    admin.page("/later", [](const page_request&) { return page_answer{.body = "later\n"}; });
    admin.start();
    EXPECT_EQ(admin_client{admin.port()}.get("/later").body(), "later\n");
}

TEST_F(admin_server_live, starts_again_where_it_listened) {
    const auto first = started();
    admin_server admin{{.port = first->port()}};
    admin.page("/hello", [](const page_request&) { return page_answer{.body = "mine\n"}; });
    EXPECT_THROW(admin.start(), std::system_error) << "another listens there";
    first->stop();
    for (int i = 0; i < 2; ++i) {
        admin.start();
        EXPECT_EQ(admin_client{admin.port()}.get("/hello").body(), "mine\n") << "a start that failed is no hindrance";
        admin.stop();
    }
}

TEST_F(admin_server_live, starts_again_where_it_listened_though_a_child_of_fork_goes_on) {
    auto first = started();
    admin_server again{{.port = first->port()}};
    admin_client client{first->port()};
    EXPECT_EQ(client.get("/hello").body(), "hello\n");
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        for (;;) ::pause();
    }
    first->stop();
    EXPECT_EQ(client.read_to_end(), "") << "and is hung up on, though the child has its connection";
    EXPECT_NO_THROW(again.start());
    ::kill(child, SIGKILL);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WTERMSIG(status), SIGKILL) << "until then the child has both";
}

TEST_F(admin_server_live, what_listens_cannot_be_started) {
    const auto admin = started();
    try {
        admin->start();
        FAIL() << "it listens";
    } catch (const std::system_error& e) {
        EXPECT_THAT(e.what(), HasSubstr("it listens already, on port " + std::to_string(admin->port()) + "; stop it"));
    }
    EXPECT_EQ(admin_client{admin->port()}.get("/hello").body(), "hello\n") << "and goes on as it was";
}

TEST_F(admin_server_live, probes_wait_for_no_page) {
    health_monitor health;
    std::latch is_asked{1};
    std::latch end{1};
    admin_server admin{{.port = 0}};
    add_health_pages(admin, health);
    admin.page("/metrics", [&](const page_request&) {
        is_asked.count_down();
        end.wait();
        return page_answer{.body = "a lot\n"};
    });
    admin.start();
    admin_client scraper{admin.port()};
    ASSERT_TRUE(scraper.write("GET /metrics HTTP/1.1\r\n\r\n"));
    is_asked.wait();
    admin_client client{admin.port()};
    for (const char* const probe : {"/livez", "/readyz", "/startupz", "/healthz", "/nowhere"})
        EXPECT_EQ(client.get(probe).result_int(), probe == std::string_view{"/nowhere"} ? 404U : 200U) << probe;
    end.count_down();
    EXPECT_EQ(scraper.receive().body(), "a lot\n");
}

TEST_F(admin_server_live, who_asks_for_pages_without_end_keeps_no_probe_out) {
    std::atomic<int> made{0};
    std::latch end{1};
    admin_server admin{{.port = 0, .max_connections = 8}};
    admin.page("/metrics", [&](const page_request&) {
        ++made;
        end.wait();
        return page_answer{.body = "a lot\n"};
    });
    admin.probe("/livez", [](const page_request&) { return page_answer{.body = "alive\n"}; });
    admin.start();
    admin_client prober{admin.port()};
    std::vector<std::unique_ptr<admin_client>> scrapers;
    for (int i = 0; i < 4; ++i) {
        scrapers.push_back(std::make_unique<admin_client>(admin.port()));
        scrapers.back()->write("GET /livez HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n");
        EXPECT_EQ(scrapers.back()->receive().body(), "alive\n");
        for (int turn = 0; turn < 3; ++turn) EXPECT_EQ(prober.get("/livez").body(), "alive\n");
    }
    EXPECT_EQ(admin_client{admin.port()}.get("/metrics").result_int(), 503U);
    EXPECT_EQ(admin_client{admin.port()}.get("/livez").body(), "alive\n");
    until([&] { return made > 0; });
    EXPECT_EQ(made, 1) << "one at a time";
    end.count_down();
    for (const auto& each : scrapers) EXPECT_EQ(each->receive().body(), "a lot\n");
    EXPECT_EQ(admin_client{admin.port()}.get("/metrics").result_int(), 200U);
}

TEST_F(admin_server_live, stops_while_pages_are_made) {
    for (int i = 0; i < 20; ++i) {
        std::latch is_asked{1};
        admin_server admin{{.port = 0}};
        admin.page("/slow", [&, first = true](const page_request&) mutable {
            if (std::exchange(first, false)) is_asked.count_down();
            std::this_thread::sleep_for(1ms);
            return page_answer{};
        });
        admin.start();
        std::vector<std::unique_ptr<admin_client>> clients;
        for (int each = 0; each < 5; ++each) {
            clients.push_back(std::make_unique<admin_client>(admin.port()));
            clients.back()->write("GET /slow HTTP/1.1\r\n\r\n");
        }
        is_asked.wait();
        admin.stop();
        EXPECT_EQ(admin.connections(), 0U);
    }
}

TEST_F(admin_server_live, a_loop_that_is_stuck_is_seen_and_the_pages_are_shown_meanwhile) {
    health_monitor health;
    admin_server admin{{.port = 0}};
    add_health_pages(admin, health);
    admin.start();
    boost::asio::io_context io{1};
    std::latch is_stuck{1};
    std::latch end{1};
    boost::asio::co_spawn(io, beat_in_loop(health.heartbeat({.name = "event loop", .within = 100ms})),
                          boost::asio::detached);
    std::jthread loop{[&] { io.run(); }};
    admin_client client{admin.port()};
    EXPECT_EQ(client.get("/livez").result_int(), 200U);
    boost::asio::post(io, [&] {
        is_stuck.count_down();
        end.wait();
    });
    is_stuck.wait();
    until([&] { return client.get("/livez").result_int() == 503U; });
    EXPECT_THAT(client.get("/livez").body(), HasSubstr(R"("because":["event loop"])"));
    end.count_down();
    until([&] { return client.get("/livez").result_int() == 200U; });
    io.stop();
}

TEST_F(admin_server_live, probes_follow_a_check_that_a_runner_runs) {
    std::atomic<bool> works{true};
    health_monitor health;
    health.check({.name = "disk", .period = 10ms, .readiness = readiness_effect::own}, [&] { return works.load(); });
    health_runner runner{health};
    admin_server admin{{.port = 0}};
    add_health_pages(admin, health);
    admin.start();
    admin_client client{admin.port()};
    until([&] { return client.get("/readyz").result_int() == 200U; });
    works = false;
    until([&] { return client.get("/readyz").result_int() == 503U; });
    EXPECT_EQ(client.get("/livez").result_int(), 200U);
    EXPECT_EQ(client.get("/startupz").result_int(), 200U);
    works = true;
    until([&] { return client.get("/readyz").result_int() == 200U; });
    health.drain();
    const auto drained = client.get("/readyz");
    EXPECT_EQ(drained.result_int(), 503U);
    EXPECT_THAT(drained.body(), HasSubstr("it drains"));
    EXPECT_EQ(drained[http::field::cache_control], "no-store");
}

}  // namespace
}  // namespace cutwater
