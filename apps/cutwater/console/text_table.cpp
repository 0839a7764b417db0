#include "apps/cutwater/console/text_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cutwater::app {

namespace {

constexpr std::string_view gap = "  ";
constexpr std::size_t narrowest = 16;  // the last column is never squeezed below it

bool continues_a_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

/// The longest start of `text` that fits, at least one character.
std::string_view first_columns(std::string_view text, std::size_t columns) {
    std::size_t end = 0;
    for (std::size_t used = 0; end < text.size(); ++end)
        if (!continues_a_character(text[end]) && ++used > std::max<std::size_t>(columns, 1)) break;
    return text.substr(0, end);
}

std::string filled(const std::string& text, std::size_t width, align to) {
    const std::string blanks(width - std::min(width, width_of(text)), ' ');
    return to == align::right ? blanks + text : text + blanks;
}

}  // namespace

std::size_t width_of(std::string_view text) noexcept {
    return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues_a_character));
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines;
    while (width_of(text) > columns) {
        std::string_view line = first_columns(text, columns);
        const bool whole = text.substr(line.size()).starts_with(' ');
        if (const auto blank = line.rfind(' '); !whole && blank != std::string_view::npos && blank > 0)
            line = line.substr(0, blank);
        lines.emplace_back(line);
        text.remove_prefix(line.size());
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    if (!text.empty() || lines.empty()) lines.emplace_back(text);
    return lines;
}

namespace {

/// How many bytes at the beginning a terminal would obey, and not show: C0, C1, and what turns the direction of writing (U+202A to U+202E, U+2066 to U+2069).
std::size_t obeyed(std::string_view text) noexcept {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
    if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;
    const bool turns = (byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae) ||
                       (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
    return byte(0) == 0xe2 && turns ? 3 : 0;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string shown;
    while (!text.empty()) {
        const std::size_t bytes = obeyed(text);
        if (bytes > 0)
            shown += '?';
        else
            shown += text.front();
        text.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return shown;
}

std::string painted(std::string_view text, paint in, bool colours) {
    constexpr std::array<std::string_view, 5> codes{"", "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m"};
    const std::string_view code = codes.at(static_cast<std::size_t>(in));
    if (!colours || code.empty() || text.empty()) return std::string{text};
    return std::string{code}.append(text).append("\x1b[0m");
}

void text_table::add(std::vector<cell> row) {
    row.resize(aligned_.size());
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> text_table::widths() const {
    std::vector<std::size_t> widest(aligned_.size(), 0);
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) widest[i] = std::max(widest[i], width_of(row[i].text));
    return widest;
}

std::string text_table::text(const page& shown) const {
    const std::vector<std::size_t> widest = widths();
    const std::size_t last = aligned_.size() - 1;
    std::size_t before = 0;
    for (std::size_t i = 0; i < last; ++i) before += widest[i] + gap.size();
    const std::size_t room = shown.columns > before + narrowest ? shown.columns - before : narrowest;
    std::string out;
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < last; ++i)
            out.append(painted(filled(row[i].text, widest[i], aligned_[i]), row[i].in, shown.colours)).append(gap);
        bool first = true;
        for (const std::string& line : wrapped(row[last].text, room)) {
            if (!std::exchange(first, false)) out.append(before, ' ');
            if (line.empty()) out.erase(out.find_last_not_of(' ') + 1);
            out.append(painted(line, row[last].in, shown.colours)).append("\n");
        }
    }
    return out;
}

}  // namespace cutwater::app
