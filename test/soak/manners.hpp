// The manners in which a seed is played.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "test/soak/scene.hpp"

namespace cutwater::soak {

enum class manner : std::uint8_t {
    blocking,    ///< the blocking driver in virtual time: a call that waits lets others begin
    coroutines,  ///< many coroutines on two contexts in virtual time; a context may be destroyed with those that it runs
    threads,  ///< both drivers on threads of the machine, and work on pools: here only what is drawn is the same each time
};
inline constexpr std::array all_manners{manner::blocking, manner::coroutines, manner::threads};

[[nodiscard]] constexpr std::string_view to_text(manner m) noexcept {
    constexpr std::string_view texts[] = {"blocking", "coroutines", "threads"};
    return texts[static_cast<std::uint8_t>(m)];
}

/// Whether a seed does the same each time.
[[nodiscard]] constexpr bool repeats_exactly(manner m) noexcept { return m != manner::threads; }

/// Plays one seed to its end. Nothing is thrown: what is, is found.
[[nodiscard]] played play(std::uint64_t seed, manner how);

}  // namespace cutwater::soak
