// Which methods, and which requests, may be sent twice (RFC 9110 §9.2.2).
//
//     pipeline.async_run(cw::options_of(request, {.operation = "order"}), [&] { return client.send(request); });
//     pipeline.async_run({.operation = "put_order", .idempotent = cw::idempotency_of("PUT")}, f);
//
// `http_client::send_through` does the first by itself.
//
// GET, HEAD, OPTIONS, TRACE, PUT and DELETE are idempotent by definition. Every other method, known or not, is not: only
// who knows the service can say so. Methods are told apart by case. A request with an `Idempotency-Key` is, whatever its method: its server
// executes it once. One that is malformed (without its quotes) or stands twice is none.
//
// A call that is made by `async_run` alone states nothing of this, whatever its callable sends, and a retry takes it for one that
// may be repeated (`retry_options::unstated_means`).
// Thread safety: functions of their arguments. The latter two throw `std::bad_alloc`.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "cutwater/core/call.hpp"
#include "cutwater/http/http_message.hpp"

namespace cutwater {

[[nodiscard]] constexpr idempotency idempotency_of(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 6> repeatable{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::ranges::find(repeatable, method) != repeatable.end() ? idempotency::idempotent
                                                                     : idempotency::not_idempotent;
}

/// Of a request as it stands: by its method, or by its key.
[[nodiscard]] idempotency idempotency_of(const http_request& request);

/// `own`; where that states no idempotency, the request's.
[[nodiscard]] call_options options_of(const http_request& request, call_options own = {});

}  // namespace cutwater
