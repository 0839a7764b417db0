#include "cutwater/pipeline/describe.hpp"

namespace cutwater {

namespace {

constexpr std::size_t most_columns = 100;

/// Where the first option ends, its comma included: a comma in quotes ends none.
std::size_t end_of_option(std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;  // in quotes, it escapes what follows
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text.substr(i).starts_with(", ") && !quoted)
            return i + 1;
    }
    return text.size();
}

/// As many options as fit into `room`, and one at least.
std::string_view first_line(std::string_view text, std::size_t room) {
    if (text.size() <= room) return text;
    std::size_t end = end_of_option(text);
    while (end < text.size()) {
        const std::size_t next = end + end_of_option(text.substr(end));
        if (next > room) break;
        end = next;
    }
    return text.substr(0, end);
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
