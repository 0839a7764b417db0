// TLS towards a server: who is trusted, and who the server has to be.
//
//     auto trust = cw::make_tls_context({.ca_file = "company.pem"});
//     asio::ssl::stream<tcp::socket> stream{std::move(socket), *trust};
//     cw::expect_server(stream, url);
//     co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
//
// Contract. TLS 1.2 or later. The certificate must lead to one that is trusted and belong to the URL's host, a name or an
// address; the name is sent along (SNI). The system's store is trusted, or in its place the certificates of `ca_file`.
// Thread safety: a context may be used by many streams at once.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "cutwater/http/http_url.hpp"

namespace cutwater {

/// Whether a server must prove who it is.
enum class certificate_check : std::uint8_t {
    on,
    off,  ///< anybody between here and the server can read and change everything
};

[[nodiscard]] constexpr std::string_view to_text(certificate_check c) noexcept {
    return c == certificate_check::on ? "on" : "off";
}

struct tls_options {
    std::string ca_file = {};  ///< PEM; empty: the system's store
    certificate_check check = certificate_check::on;
};

using tls_stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

/// Throws `boost::system::system_error` where `ca_file` cannot be read.
[[nodiscard]] std::unique_ptr<boost::asio::ssl::context> make_tls_context(const tls_options& options);

/// Before the handshake.
void expect_server(tls_stream& stream, const http_url& url);

/// After a handshake that failed: why the certificate was not accepted; empty where it was something else.
[[nodiscard]] std::string certificate_problem(tls_stream& stream);

}  // namespace cutwater
