#include "cutwater/http/retry_after.hpp"

#include <algorithm>
#include <charconv>

#include "cutwater/http/http_date.hpp"

namespace cutwater {

namespace {

/// The whole seconds that fit.
duration saturated(std::chrono::seconds s) noexcept {
    constexpr auto longest = std::chrono::floor<std::chrono::seconds>(forever);
    return s > longest ? forever : duration{s};
}

std::optional<duration> delay_seconds(std::string_view digits) noexcept {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return {};
    std::int64_t count = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    return read.ec == std::errc::result_out_of_range ? forever : saturated(std::chrono::seconds{count});
}

std::string_view without_space_round(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<duration> parse_retry_after(std::string_view value, std::chrono::sys_seconds now) noexcept {
    const std::string_view text = without_space_round(value);
    if (const auto delay = delay_seconds(text)) return delay;
    const auto when = parse_http_date(text, now);
    if (!when) return {};
    return *when > now ? saturated(*when - now) : duration::zero();
}

}  // namespace cutwater
