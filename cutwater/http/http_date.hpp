// A point in time as HTTP writes it, in any of the three forms that a recipient must understand (RFC 9110 §5.6.7).
//
//     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate, what everybody should send
//     Sunday, 06-Nov-94 08:49:37 GMT     RFC 850, with a year of two digits
//     Sun Nov  6 08:49:37 1994           asctime
//
//     if (const auto when = cw::parse_http_date(field, now)) ...
//
// Contract. Exactly these forms, and a date that exists: no other zone, no missing zero, no 30th of February. The name of the
// day is one of the seven, but not checked against the date. Second 60 is a leap second, read as the second after it.
// A year of two digits is the latest one that ends so and is not more than 50 years ahead of `now`.
// Thread safety: a function of its arguments. Throws nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace cutwater {

/// The instant, in UTC; nothing where `text` is no such date.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text,
                                                                      std::chrono::sys_seconds now) noexcept;

}  // namespace cutwater
