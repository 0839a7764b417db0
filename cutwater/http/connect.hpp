// A connection to the first of several addresses that takes one, from a coroutine that can be cancelled.
//
//     const cw::resolved found = co_await cw::resolve("stock.example", 443);
//     const boost::system::error_code failed = co_await cw::connect_first(&socket, found.endpoints);
//
// Happy Eyeballs, as RFC 8305 says it in sections 4 and 5: the families take turns, in the resolver's order, and the next address is tried beside those
// before once they have had 250 ms, or have failed. So an address that nobody answers at costs a quarter of a second, and no call.
// Gives the latest failure where all have failed. Thread safety: none; on the caller's executor.
#pragma once

#include <span>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace cutwater {

/// In the order that they are tried in: as they were, but one of the other family after each.
[[nodiscard]] std::vector<boost::asio::ip::tcp::endpoint> in_turns(
    std::span<const boost::asio::ip::tcp::endpoint> found);

/// `socket` is as it was where it gives a failure. `operation_aborted` where the caller was cancelled.
[[nodiscard]] boost::asio::awaitable<boost::system::error_code> connect_first(
    boost::asio::ip::tcp::socket* socket, boost::asio::ip::tcp::resolver::results_type found);

}  // namespace cutwater
