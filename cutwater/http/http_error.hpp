// How an exchange fails below the status line, so that policies judge it rightly.
//
//     if (result.error().code() == cw::http_errc::certificate_rejected) ...
//     if (result.error().code() == cw::condition::never_sent) ...      // safe to repeat, whatever the method
//
// Where the request cannot have left, the code equals `condition::never_sent`: the name was not found, no connection was
// made, the TLS handshake failed. From the first byte sent on it does not: the server may have done what was asked.
//
//     phase        fails with                                             retried by default
//     any          invalid_request: nothing was sent                      no
//     resolving    host_not_found                                         no
//                  resolve_failed                                         yes
//     connecting   the system's code (connection refused, unreachable)    yes
//     securing     certificate_rejected, tls_failed                       no
//                  the system's code (connection reset)                   yes
//     sending …    the system's code (reset, broken pipe)                 yes, if idempotent
//     receiving    connection_closed: before, or amid, the answer         yes, if idempotent
//                  malformed_response, header_too_large, body_too_large   no
//
// A code of the system's is of `std::system_category()` from the first byte sent on; until then it is of a category of its
// own, equal to the same `std::errc` conditions and to `never_sent` as well. Codes are stable.
// Thread safety: functions of their arguments.
#pragma once

#include <boost/system/error_code.hpp>

#include "cutwater/core/error.hpp"

namespace cutwater {

enum class http_errc {
    invalid_request = 1,        ///< a method or field that cannot be sent
    host_not_found = 10,        ///< the name does not exist
    resolve_failed = 11,        ///< the name could not be looked up now
    tls_failed = 12,            ///< no common TLS version, no TLS at all …
    certificate_rejected = 13,  ///< the server is not who it should be
    connection_closed = 20,     ///< the server hung up
    malformed_response = 21,    ///< what came is not HTTP/1.x
    header_too_large = 22,      ///< more than `max_header`
    body_too_large = 23,        ///< more than `max_body`
};

/// How far an exchange has come.
enum class http_phase : std::uint8_t { resolving, connecting, securing, sending, waiting, receiving };

[[nodiscard]] constexpr std::string_view to_text(http_phase p) noexcept {
    constexpr std::string_view texts[] = {"resolving", "connecting", "securing", "sending", "waiting", "receiving"};
    return texts[static_cast<std::uint8_t>(p)];
}

[[nodiscard]] const std::error_category& http_category() noexcept;
/// Values of `std::system_category()` that ended an attempt to connect.
[[nodiscard]] const std::error_category& connect_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(http_errc code) noexcept {
    return {static_cast<int>(code), http_category()};
}

/// The error for a code of Asio's, OpenSSL's or Beast's that ended `phase`. `peer` is who was spoken to, `why` the words to
/// use where the code has no good ones.
[[nodiscard]] error http_failure(http_phase phase, const boost::system::error_code& code, std::string_view peer,
                                 std::string_view why = {});

}  // namespace cutwater

template <>
struct std::is_error_code_enum<cutwater::http_errc> : std::true_type {};
