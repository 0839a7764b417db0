// Texts that end up in YAML or JSON, which are Unicode.
#pragma once

#include <string>
#include <string_view>

namespace cutwater::app {

/// RFC 3629: no surrogates, nothing above U+10FFFF, nothing longer than it has to be.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// For `CLI::Option::check`: what is wrong with such a text, or nothing.
[[nodiscard]] std::string problem_of_text(const std::string& text);

}  // namespace cutwater::app
