#include "cutwater/http/http_error.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>

#include "cutwater/core/known_category.hpp"

namespace cutwater {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

class http_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "cutwater.http"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<http_errc>(value)) {
            case http_errc::invalid_request: return "the request cannot be sent";
            case http_errc::host_not_found: return "the host does not exist";
            case http_errc::resolve_failed: return "the host's name cannot be looked up now";
            case http_errc::tls_failed: return "the TLS handshake failed";
            case http_errc::certificate_rejected: return "the server's certificate is not accepted";
            case http_errc::connection_closed: return "the server closed the connection";
            case http_errc::malformed_response: return "the answer is malformed";
            case http_errc::header_too_large: return "the answer's header is larger than is allowed";
            case http_errc::body_too_large: return "the answer's body is larger than is allowed";
        }
        return "unknown error " + std::to_string(value);
    }

    [[nodiscard]] bool equivalent(int value, const std::error_condition& asked) const noexcept override {
        const auto code = static_cast<http_errc>(value);
        if (asked == make_error_condition(condition::never_sent)) return code < http_errc::connection_closed;
        if (asked == make_error_condition(condition::network))
            return code == http_errc::resolve_failed || code == http_errc::connection_closed;
        return std::error_category::equivalent(value, asked);
    }
};

class connect_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "cutwater.connect"; }
    [[nodiscard]] std::string message(int value) const override { return std::system_category().message(value); }
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        return std::system_category().default_error_condition(value);
    }
    [[nodiscard]] bool equivalent(int value, const std::error_condition& asked) const noexcept override {
        return asked == make_error_condition(condition::never_sent) || std::error_category::equivalent(value, asked);
    }
};

bool is_tls(const error_code& code) {
    return code.category() == asio::error::get_ssl_category() ||
           code.category() == asio::ssl::error::get_stream_category();
}

bool is_end(const error_code& code) {
    return code == asio::error::eof || code == asio::ssl::error::stream_truncated ||
           code == http::error::end_of_stream || code == http::error::partial_message;
}

std::error_code code_of_resolving(const error_code& code) {
    if (code == asio::error::host_not_found || code == asio::error::no_data) return http_errc::host_not_found;
    if (code == asio::error::operation_aborted) return code;
    return http_errc::resolve_failed;
}

std::error_code code_of_handshake(const error_code& code) {
    if (is_end(code)) return {static_cast<int>(std::errc::connection_reset), connect_category()};
    if (!is_tls(code)) return {code.value(), connect_category()};
    const auto packed = static_cast<unsigned long>(code.value());
    return ERR_GET_REASON(packed) == SSL_R_CERTIFICATE_VERIFY_FAILED ? http_errc::certificate_rejected
                                                                     : http_errc::tls_failed;
}

std::error_code code_of_exchange(const error_code& code) {
    if (is_end(code)) return http_errc::connection_closed;
    if (code == http::error::header_limit || code == http::error::buffer_overflow) return http_errc::header_too_large;
    if (code == http::error::body_limit) return http_errc::body_too_large;
    const bool of_http = code.category() == error_code{http::error::bad_version}.category();
    return of_http || is_tls(code) ? std::error_code{http_errc::malformed_response} : std::error_code{code};
}

std::error_code code_of(http_phase phase, const error_code& code) {
    switch (phase) {
        case http_phase::resolving: return code_of_resolving(code);
        case http_phase::connecting: return {code.value(), connect_category()};
        case http_phase::securing: return code_of_handshake(code);
        default: return code_of_exchange(code);
    }
}

std::string closed(std::string_view peer, std::string_view when) {
    return std::string{peer}.append(" closed the connection ").append(when);
}

/// What was being done, so that the words need no context.
std::string beginning(http_phase phase, const std::error_code& code, std::string_view peer) {
    const std::string whom{peer};
    switch (phase) {
        case http_phase::resolving: return "cannot look up " + whom;
        case http_phase::connecting: return "cannot connect to " + whom;
        case http_phase::securing: return "no TLS with " + whom;
        case http_phase::sending: return "cannot send to " + whom;
        default: return code.category() == http_category() ? code.message() : "cannot read from " + whom;
    }
}

}  // namespace

const std::error_category& http_category() noexcept {
    static const http_texts category;
    return category;
}

const std::error_category& connect_category() noexcept {
    static const connect_texts category;
    return category;
}

namespace {

/// So that what was kept of a failure is it again.
const known_category known_codes{http_category()};
const known_category known_connect_codes{connect_category()};

}  // namespace

error http_failure(http_phase phase, const error_code& code, std::string_view peer, std::string_view why) {
    const std::error_code ours = code_of(phase, code);
    if (code == http::error::end_of_stream) return error{ours}.with_text(closed(peer, "without an answer"));
    if (ours == http_errc::connection_closed) return error{ours}.with_text(closed(peer, "amid its answer"));
    std::string text = beginning(phase, ours, peer);
    if (!why.empty()) return error{ours}.with_text(text.append(": ").append(why));
    text.append(": ").append(is_end(code) ? "the server hung up" : code.message());
    return error{ours}.with_text(std::move(text));
}

}  // namespace cutwater
