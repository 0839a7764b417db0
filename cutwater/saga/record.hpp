// What is written down of a saga: one cell, which says at each moment what has been done and what must be.
//
//     forward    `step` has begun, and all before it are done
//     undoing    the undo of `to_undo.front()` has begun; the rest of `to_undo` comes after it
//     completed  every step is done
//     undone     none is, any more
//     stuck      those in `not_undone` are still done
//
// The cell's key is `saga/<length of the name>:<name>/<id>`. Bytes that are none of ours, or have been cut, are no record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/error.hpp"

namespace cutwater {

enum class saga_phase : std::uint8_t { forward, undoing, completed, undone, stuck };
[[nodiscard]] constexpr std::string_view to_text(saga_phase p) noexcept {
    constexpr std::string_view texts[] = {"forward", "undoing", "completed", "undone", "stuck"};
    return p <= saga_phase::stuck ? texts[static_cast<std::uint8_t>(p)] : "unknown";
}

/// How a step, or its undo, failed: what can be said of an error again. Codes of a known category come back as they
/// were; others as one that is a timeout, the network's or a refusal where they are, with their words (known_category.hpp).
struct saga_failure {
    std::uint64_t step = 0;
    std::error_code code{};
    std::string words{};

    [[nodiscard]] static saga_failure of(std::uint64_t step, const error& why);
    [[nodiscard]] error as_error() const { return error{code}.with_text(words); }

    friend bool operator==(const saga_failure&, const saga_failure&) = default;
};

struct saga_record {
    std::vector<std::string> steps{};  ///< the definition that it was begun with: the names, in their order
    saga_phase phase = saga_phase::forward;
    std::uint64_t step = 0;
    std::vector<std::uint64_t> to_undo{};
    std::vector<saga_failure> not_undone{};
    std::optional<saga_failure> cause{};
    std::string context{};
    std::uint64_t holder = 0;    ///< who wrote it
    std::uint64_t sequence = 0;  ///< the holder's how-manieth write: no two records of a saga are the same bytes
    duration lease{};            ///< for how long nobody else takes it over
    std::uint64_t takeovers = 0;

    friend bool operator==(const saga_record&, const saga_record&) = default;

    [[nodiscard]] bool is_over() const noexcept {
        return phase == saga_phase::completed || phase == saga_phase::undone;
    }
    [[nodiscard]] bool is_held() const noexcept { return phase == saga_phase::forward || phase == saga_phase::undoing; }
    [[nodiscard]] std::string encoded() const;
    [[nodiscard]] static std::optional<saga_record> decoded(std::string_view bytes);

private:
    [[nodiscard]] bool is_sound() const noexcept;
};

/// What the cells of all sagas of that name begin with.
[[nodiscard]] std::string saga_cells(std::string_view saga);
[[nodiscard]] inline std::string saga_cell(std::string_view saga, std::string_view id) {
    return saga_cells(saga).append(id);
}

}  // namespace cutwater
