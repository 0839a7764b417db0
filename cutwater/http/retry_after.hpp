// How long a server asks to be left alone: the value of a `Retry-After` field (RFC 9110 §10.2.3).
//
//     cw::parse_retry_after("120", now)                               // 120s
//     cw::parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now)     // until then; a date in the past: 0s
//
// Contract. Seconds in digits, or a date in one of the three forms of `http_date.hpp`; white space round it is left
// away. More seconds, or a date further away, than a duration holds is `forever`. Whatever else it is (a sign, a
// fraction, a list, words) says nothing. `now` is wall time: the `Date` of the same response where there is one, so that
// the clocks of two machines need not agree.
// Thread safety: a function of its arguments. Throws nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "cutwater/core/instant.hpp"

namespace cutwater {

[[nodiscard]] std::optional<duration> parse_retry_after(std::string_view value, std::chrono::sys_seconds now) noexcept;

}  // namespace cutwater
