#include "cutwater/http/http_client.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/scripted_server_live_test.hpp"
#include "cutwater/http/send_live_test.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "test/servers/nginx.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;
using namespace testing;  // the servers of these tests
using ::testing::HasSubstr;

duration time_of(const std::function<void()>& work) {
    const instant start = now();
    work();
    return between(start, now());
}

TEST(http_client_live, sends_a_request_and_gives_the_answer) {
    scripted_server server{answers("HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Length: 5\r\n\r\nhello")};
    http_request post = request_to(server.url("/items?a=b"), "POST");
    post.fields = {{"content-type", "text/plain"}};
    post.body = "seven pieces";
    const auto got = send_with(http_client{}, post);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->status, 201U);
    EXPECT_EQ(got->fields.find("x-id"), "7");
    EXPECT_EQ(got->body, "hello");
    ASSERT_EQ(server.seen().size(), 1U);
    EXPECT_EQ(server.seen()[0].method_string(), "POST");
    EXPECT_EQ(server.seen()[0].target(), "/items?a=b");
    EXPECT_EQ(server.seen()[0].body(), "seven pieces");
    EXPECT_EQ(server.seen()[0]["Host"], "127.0.0.1:" + std::to_string(server.port()));
}

TEST(http_client_live, finds_a_host_by_its_name) {
    scripted_server server{answers(answer_ok)};
    EXPECT_TRUE(send_with(http_client{}, request_to("http://localhost:" + std::to_string(server.port()) + "/")));
}

TEST(http_client_live, refuses_an_invalid_request_before_anything_is_sent) {
    scripted_server server{answers(answer_ok)};
    http_request bad = request_to(server.url("/"));
    bad.fields = {{"X", "a\r\nb"}};
    EXPECT_EQ(send_with(http_client{}, bad).error().code(), http_errc::invalid_request);
    EXPECT_EQ(server.connections(), 0U);
}

TEST(http_client_live, T58_a_closed_port_was_never_sent_to_and_even_a_post_is_tried_again) {
    const std::string url = "http://127.0.0.1:" + std::to_string(free_port()) + "/";
    pipeline guarded{retry{{.max_attempts = 3, .base_delay = 1ms}}, classify{http_rules{}}};
    const auto got = send_through(guarded, request_to(url, "POST"));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), std::errc::connection_refused);
    EXPECT_EQ(got.error().code(), condition::never_sent);
    EXPECT_EQ(got.error().history().size(), 3U);
    EXPECT_THAT(got.error().message(), HasSubstr("cannot connect to 127.0.0.1:"));
}

TEST(http_client_live, T58_after_a_hang_up_a_get_is_tried_again_and_a_post_is_not) {
    pipeline guarded{retry{{.max_attempts = 3, .base_delay = 1ms}}, classify{http_rules{}}};
    scripted_server flaky{hangs_up, hangs_up, answers(answer_ok)};
    EXPECT_EQ(send_through(guarded, request_to(flaky.url("/")))->body, "ok\n");
    scripted_server other{hangs_up, answers(answer_ok)};
    const auto posted = send_through(guarded, request_to(other.url("/"), "POST"));
    ASSERT_FALSE(posted);
    EXPECT_EQ(posted.error().code(), http_errc::connection_closed);
    EXPECT_EQ(other.connections(), 1U);
}

/// A call through a pipeline of which nothing is said but what it asks.
result<http_response> unstated(const http_request& request, const call_options& own = {}) {
    pipeline guarded{retry{{.max_attempts = 3, .base_delay = 1ms}}, timeout{{.name = "attempt", .after = 2s}},
                     classify{http_rules{}}};
    return await_here([&] { return http_client{}.send_through(guarded, request, own); });
}

TEST(http_client_live, T58_a_post_of_which_nothing_is_said_is_sent_once_where_it_may_have_had_an_effect) {
    constexpr auto unavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    for (const scripted_server::act& fails :
         {scripted_server::act{answers(unavailable)}, scripted_server::act{hangs_up}, scripted_server::act{hangs}}) {
        for (const auto* const method : {"POST", "PATCH"}) {
            scripted_server server{fails, answers(answer_ok)};
            const auto got = unstated(request_to(server.url("/"), method));
            EXPECT_TRUE(!got || got->status == 503U);
            EXPECT_EQ(server.connections(), 1U);
        }
        scripted_server asked{fails, answers(answer_ok)};
        const auto got = unstated(request_to(asked.url("/")));
        ASSERT_TRUE(got);
        EXPECT_EQ(got->status, 200U);
        EXPECT_EQ(asked.connections(), 2U);
    }
}

