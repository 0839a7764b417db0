// What a world is not given: a pause that is none, a rate that is no number, a column that comes too late. With such a thing time
// would stand still or come to no end, or a table have rows of several lengths.
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
/// For what is no number: `given` is what it is, in a word.
void require(bool holds, std::string_view given, const culprit& who);

/// As a duration; `forever` where it is too long for one.
[[nodiscard]] duration saturated(double nanoseconds) noexcept;

}  // namespace cutwater::sim::detail
