// What header fields are made of: for those that read and write them.
//
// Sources: RFC 9110, 5.5 (values, and white space round them), 5.6.2 (tokens) and 5.6.3. Thread safety: functions of their arguments; nothing is thrown.
#pragma once

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace cutwater::detail {

[[nodiscard]] constexpr std::string_view without_space_round(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What a name or a method is made of.
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    const auto may_stand_in_one = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || others.contains(c);
    };
    return !text.empty() && std::ranges::all_of(text, may_stand_in_one);
}

/// Free of line ends and other controls: a field cannot smuggle in a second one.
[[nodiscard]] constexpr bool is_field_value(std::string_view text) noexcept {
    return std::ranges::none_of(text, [](char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f'; });
}

/// Digits and nothing else; more than a number holds is the most that it holds.
template <class Number>
[[nodiscard]] std::optional<Number> parse_digits(std::string_view text) noexcept {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.empty() || !std::ranges::all_of(text, is_digit)) return {};
    Number count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    return read.ec == std::errc{} ? count : std::numeric_limits<Number>::max();
}

}  // namespace cutwater::detail
