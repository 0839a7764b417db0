#include "cutwater/pipeline/describe.hpp"

namespace cutwater {

void append_layer(std::string& tree, std::size_t depth, std::string_view line) {
    if (depth > 0) tree.append(3 * (depth - 1), ' ').append("└─ ");
    tree.append(line).append("\n");
}

}  // namespace cutwater
