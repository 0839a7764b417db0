// What a limiter says of itself, and what a call holds of it.
#pragma once

#include <cstdint>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// Where a limiter stands at an instant.
struct rate_reading {
    std::uint64_t limit = 0;      ///< permits that a quiet limiter gives at once
    std::uint64_t remaining = 0;  ///< permits that it would give now
    duration reset{};             ///< until it is as if nobody had ever asked
    duration retry_after{};       ///< until what was asked for may pass: zero is now, `forever` is never

    friend bool operator==(const rate_reading&, const rate_reading&) = default;
};

/// Permits that were taken, as the algorithm that gave them would know them again.
struct rate_slot {
    std::uint64_t mark = 0;
    std::uint64_t amount = 0;
    instant taken{};

    friend bool operator==(const rate_slot&, const rate_slot&) = default;
};

}  // namespace cutwater
