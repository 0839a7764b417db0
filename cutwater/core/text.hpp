// Values as people read them: `250ms`, `1.5s`, `none`.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// In the largest unit that leaves at least one whole, with up to three decimals: `1.5s`, `250ms`, `0s`, `none`.
[[nodiscard]] std::string to_text(duration d);

/// The same without rounding: in the largest unit that needs no more decimals.
[[nodiscard]] std::string to_exact_text(duration d);

/// The shortest text that reads back as the same number; `nan` and `inf` as such.
[[nodiscard]] std::string to_text(double value);

[[nodiscard]] inline std::string to_text(std::same_as<bool> auto value) { return value ? "true" : "false"; }
/// In quotes, on one line: quotes, backslashes and control characters are escaped as in C.
[[nodiscard]] std::string in_quotes(std::string_view text);
[[nodiscard]] inline std::string to_text(const std::string& value) { return in_quotes(value); }

template <class Integer>
    requires(std::integral<Integer> && !std::same_as<Integer, bool>)
[[nodiscard]] std::string to_text(Integer value) {
    return std::to_string(value);
}

template <class Signature>
[[nodiscard]] std::string to_text(const std::function<Signature>& value) {
    return value ? "set" : "none";
}
template <class Result, class... Arguments>
[[nodiscard]] std::string to_text(Result (*value)(Arguments...)) {
    return value != nullptr ? "set" : "none";
}
/// How many there are.
template <class Signature>
[[nodiscard]] std::string to_text(const std::vector<std::function<Signature>>& values) {
    return values.empty() ? "none" : std::to_string(values.size());
}

}  // namespace cutwater
