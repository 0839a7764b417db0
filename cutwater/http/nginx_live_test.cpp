#include "test/servers/nginx.hpp"

#include <gmock/gmock.h>

#include "cutwater/http/certificates_live_test.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/send_live_test.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater {
namespace {

using namespace testing;  // the servers of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::expected<http_response, error> send(const http_client& client, const std::string& url) {
    return send_with(client, request_to(url));
}

template <class Pipeline>
result<http_response> guarded_send(Pipeline& guarded, const std::string& url) {
    return send_through(guarded, request_to(url));
}

TEST(nginx_live, answers) {
    nginx server{"location /hello { return 200 'hello\\n'; }"};
    const auto got = send(http_client{}, server.url("/hello"));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->status, 200U);
    EXPECT_EQ(got->body, "hello\n");
    EXPECT_THAT(std::string{got->fields.find("server").value_or("")}, HasSubstr("nginx"));
    EXPECT_EQ(send(http_client{}, server.url("/nothing-here"))->status, 404U);
    EXPECT_THAT(server.requests(2), ElementsAre("GET /hello 200", "GET /nothing-here 404"));
}

TEST(nginx_live, that_is_stopped_refuses_and_that_is_started_again_answers) {
    nginx server{"location / { return 200 ok; }"};
    const http_client client;
    EXPECT_TRUE(send(client, server.url("/")));
    server.stop();
    EXPECT_EQ(send(client, server.url("/")).error().code(), std::errc::connection_refused);
    ASSERT_TRUE(server.start());
    EXPECT_TRUE(send(client, server.url("/")));
}

TEST(nginx_live, that_comes_back_while_a_call_retries_is_a_call_rescued) {
    nginx server{"location / { return 200 ok; }"};
    server.stop();
    const std::jthread operations{[&] {
        std::this_thread::sleep_for(300ms);
        server.start();
    }};
    pipeline guarded{timeout{{.name = "total", .after = 20s}},
                     retry{{.max_attempts = 1000, .base_delay = 20ms, .max_delay = 50ms}}, classify{http_rules{}}};
    const auto got = guarded_send(guarded, server.url("/"));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->status, 200U);
}

TEST(nginx_live, that_is_stopped_opens_the_circuit_and_closes_it_when_it_is_back) {
    nginx server{"location / { return 200 ok; }"};
    server.stop();
    circuit_breaker health{
        {.window = breaker_window::consecutive, .consecutive_failures = 3, .open_for = 200ms, .probe_successes = 1}};
    pipeline guarded{ref(health), classify{http_rules{}}};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(guarded_send(guarded, server.url("/")).error().code(), condition::network);
    EXPECT_EQ(guarded_send(guarded, server.url("/")).error().code(), errc::circuit_open);
    ASSERT_TRUE(server.start());
    std::this_thread::sleep_for(250ms);
    EXPECT_TRUE(guarded_send(guarded, server.url("/")));
    EXPECT_EQ(health.state(now()), circuit_state::closed);
    EXPECT_EQ(server.requests(1).size(), 1U);
}

TEST(nginx_live, that_asks_to_be_left_alone_for_a_second_is) {
    nginx server{"location / { add_header Retry-After 1 always; return 503 'busy\\n'; }"};
    event_recorder heard;
    pipeline guarded{observe{heard}, retry{{.max_attempts = 2, .base_delay = 1ms}}, classify{http_rules{}}};
    const instant start = now();
    const auto got = guarded_send(guarded, server.url("/"));
    EXPECT_GE(between(start, now()), 1s);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 503U);
    EXPECT_EQ(got->body, "busy\n");
    EXPECT_EQ(server.requests(2).size(), 2U);
}

TEST(nginx_live, that_asks_for_more_time_than_the_deadline_leaves_is_not_asked_again) {
    nginx server{"location / { add_header Retry-After 30 always; return 503 'busy\\n'; }"};
    event_recorder heard;
    pipeline guarded{observe{heard}, timeout{{.name = "total", .after = 5s}}, retry{}, classify{http_rules{}}};
    const instant start = now();
    EXPECT_EQ(guarded_send(guarded, server.url("/"))->status, 503U);
    EXPECT_LT(between(start, now()), 4s);
    EXPECT_EQ(heard.last("retry_gave_up").field("reason"), "time_exhausted");
    EXPECT_EQ(server.requests(1).size(), 1U);
}

TEST(nginx_live, that_limits_its_rate_is_retried_when_it_has_room_again) {
    nginx server{"location / { limit_req zone=each_second; try_files /index.txt =404; }"};
    server.publish("index.txt", "index\n");
    pipeline guarded{timeout{{.name = "total", .after = 20s}},
                     retry{{.max_attempts = 100, .base_delay = 100ms, .max_delay = 300ms}}, classify{http_rules{}}};
    EXPECT_EQ(guarded_send(guarded, server.url("/"))->status, 200U);
    EXPECT_EQ(guarded_send(guarded, server.url("/"))->status, 200U);
    EXPECT_THAT(server.requests(3), ::testing::Contains("GET / 503"));
}

