#include "cutwater/http/asio_errors.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <array>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

namespace cutwater {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

error_code rejected_certificate() {
    return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED)),
            asio::error::get_ssl_category()};
}

auto make_rows() {
    constexpr auto transient = verdict::transient;
    constexpr auto permanent = verdict::permanent;
    const auto row = [](error_code code, std::string_view symbol, verdict meaning, effect executed,
                        std::string_view note) { return asio_error_row{code, symbol, meaning, executed, note}; };
    using namespace asio::error;
    return std::array{
        row(host_not_found, "host_not_found", permanent, effect::none, "EAI_NONAME: there is no such name"),
        row(no_data, "no_data", permanent, effect::none, "EAI_NODATA: the name has no address"),
        row(host_not_found_try_again, "host_not_found_try_again", transient, effect::none, "EAI_AGAIN: not now"),
        row(no_recovery, "no_recovery", transient, effect::none,
            "EAI_FAIL: the name server failed; POSIX calls it not recoverable, but it comes of servers that restart"),
        row(service_not_found, "service_not_found", permanent, effect::none, "EAI_SERVICE: no such port"),
        row(socket_type_not_supported, "socket_type_not_supported", permanent, effect::none, "EAI_SOCKTYPE"),
        row(eof, "eof", transient, effect::unknown, "the peer hung up"),
        row(already_open, "already_open", permanent, effect::unknown, "a bug"),
        row(not_found, "not_found", permanent, effect::unknown, "a bug"),
        row(asio::ssl::error::stream_truncated, "ssl::stream_truncated", transient, effect::unknown,
            "the peer hung up without a close_notify"),
        row(asio::ssl::error::unspecified_system_error, "ssl::unspecified_system_error", permanent, effect::unknown,
            "OpenSSL does not say"),
        row(asio::ssl::error::unexpected_result, "ssl::unexpected_result", permanent, effect::unknown,
            "OpenSSL does not say"),
        row(rejected_certificate(), "SSL_R_CERTIFICATE_VERIFY_FAILED", permanent, effect::none,
            "the peer is not who it should be; found before anything is sent"),
    };
}

bool is_rejected_certificate(const std::error_code& code) {
    return ERR_GET_REASON(static_cast<unsigned long>(code.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

}  // namespace

std::span<const asio_error_row> asio_error_rows() {
    static const auto rows = make_rows();
    return rows;
}

std::optional<judgement> asio_rules::of(const std::error_code& code) {
    const std::error_code certificate = rejected_certificate();
    if (code.category() == certificate.category()) {  // whichever library of OpenSSL's says so, in whichever function
        const bool rejected = is_rejected_certificate(code);
        return judgement{.meaning = verdict::permanent, .executed = rejected ? effect::none : effect::unknown};
    }
    for (const asio_error_row& row : asio_error_rows())
        if (code == row.code) return judgement{.meaning = row.meaning, .executed = row.executed};
    return system_rules::of(code);
}

}  // namespace cutwater
