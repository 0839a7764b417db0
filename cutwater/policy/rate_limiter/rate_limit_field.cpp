#include "cutwater/policy/rate_limiter/rate_limit_field.hpp"

#include <algorithm>

#include "cutwater/policy/rate_limiter/rate_limiter.hpp"

namespace cutwater {

namespace {

/// RFC 8941, 3.3.3.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c >= ' ' && c <= '~' ? c : '?';
    }
    return out += '"';
}

duration::rep seconds_up(duration d) { return d <= duration::zero() ? 0 : (d.count() - 1) / duration{1s}.count() + 1; }

}  // namespace

std::string rate_limit_policy_field(const rate_limiter_options& limit) {
    const duration::rep seconds = seconds_up(limit.per);
    const auto windows =
        (duration{1s} * seconds + limit.per - duration{1}) / limit.per;  // in those seconds: 1, or more
    const std::uint64_t quota = std::uint64_t{limit.permits} * static_cast<std::uint64_t>(windows) +
                                (limit.window == rate_window::rolling ? limit.burst : 0U);
    return quoted(limit.name) + ";q=" + std::to_string(quota) + ";w=" + std::to_string(seconds);
}

std::string rate_limit_field(std::string_view name, const rate_reading& seen) {
    return quoted(name) + ";r=" + std::to_string(seen.remaining) + ";t=" + std::to_string(seconds_up(seen.reset));
}

std::string rate_limit_field(const rate_limiter& limiter, instant now) {
    return rate_limit_field(limiter.options().name, limiter.read(now));
}

std::optional<std::string> retry_after_field(std::optional<duration> retry_after) {
    if (!retry_after || *retry_after == forever) return {};
    return std::to_string(std::max<duration::rep>(1, seconds_up(*retry_after)));
}

}  // namespace cutwater
