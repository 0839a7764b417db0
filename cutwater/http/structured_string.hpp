// A string as structured fields have it: what `Idempotency-Key` is.
//
// Sources: RFC 9651 §3.3.3 (what it may hold), §4.1.6 (written), §4.2.5 (read). Thread safety: functions of their arguments.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace cutwater::detail {

/// ASCII without controls: all that it may hold.
[[nodiscard]] constexpr bool is_structured_text(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// In quotes. Of what `is_structured_text`.
[[nodiscard]] inline std::string to_structured_string(std::string_view text) {
    std::string out{'"'};
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

/// What is between the quotes, which are to be round all of it: no parameters.
[[nodiscard]] inline std::optional<std::string> parse_structured_string(std::string_view text) {
    if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return {};
    text = text.substr(1, text.size() - 2);
    if (!is_structured_text(text)) return {};
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') return {};
        if (text[i] == '\\') {
            ++i;
            if (i == text.size() || (text[i] != '"' && text[i] != '\\')) return {};
        }
        out += text[i];
    }
    return out;
}

}  // namespace cutwater::detail
