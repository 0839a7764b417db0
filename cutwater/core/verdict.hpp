// What one outcome means, decided once where the outcome is born.
//
//     success     the dependency did what was asked (a 404 is a success: it answered)
//     transient   it failed in a way that may pass: retry may help
//     permanent   it failed, and trying again will not help
//     ignored     it says nothing about the dependency (a bug of the caller's, input that was refused)
//     rejected    one of our own policies refused: nothing was sent
//     cancelled   the caller lost interest
//     abandoned   nobody said: the permit was dropped
//
// Only the first three are about the dependency; only they may enter a failure window or a latency estimate.
#pragma once

#include <cstdint>
#include <string_view>

namespace cutwater {

enum class verdict : std::uint8_t { success, transient, permanent, ignored, rejected, cancelled, abandoned };

/// Whether the dependency answered for itself: what a window may count.
[[nodiscard]] constexpr bool judges_dependency(verdict v) noexcept { return v <= verdict::permanent; }

/// Whether the dependency failed.
[[nodiscard]] constexpr bool is_failure(verdict v) noexcept {
    return v == verdict::transient || v == verdict::permanent;
}

[[nodiscard]] constexpr std::string_view to_text(verdict v) noexcept {
    constexpr std::string_view texts[] = {"success",  "transient", "permanent", "ignored",
                                          "rejected", "cancelled", "abandoned"};
    return texts[static_cast<std::uint8_t>(v)];
}

}  // namespace cutwater
