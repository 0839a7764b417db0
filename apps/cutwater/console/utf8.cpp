#include "apps/cutwater/console/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace cutwater::app {

namespace {

/// What a character may begin with, how long it is then, and what may come second. RFC 3629, 4.
struct utf8_form {
    std::uint8_t first;
    std::uint8_t last;
    std::uint8_t length;
    std::uint8_t second_from;
    std::uint8_t second_to;
};
constexpr std::array<utf8_form, 9> forms{{
    {0x00, 0x7F, 1, 0, 0},
    {0xC2, 0xDF, 2, 0x80, 0xBF},
    {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F},
    {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF},
    {0xF4, 0xF4, 4, 0x80, 0x8F},
}};

constexpr bool is_between(char c, std::uint8_t from, std::uint8_t to) noexcept {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte >= from && byte <= to;
}

/// How long the character is that a text begins with; zero where it is none.
std::size_t first_character(std::string_view text) noexcept {
    const auto form =
        std::ranges::find_if(forms, [&](const utf8_form& f) { return is_between(text.front(), f.first, f.last); });
    if (form == forms.end() || text.size() < form->length) return 0;
    if (form->length > 1 && !is_between(text[1], form->second_from, form->second_to)) return 0;
    const bool goes_on =
        std::ranges::all_of(text.substr(0, form->length).substr(std::min<std::size_t>(2, form->length)),
                            [](char c) { return is_between(c, 0x80, 0xBF); });
    return goes_on ? form->length : 0;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = first_character(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string problem_of_text(const std::string& text) {
    return is_utf8(text) ? std::string{} : "the text is no UTF-8, so nobody could read what is printed";
}

}  // namespace cutwater::app
