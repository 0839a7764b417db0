// What the calls of one seed are to do, and what is to be done to them, before any of it has happened.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "cutwater/core/call.hpp"
#include "test/soak/call_book.hpp"
#include "test/soak/dice.hpp"

namespace cutwater::soak {

enum class ending : std::uint8_t { value, lost, denied, exception, bug };

/// One attempt, as the dependency deals with it.
struct attempt_plan {
    duration takes{};
    ending how = ending::value;
    int value = 0;
    bool deaf = false;  ///< it looks neither at its deadline nor at its stop token

    /// What comes of it in the end, if nothing cuts it short.
    [[nodiscard]] std::expected<int, std::error_code> result() const;
};

struct call_plan {
    std::size_t number = 0;
    std::size_t pipeline = 0;
    duration begins{};
    std::vector<attempt_plan> attempts{};  ///< the last is repeated
    std::optional<duration> patience{};    ///< its deadline, from its beginning
    std::optional<duration> cancelled{};
    bool by_slot = false;  ///< cancelled by a cancellation slot, where there is one; else by its stop token
    call_options said{};

    [[nodiscard]] const attempt_plan& attempt_of(unsigned served) const {
        return attempts[std::min<std::size_t>(served, attempts.size()) - 1];
    }
};

/// How many calls, of what size, for how many pipelines.
struct plan_size {
    unsigned calls = 0;
    std::size_t pipelines = 0;
    duration unit{};
};

[[nodiscard]] std::vector<call_plan> draw_plans(dice& d, const plan_size& size, call_book& book);

}  // namespace cutwater::soak
