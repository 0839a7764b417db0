#include "cutwater/http/retry_after.hpp"

#include "cutwater/http/field_value.hpp"
#include "cutwater/http/http_date.hpp"

namespace cutwater {

namespace {

/// The whole seconds that fit.
duration saturated(std::chrono::seconds s) noexcept {
    constexpr auto longest = std::chrono::floor<std::chrono::seconds>(forever);
    return s > longest ? forever : duration{s};
}

std::optional<duration> delay_seconds(std::string_view digits) noexcept {
    return detail::parse_digits<std::int64_t>(digits).transform(
        [](std::int64_t count) { return saturated(std::chrono::seconds{count}); });
}

}  // namespace

std::optional<duration> parse_retry_after(std::string_view value, std::chrono::sys_seconds now) noexcept {
    const std::string_view text = detail::without_space_round(value);
    if (const auto delay = delay_seconds(text)) return delay;
    const auto when = parse_http_date(text, now);
    if (!when) return {};
    return *when > now ? saturated(*when - now) : duration::zero();
}

}  // namespace cutwater
