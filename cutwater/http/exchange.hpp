// One request and its answer over a connection that stands: what Boost.Beast does, within limits.
//
//     const cw::exchange_plan plan{.request = &request, .max_header = 4096, .max_body = 4096, .user_agent = "shop", .peer = "stock.example"};
//     auto answer = co_await cw::exchange(stream, plan);
//
// Thread safety: none; on the caller's executor. Lifetime: stream and request outlive the await.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_message.hpp"

namespace cutwater {

struct exchange_plan {
    const http_request* request = nullptr;
    std::size_t max_header = 0;
    std::size_t max_body = 0;
    std::string_view user_agent;
    std::string_view peer;  ///< for words of errors
    http_phase* at = nullptr;
};

using answer = std::expected<http_response, error>;
using wire_request = boost::beast::http::request<boost::beast::http::span_body<const char>>;
using wire_parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

/// What cannot be sent as it is, in words; nothing where all of it can.
[[nodiscard]] std::optional<std::string> problem_of(const http_request& request);

[[nodiscard]] wire_request to_wire(const exchange_plan& plan);
[[nodiscard]] http_response from_wire(wire_parser& parser);

/// Whether a server that hung up while we were sending may have answered before.
[[nodiscard]] bool may_have_answered(const boost::system::error_code& sending) noexcept;

[[nodiscard]] inline bool is_interim(unsigned status) noexcept { return status < 200 && status != 101; }

template <class Stream>
boost::asio::awaitable<answer> exchange(Stream& stream, exchange_plan plan) {
    namespace http = boost::beast::http;
    constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    constexpr int most_interim = 16;
    constexpr std::size_t read_ahead = 65536;
    const auto failed = [&plan](const boost::system::error_code& code) {
        return std::unexpected{http_failure(*plan.at, code, plan.peer)};
    };

    *plan.at = http_phase::sending;
    wire_request outgoing = to_wire(plan);
    const auto [not_sent, sent] = co_await http::async_write(stream, outgoing, token);
    if (not_sent && !may_have_answered(not_sent)) co_return failed(not_sent);

    if (!not_sent) *plan.at = http_phase::waiting;
    boost::beast::flat_buffer buffer{plan.max_header + read_ahead};
    std::optional<wire_parser> parser;
    for (int answers = 0; !parser || is_interim(parser->get().result_int()); ++answers) {
        if (answers == most_interim) co_return failed(http::error::bad_status);
        parser.emplace();
        parser->header_limit(static_cast<std::uint32_t>(plan.max_header));
        parser->body_limit(plan.max_body);
        parser->skip(plan.request->method == "HEAD");
        const auto [code, size] = co_await http::async_read_header(stream, buffer, *parser, token);
        const bool cut = code == http::error::end_of_stream && buffer.size() > 0;
        if (code) co_return failed(not_sent ? not_sent : cut ? make_error_code(http::error::partial_message) : code);
    }

    *plan.at = http_phase::receiving;
    if (!parser->is_done()) {
        const auto [code, size] = co_await http::async_read(stream, buffer, *parser, token);
        if (code) co_return failed(code);
    }
    co_return from_wire(*parser);
}

}  // namespace cutwater
