// What a layer of a pipeline says of a call: where it goes next.
#pragma once

#include <cstdint>

#include "cutwater/core/instant.hpp"

namespace cutwater {

enum class flow : std::uint8_t {
    inward,   ///< go on to the next layer inside
    outward,  ///< the outcome stands: leave to the next layer outside
    pause,    ///< wait until `pause_point::until`, or until woken
    answer,   ///< the outcome is as good as the callable's: it is judged, and this layer is left
};

struct pause_point {
    instant until = never;
};

}  // namespace cutwater
