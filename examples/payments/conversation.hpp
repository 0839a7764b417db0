// What comes over a connection to the bank, and goes back: one request, one answer.
#pragma once

#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "cutwater/http/idempotency/idempotent_edge.hpp"

namespace payments {

/// Nothing where none comes. One whose body is too large has its answer then.
[[nodiscard]] boost::asio::awaitable<std::optional<cutwater::edge_request>> receive(boost::beast::tcp_stream& from);

/// Both outlive it.
[[nodiscard]] boost::asio::awaitable<void> send(boost::beast::tcp_stream& to, const cutwater::http_response& answer);

}  // namespace payments