TEST(http_client_live, T58_a_post_is_sent_again_for_its_key_its_callers_word_or_as_it_never_left) {
    scripted_server with_key{hangs_up, answers(answer_ok)};
    http_request keyed = request_to(with_key.url("/"), "POST");
    keyed.fields.add("Idempotency-Key", "\"k7\"");
    EXPECT_EQ(unstated(keyed)->status, 200U);
    scripted_server trusted{hangs_up, answers(answer_ok)};
    const call_options said{.idempotent = idempotency::idempotent};
    EXPECT_EQ(unstated(request_to(trusted.url("/"), "POST"), said)->status, 200U);
    const auto refused = unstated(request_to("http://127.0.0.1:" + std::to_string(free_port()) + "/", "POST"));
    EXPECT_EQ(refused.error().history().size(), 3U);
}

TEST(http_client_live, a_host_that_does_not_exist_was_never_sent_to) {
    const auto got = send_with(http_client{}, request_to("http://no-such-host.invalid/"));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), condition::never_sent);
    EXPECT_THAT(got.error().message(), HasSubstr("cannot look up no-such-host.invalid"));
}

/// Each phase in which a server can keep a client waiting; the attempt's timeout ends it.
struct slow_case {
    const char* what;
    scripted_server::act server;
    const char* scheme;
    http_phase phase;
};

void trickles(scripted_server& server, scripted_server::socket& s) {
    server.read_request(s);
    scripted_server::write(s, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhel");
    scripted_server::wait_for_end(s);
}
void sends_half_a_header(scripted_server& server, scripted_server::socket& s) {
    server.read_request(s);
    scripted_server::write(s, "HTTP/1.1 200 OK\r\nX-Half: ");
    scripted_server::wait_for_end(s);
}

TEST(http_client_live, T41_an_attempts_timeout_ends_it_in_every_phase) {
    const slow_case cases[] = {
        {"no TLS", tarpits, "https", http_phase::securing},
        {"no answer", hangs, "http", http_phase::waiting},
        {"half a header", sends_half_a_header, "http", http_phase::waiting},
        {"half a body", trickles, "http", http_phase::receiving},
    };
    for (const slow_case& c : cases) {
        scripted_server server{c.server};
        pipeline guarded{timeout{{.name = "attempt", .after = 100ms}}, classify{http_rules{}}};
        http_phase at{};
        const duration took = time_of([&] {
            const auto got = send_through(guarded, request_to(server.url("/", c.scheme)), &at);
            ASSERT_FALSE(got) << c.what;
            EXPECT_EQ(got.error().code(), errc::timed_out) << c.what << ": " << got.error().message();
        });
        EXPECT_EQ(at, c.phase) << c.what;
        EXPECT_GE(took, 100ms) << c.what;
        EXPECT_LT(took, 5s) << c.what;
    }
}

TEST(http_client_live, an_upload_that_nobody_reads_ends_with_its_timeout) {
    scripted_server server{[](scripted_server&, scripted_server::socket& s) {
        boost::system::error_code gone;
        s.wait(scripted_server::socket::wait_error, gone);
    }};
    http_request post = request_to(server.url("/"), "PUT");
    post.body.assign(64U << 20U, 'x');
    pipeline guarded{timeout{{.name = "attempt", .after = 200ms}}, classify{http_rules{}}};
    http_phase at{};
    const auto got = send_through(guarded, post, &at);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::timed_out);
    EXPECT_EQ(at, http_phase::sending);
}

TEST(http_client_live, a_hanging_attempt_is_given_up_and_the_next_one_rescues_the_call) {
    scripted_server server{hangs, hangs, answers(answer_ok)};
    event_recorder heard;
    pipeline guarded{observe{heard}, timeout{{.name = "total", .after = 10s}},
                     retry{{.max_attempts = 3, .base_delay = 1ms}}, timeout{{.name = "attempt", .after = 100ms}},
                     classify{http_rules{}}};
    const auto got = send_through(guarded, request_to(server.url("/")));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, "ok\n");
    EXPECT_EQ(heard.count("timed_out"), 2U);
    EXPECT_EQ(heard.last("retry_rescued").field("attempts"), "3");
}

TEST(http_client_live, T52_the_total_timeout_is_a_hard_bound_over_hanging_attempts) {
    scripted_server server{hangs};
    pipeline guarded{timeout{{.name = "total", .after = 300ms}}, retry{{.max_attempts = 100, .base_delay = 1ms}},
                     timeout{{.name = "attempt", .after = 70ms}}, classify{http_rules{}}};
    const duration took = time_of([&] {
        const auto got = send_through(guarded, request_to(server.url("/")));
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), condition::timeout);
    });
    EXPECT_LT(took, 3s);
}

