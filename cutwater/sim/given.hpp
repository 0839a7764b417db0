// What a world is not given: a pause that is none, a rate that is no number. With such a thing time would stand still, or come to
// no end.
//
// Each throws `std::invalid_argument`, whose text names the culprit, its value and what to give instead.
#pragma once

#include <string_view>

#include "cutwater/core/instant.hpp"

namespace cutwater::sim::detail {

struct culprit {
    std::string_view where;   ///< `clients::arrive`
    std::string_view what;    ///< `per_second`
    std::string_view remedy;  ///< what to give instead
};

void require(bool holds, double given, const culprit& who);
void require(bool holds, duration given, const culprit& who);

/// As a duration; `forever` where it is too long for one.
[[nodiscard]] duration saturated(double nanoseconds) noexcept;

}  // namespace cutwater::sim::detail
