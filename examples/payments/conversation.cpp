#include "examples/payments/conversation.hpp"

#include <array>
#include <chrono>
#include <tuple>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

namespace payments {

namespace cw = cutwater;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

/// What is still to come is read, and left: a connection that is closed before takes the answer with it.
asio::awaitable<void> refuse_too_large(beast::tcp_stream& stream) {
    const cw::http_response answer{.status = 413, .body = "a payment has at most 1024 bytes"};
    co_await send(stream, answer);
    beast::error_code failed;
    stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, failed);
    std::array<char, 4096> left{};
    stream.expires_after(2s);
    while (!failed) std::tie(failed, std::ignore) = co_await stream.async_read_some(asio::buffer(left), token);
}

}  // namespace

asio::awaitable<std::optional<cw::edge_request>> receive(beast::tcp_stream& from) {
    beast::flat_buffer buffer;
    http::request_parser<http::string_body> parser;
    parser.header_limit(8192);
    parser.body_limit(1024);
    from.expires_after(10s);
    const auto [failed, size] = co_await http::async_read(from, buffer, parser, token);
    from.expires_never();
    if (failed == http::error::body_limit) co_await refuse_too_large(from);
    if (failed) co_return std::nullopt;
    co_return parser.release();
}

asio::awaitable<void> send(beast::tcp_stream& to, const cw::http_response& answer) {
    cw::wire_response sent = cw::to_wire(answer);
    sent.keep_alive(false);
    to.expires_after(10s);
    co_await http::async_write(to, sent, token);
}

}  // namespace payments
