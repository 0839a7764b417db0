// Requests of the live tests: each in an `io_context` of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/http/http_client.hpp"
#include "cutwater/http/method.hpp"

namespace cutwater::testing {

[[nodiscard]] inline http_request request_to(const std::string& url, std::string method = "GET") {
    return {.method = std::move(method), .url = *http_url::parse(url)};
}

/// Awaits what `start` gives.
template <class Start>
auto await_here(Start start, boost::asio::cancellation_slot slot = {}) {
    boost::asio::io_context context{1};
    std::optional<typename decltype(start())::value_type> out;
    boost::asio::co_spawn(
        context, [&]() -> boost::asio::awaitable<void> { out.emplace(co_await start()); },
        boost::asio::bind_cancellation_slot(slot, boost::asio::detached));
    context.run();
    return std::move(out).value();
}

inline std::expected<http_response, error> send_with(const http_client& client, const http_request& request) {
    return await_here([&] { return client.send(request); });
}

template <class Pipeline>
result<http_response> send_through(Pipeline& guarded, const http_request& request, http_phase* at = nullptr) {
    const http_client client;
    const call_options said{.operation = "request", .idempotent = idempotency_of(request.method)};
    return await_here([&] { return guarded.async_run(said, [&, at] { return client.send(request, at); }); });
}

}  // namespace cutwater::testing
