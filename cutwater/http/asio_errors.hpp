// What the error codes of Asio and OpenSSL mean, for code that uses sockets and resolvers itself: a table, and rules made of it.
//
//     cw::pipeline guarded{cw::retry{}, cw::classify{cw::asio_rules{}}};
//
// `http_client` needs none of this: its errors know how far an exchange had come (`http_error.hpp`). A bare code does not. What
// ends a look-up of a name was never sent, and a certificate is refused before anything is sent; any other failure of TLS may come
// after that (in TLS 1.3 a server refuses a client's certificate when the request is on its way), so its effect is unknown. What
// is in no row is judged as `system_rules` do, and else left to the rules that follow.
//
// Sources: POSIX getaddrinfo() (EAI_…); Boost.Asio, asio/error.hpp and asio/ssl/error.hpp; RFC 8446 §4.4.2.4 and §4.6.2.
// Thread safety: immutable. Throws nothing.
#pragma once

#include <span>

#include "cutwater/core/system_errors.hpp"
#include "cutwater/drive/asio/boost_codes.hpp"

namespace cutwater {

struct asio_error_row {
    std::error_code code;
    std::string_view symbol;
    verdict meaning;
    effect executed;
    std::string_view note;
};

[[nodiscard]] std::span<const asio_error_row> asio_error_rows();

/// As a rule of `classify`: for codes, and for `boost::system::system_error` that was thrown.
struct asio_rules {
    template <class T>
    [[nodiscard]] std::optional<judgement> operator()(const outcome<T>& out) const {
        if (out.has_value()) return {};
        return of(out.failure().code());
    }

    [[nodiscard]] static std::optional<judgement> of(const std::error_code& code);
};

}  // namespace cutwater