TEST(nginx_live, that_is_slow_is_given_up_at_the_attempts_limit) {
    nginx server{"location / { limit_rate 1k; }"};
    server.publish("large", std::string(200'000, 'x'));
    pipeline guarded{timeout{{.name = "attempt", .after = 300ms}}, classify{http_rules{}}};
    const instant start = now();
    const auto got = guarded_send(guarded, server.url("/large"));
    EXPECT_LT(between(start, now()), 5s);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::timed_out);
    EXPECT_THAT(got.error().message(), HasSubstr("limit 300ms"));
}

TEST(nginx_live, does_not_have_a_failing_page_asked_for_twice) {
    nginx server{"location /bug { return 500; } location /gone { return 410; }"};
    pipeline guarded{retry{{.base_delay = 1ms}}, classify{http_rules{}}};
    EXPECT_EQ(guarded_send(guarded, server.url("/bug"))->status, 500U);
    EXPECT_EQ(guarded_send(guarded, server.url("/gone"))->status, 410U);
    EXPECT_THAT(server.requests(2), ElementsAre("GET /bug 500", "GET /gone 410"));
}

class nginx_tls_live : public ::testing::Test {
protected:
    test_authority authority;
    nginx server{"location / { return 200 secret; }", authority.certify("DNS:localhost,IP:127.0.0.1")};
    http_client trusting{{.ca_file = authority.ca_file()}};

    [[nodiscard]] static error failure_of(const http_client& client, const std::string& url) {
        const auto got = send(client, url);
        EXPECT_FALSE(got) << "the connection was accepted";
        return got ? error{errc::failed} : got.error();
    }
};

TEST_F(nginx_tls_live, is_believed_by_name_and_by_address_when_its_authority_is_trusted) {
    EXPECT_EQ(send(trusting, server.url("/", "localhost"))->body, "secret");
    EXPECT_EQ(send(trusting, server.url("/", "127.0.0.1"))->body, "secret");
}

TEST_F(nginx_tls_live, is_not_believed_when_its_authority_is_unknown) {
    const error e = failure_of(http_client{}, server.url("/", "localhost"));
    EXPECT_EQ(e.code(), http_errc::certificate_rejected);
    EXPECT_EQ(e.code(), condition::never_sent);
    EXPECT_THAT(e.message(), HasSubstr("certificate"));
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(nginx_tls_live, is_not_believed_under_a_name_that_is_not_in_its_certificate) {
    for (const auto* const names : {"DNS:stock.example", "DNS:*.localhost", "IP:127.0.0.2"}) {
        nginx other{"location / { return 200 secret; }", authority.certify(names)};
        for (const auto* const host : {"localhost", "127.0.0.1"}) {
            const error e = failure_of(trusting, other.url("/", host));
            EXPECT_EQ(e.code(), http_errc::certificate_rejected) << names << " " << host;
            EXPECT_THAT(e.message(), HasSubstr("mismatch")) << names << " " << host;
        }
        EXPECT_TRUE(other.requests().empty());
    }
}

TEST_F(nginx_tls_live, is_believed_by_whoever_switches_the_check_off) {
    const http_client careless{{.certificates = certificate_check::off}};
    EXPECT_EQ(send(careless, server.url("/", "localhost"))->body, "secret");
}

TEST_F(nginx_tls_live, is_not_asked_again_after_its_certificate_was_rejected) {
    pipeline guarded{retry{{.base_delay = 1ms}}, classify{http_rules{}}};
    const auto got = guarded_send(guarded, server.url("/", "localhost"));
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().history().empty());
}

TEST_F(nginx_tls_live, is_told_from_a_port_that_speaks_no_tls) {
    nginx plain{"location / { return 200 open; }"};
    const std::string as_https = "https://127.0.0.1:" + std::to_string(plain.port()) + "/";
    EXPECT_EQ(failure_of(trusting, as_https).code(), http_errc::tls_failed);
    EXPECT_EQ(send(trusting, "http://127.0.0.1:" + std::to_string(server.port()) + "/")->status, 400U);
}

TEST_F(nginx_tls_live, is_sent_the_name_that_is_asked_for) {
    nginx named{"location / { return 200 $ssl_server_name; }", authority.certify("DNS:localhost")};
    EXPECT_EQ(send(trusting, named.url("/", "localhost"))->body, "localhost");
}

}  // namespace
}  // namespace cutwater
