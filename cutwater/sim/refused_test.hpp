// What a world says to what cannot be, for the room's tests.
#pragma once

#include <stdexcept>
#include <string>

namespace cutwater::sim {

/// Nothing where it is no matter.
std::string refused_with(const auto& tried) {
    try {
        (void)tried();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "";
}

}  // namespace cutwater::sim
