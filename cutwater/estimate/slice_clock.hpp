// Where an instant lies in a window of four slices that moves with time: the current slice, and the three before it.
//
// An instant a little before the current slice is in it. A jump as long as the window, forth or back, leaves nothing of what was before.
#pragma once

#include <cstdint>

#include "cutwater/core/instant.hpp"

namespace cutwater {

class slice_clock {
public:
    static constexpr unsigned slices = 4;
    using number = std::uint64_t;  ///< of a slice; 0: none has begun

    explicit slice_clock(duration window) noexcept : length_{window / slices} {}

    /// The slice of `now`; the same for each step, or a gap.
    [[nodiscard]] number at(instant now) const noexcept { return current_ + steps_to(now); }
    /// Moves there.
    void move_to(instant now) noexcept {
        const number steps = steps_to(now);
        if (steps == 0) return;
        const bool is_next = current_ != 0 && now > begin_ && steps < slices;
        begin_ = is_next ? add(begin_, length_ * static_cast<duration::rep>(steps)) : now;
        current_ += steps;
    }

    [[nodiscard]] number current() const noexcept { return current_; }
    [[nodiscard]] instant begin() const noexcept { return begin_; }
    [[nodiscard]] duration length() const noexcept { return length_; }

    /// Whether what is in slice `n` still counts in slice `now`.
    [[nodiscard]] static constexpr bool counts(number n, number now) noexcept { return n != 0 && now - n < slices; }
    [[nodiscard]] static constexpr std::size_t slot(number n) noexcept { return n % slices; }

    friend bool operator==(const slice_clock&, const slice_clock&) = default;

private:
    [[nodiscard]] number steps_to(instant now) const noexcept {
        if (current_ == 0) return slices;
        const duration d = between(begin_, now);
        if (d < duration::zero()) return d > -length_ * slices ? 0 : slices;
        return static_cast<number>(d / length_);
    }

    duration length_;
    instant begin_{};
    number current_ = 0;
};

}  // namespace cutwater
