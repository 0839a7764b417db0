// What surrounds a request, on the wire.

#include <gtest/gtest.h>

#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/scripted_server_live_test.hpp"
#include "cutwater/http/send_live_test.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;
using namespace testing;  // the servers of these tests

http_fields fields_of(const seen_request& request) {
    http_fields fields;
    for (const auto& field : request) fields.add(std::string{field.name_string()}, std::string{field.value()});
    return fields;
}

TEST(call_scope_live, T93_what_came_with_a_request_goes_out_with_what_is_asked_for_it) {
    scripted_server stock{answers("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), answers(answer_ok)};
    pipeline guarded{timeout{{.name = "total", .after = 30s}}, retry{{.max_attempts = 3, .base_delay = 1ms}},
                     timeout{{.name = "attempt", .after = 20s}}, classify{http_rules{}}};
    const http_client client;
    const call_metadata got = extract({{"X-Request-Deadline", "10000"},
                                       {"X-Request-Retries-Left", "1"},
                                       {"X-Request-Criticality", "sheddable"},
                                       {"Idempotency-Key", "\"k7\""}});
    const auto serves = [&]() -> asio::awaitable<result<http_response>> {
        const call_options said = inherited({.operation = "get_stock", .idempotent = idempotency::idempotent});
        co_return co_await guarded.async_run(
            said, scoped([&](attempt& a) -> asio::awaitable<std::expected<http_response, error>> {
                http_request ask = request_to(stock.url("/items/7"));
                inject(ask.fields, a, metadata_options{.key = key_on_wire::call_id});
                co_return co_await client.send(ask);
            }));
    };
    const auto went = await_here([&]() -> asio::awaitable<std::optional<result<http_response>>> {
        std::optional<result<http_response>> out;
        co_await spawn_in(
            kept_scope{got.options(now())}, co_await asio::this_coro::executor,
            [&]() -> asio::awaitable<void> { out.emplace(co_await serves()); }, asio::use_awaitable);
        co_return out;
    });
    ASSERT_TRUE(went->has_value()) << went->error().message();

    const std::vector<seen_request> asked = stock.seen();
    ASSERT_EQ(asked.size(), 2U);
    for (unsigned i = 0; i < asked.size(); ++i) {
        const call_metadata sent = extract(fields_of(asked[i]));
        EXPECT_EQ(sent.attempt, i + 1);
        EXPECT_EQ(sent.retries_left, 0U);
        EXPECT_EQ(sent.importance, criticality::sheddable);
        EXPECT_EQ(sent.key, "k7");
        EXPECT_EQ(sent.malformed, 0U);
        ASSERT_TRUE(sent.time_left);
        EXPECT_LE(*sent.time_left, 8s) << "0.8 of the ten seconds that there are, not of our own";
    }
}

}  // namespace
}  // namespace cutwater
