// How much a call matters, when not all can be served.
//
//     pipeline.run({.operation = "checkout", .importance = cw::criticality::critical}, f);
//
// The levels are those of Google's SRE book, "Handling Overload": a system that is overloaded refuses the lowest first. A
// service passes on the level that it was called with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cutwater {

/// From what is refused last to what is refused first.
enum class criticality : std::uint8_t {
    critical,     ///< users see at once that it is missing
    normal,       ///< users see that it is missing; what is meant where nothing is said ("default" in texts)
    sheddable,    ///< a part of it may be missing now and then
    best_effort,  ///< may be missing for long: jobs that come again, prefetching
};

inline constexpr std::size_t criticality_levels = 4;

/// Its number, from 0; what is no level matters least.
[[nodiscard]] constexpr std::size_t level_of(criticality c) noexcept {
    return std::min<std::size_t>(static_cast<std::uint8_t>(c), criticality_levels - 1);
}

[[nodiscard]] constexpr std::string_view to_text(criticality c) noexcept {
    constexpr std::string_view texts[] = {"critical", "default", "sheddable", "best_effort"};
    return c <= criticality::best_effort ? texts[level_of(c)] : "unknown";
}

}  // namespace cutwater
