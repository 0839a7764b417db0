// Where a value is from that is not the dependency's own answer to this call.
#pragma once

#include "cutwater/core/instant.hpp"
#include "cutwater/core/name.hpp"

namespace cutwater {

struct origin {
    name source{};             ///< a fallback's tier, a cache, a replay; empty: the dependency's own answer
    duration age{};            ///< how long ago it was the dependency's answer, where that is known
    bool is_degraded = false;  ///< whether it is less than what was asked for

    friend bool operator==(const origin&, const origin&) = default;
};

}  // namespace cutwater
