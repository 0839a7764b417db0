// Which of many events of one kind pass: the first of a period, then one in so many, and the number of those left out.
//
//     cw::sampling_kernel one_kind;
//     const auto answer = one_kind.next(now, {.first = 10, .every = 100, .period = 1s});
//     const bool is_told = answer.passes;        // and answer.left_out says how many were not, since the last one
//
// What is left out is told once: by the next one that passes, or by `take_left_out`. A clock that steps back ends no period. Thread safety: as
// a value.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// How many pass.
struct sampling_limits {
    unsigned first = 10;
    unsigned every = 100;  ///< 0: none but the first
    duration period = std::chrono::seconds{1};
};

class sampling_kernel {
public:
    struct answer {
        bool passes = false;
        std::uint64_t left_out = 0;

        friend bool operator==(const answer&, const answer&) = default;
    };

    [[nodiscard]] answer next(instant now, const sampling_limits& limits) noexcept {
        if (!begun_ || is_over(now, limits)) {
            begun_ = now;
            heard_ = 0;
        }
        ++heard_;
        const bool passes = heard_ <= limits.first || (limits.every > 0 && (heard_ - limits.first) % limits.every == 0);
        if (passes) return {.passes = true, .left_out = std::exchange(left_out_, 0)};
        ++left_out_;
        return {};
    }

    /// Those left out of a period that is over, and that nothing has passed to tell of since.
    [[nodiscard]] std::uint64_t take_left_out(instant now, const sampling_limits& limits) noexcept {
        return begun_ && is_over(now, limits) ? take_left_out() : 0;
    }
    [[nodiscard]] std::uint64_t take_left_out() noexcept { return std::exchange(left_out_, 0); }

private:
    [[nodiscard]] bool is_over(instant now, const sampling_limits& limits) const noexcept {
        return between(*begun_, now) >= limits.period;
    }

    std::optional<instant> begun_;
    std::uint64_t heard_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace cutwater
