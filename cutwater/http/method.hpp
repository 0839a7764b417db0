// Which methods may be sent twice (RFC 9110 §9.2.2).
//
//     pipeline.async_run({.operation = "put_order", .idempotent = cw::idempotency_of("PUT")}, f);
//
// GET, HEAD, OPTIONS, TRACE, PUT and DELETE are idempotent by definition. Every other method, known or not, is not: only
// who knows the service can say so. Methods are told apart by case. Thread safety: a function of its argument.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "cutwater/core/call.hpp"

namespace cutwater {

[[nodiscard]] constexpr idempotency idempotency_of(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 6> repeatable{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::ranges::find(repeatable, method) != repeatable.end() ? idempotency::idempotent
                                                                     : idempotency::not_idempotent;
}

}  // namespace cutwater
