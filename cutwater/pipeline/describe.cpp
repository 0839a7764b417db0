#include "cutwater/pipeline/describe.hpp"

namespace cutwater {

namespace {

constexpr std::size_t most_columns = 100;

/// As much of `text` as fits into `room`, to the end of an option; all of it where there is no good place.
std::string_view first_line(std::string_view text, std::size_t room) {
    if (text.size() <= room) return text;
    const std::size_t comma = text.rfind(", ", room - 1);
    return comma == std::string_view::npos ? text : text.substr(0, comma + 1);
}

}  // namespace

void append_layer(std::string& tree, std::size_t depth, std::string_view line) {
    if (depth > 0) tree.append(3 * (depth - 1), ' ').append("└─ ");
    for (std::size_t indent = 3 * depth;; tree.append(indent, ' ')) {
        const std::size_t room = indent < most_columns / 2 ? most_columns - indent : most_columns / 2;
        const std::string_view shown = first_line(line, room);
        tree.append(shown).append("\n");
        if (shown.size() == line.size()) return;
        line.remove_prefix(shown.size() + 1);
        indent = 3 * depth + 4;
    }
}

}  // namespace cutwater
