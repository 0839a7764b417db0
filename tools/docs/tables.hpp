// How a table of the documentation is printed.
#pragma once

#include <iostream>
#include <string>
#include <string_view>

namespace docs {

inline std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
}

inline void row(const auto&... cells) {
    ((std::cout << "| " << cell(std::string{cells}) << ' '), ...);
    std::cout << "|\n";
}

inline std::string code(std::string_view text) { return "`" + std::string{text} + "`"; }

inline void head(std::string_view room, std::string_view part) {
    std::cout << "@ " << room << "/README.md " << part << '\n';
}

/// What an error means, from the rules that judge it.
void what_errors_mean();

}  // namespace docs