TEST(http_client_live, T37_the_callers_cancellation_ends_it_at_once_and_is_no_failure) {
    scripted_server server{hangs};
    event_recorder heard;
    pipeline guarded{observe{heard}, retry{}, timeout{{.name = "attempt", .after = 60s}}, classify{http_rules{}}};
    asio::cancellation_signal cancel;
    const http_request request = request_to(server.url("/"));
    const http_client client;
    const auto got = await_here(
        [&]() -> asio::awaitable<result<http_response>> {
            const auto executor = co_await asio::this_coro::executor;
            asio::steady_timer soon{executor, 50ms};
            soon.async_wait([&](const auto&) { cancel.emit(asio::cancellation_type::terminal); });
            co_await asio::this_coro::throw_if_cancelled(false);
            co_return co_await guarded.async_run([&] { return client.send(request); });
        },
        cancel.slot());
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::cancelled);
    EXPECT_EQ(heard.count("retry_scheduled"), 0U);
}

TEST(http_client_live, takes_an_answer_that_comes_before_the_request_is_read) {
    scripted_server server{[](scripted_server&, scripted_server::socket& s) {
        scripted_server::write(s, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        std::array<char, 65536> some{};
        boost::system::error_code end;
        s.read_some(asio::buffer(some), end);
        s.close(end);  // with what was not read: a reset
    }};
    http_request post = request_to(server.url("/"), "POST");
    post.body.assign(32U << 20U, 'x');
    const auto got = send_with(http_client{}, post);
    if (got)
        EXPECT_EQ(got->status, 413U);
    else  // the reset can overtake the answer: then at least it is an error of sending
        EXPECT_EQ(got.error().code(), condition::network) << got.error().message();
}

TEST(http_client_live, carries_a_large_body_both_ways) {
    std::string large(4U << 20U, 'x');
    for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i % 256);
    scripted_server server{
        answers("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large)};
    http_request put = request_to(server.url("/"), "PUT");
    put.body = large;
    const http_client small{{.max_body = 1024}};
    EXPECT_EQ(send_with(small, put).error().code(), http_errc::body_too_large);
    scripted_server second{answers("HTTP/1.1 200 OK\r\n\r\n" + large)};
    put.url = *http_url::parse(second.url("/"));
    const auto got = send_with(http_client{}, put);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->body, large);
}

TEST(http_client_live, serves_many_calls_at_once) {
    scripted_server server{answers(answer_ok)};
    const http_client client;
    const http_request request = request_to(server.url("/"));
    asio::io_context context{1};
    int fine = 0;
    for (int i = 0; i < 100; ++i)
        asio::co_spawn(
            context, [&]() -> asio::awaitable<void> { fine += (co_await client.send(request)).has_value() ? 1 : 0; },
            asio::detached);
    context.run();
    EXPECT_EQ(fine, 100);
}

TEST(http_client_live, serves_calls_on_a_strand_and_in_a_scope) {
    scripted_server server{answers(answer_ok)};
    const http_client client;
    const http_request request = request_to(server.url("/"));
    asio::io_context context{1};
    int fine = 0;
    const auto asks = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 20; ++i) fine += (co_await client.send(request)).has_value() ? 1 : 0;
    };
    for (int i = 0; i < 5; ++i) {
        asio::co_spawn(asio::make_strand(context), asks, asio::detached);
        spawn_in(kept_scope{call_options{.tenant = "a"}}, context.get_executor(), asks, asio::detached);
    }
    context.run();
    EXPECT_EQ(fine, 200);
}

TEST(http_client_live, can_be_destroyed_at_any_suspension) {
    scripted_server server{hangs};
    const http_client client;
    for (const auto& url : {server.url("/"), server.url("/", "https"), std::string{"http://localhost:1/"}}) {
        for (int steps = 0; steps < 12; ++steps) {
            asio::io_context context{1};
            const http_request request = request_to(url);
            asio::co_spawn(
                context, [&]() -> asio::awaitable<void> { (void)co_await client.send(request); }, asio::detached);
            for (int i = 0; i < steps; ++i) context.run_one_for(2ms);
        }
    }
}

TEST(http_client, names_what_is_wrong_with_its_options) {
    EXPECT_THROW(http_client{{.max_header = 1}}, invalid_options);
    EXPECT_THROW(http_client{{.user_agent = "shop\r\nX-Admin: yes"}}, invalid_options);
    try {
        const http_client client{{.name = "stock", .ca_file = "no/such/file.pem"}};
        FAIL() << "a file that does not exist was accepted";
    } catch (const invalid_options& e) {
        EXPECT_THAT(e.what(), HasSubstr("ca_file"));
        EXPECT_THAT(e.what(), HasSubstr("No such file"));
    }
}

}  // namespace
}  // namespace cutwater
