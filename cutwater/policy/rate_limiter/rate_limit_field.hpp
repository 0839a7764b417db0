// What an HTTP server says of its limits, as the values of its header fields.
//
//     const cw::rate_limiter_options hourly{.name = "hourly", .window = cw::rate_window::sliding, .permits = 1000, .per = 1h};
//     const cw::rate_reading seen{.limit = 1000, .remaining = 42, .reset = 30min, .retry_after = 6100ms};
//     cw::rate_limit_policy_field(hourly);               // RateLimit-Policy: "hourly";q=1000;w=3600
//     cw::rate_limit_field("hourly", seen);              // RateLimit: "hourly";r=42;t=1800
//     cw::retry_after_field(seen.retry_after);           // Retry-After: 7
//     cw::retry_after_field(cw::error{cw::errc::rate_limited}.retry_after());    // none: it would never pass
//
// Source: draft-ietf-httpapi-ratelimit-headers (structured fields of RFC 8941); Retry-After: RFC 9110, 10.2.3, in seconds,
// rounded up and never 0, so that nobody comes back too early. A rolling limit's quota is what may pass in `per` at most: the
// burst and what comes back meanwhile. Signs of a name that such a string cannot hold become "?".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cutwater/policy/rate_limiter/options.hpp"
#include "cutwater/policy/rate_limiter/reading.hpp"

namespace cutwater {

class rate_limiter;

[[nodiscard]] std::string rate_limit_policy_field(const rate_limiter_options& limit);
[[nodiscard]] std::string rate_limit_field(std::string_view name, const rate_reading& seen);
/// Of this limiter, by its own name.
[[nodiscard]] std::string rate_limit_field(const rate_limiter& limiter, instant now);

/// From a reading's `retry_after`, or an error's. Nothing where asking again makes no sense, because it asked for more than there ever
/// is: a reading says `forever`, an error nothing.
[[nodiscard]] std::optional<std::string> retry_after_field(std::optional<duration> retry_after);

}  // namespace cutwater
