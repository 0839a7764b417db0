// The addresses of a host, from a coroutine that can be cancelled.
//
//     const cw::resolved found = co_await cw::resolve("stock.example", 443);
//     if (!found.code) co_await asio::async_connect(socket, found.endpoints, asio::use_awaitable);
//
// The system's resolver cannot be interrupted: Asio runs it in a thread of its own, and its answer may take many seconds. Who
// is cancelled here does not wait for that; the answer is dropped when it comes. What is looked up next by the same
// `io_context` comes after it, and so does the destruction of the context. An address in the place of a name is not
// looked up at all, and neither are `localhost` and what ends in `.localhost`: they are the loopback addresses (RFC 6761).
// Thread safety: none; on the caller's executor.
#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace cutwater {

struct resolved {
    boost::system::error_code code;  ///< `operation_aborted` where the caller was cancelled
    boost::asio::ip::tcp::resolver::results_type endpoints;
};

[[nodiscard]] boost::asio::awaitable<resolved> resolve(std::string host, std::uint16_t port);

}  // namespace cutwater
