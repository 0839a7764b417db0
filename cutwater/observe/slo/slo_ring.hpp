// How many calls were good and how many bad in a window that moves with time, in 60 steps.
//
//     cw::slo_ring hour{1h};
//     hour.add({.good = 99, .bad = 1}, now);
//     hour.total(now).bad_share();                                    // 0.01
//
// What is in it is what came in the last 59 to 60 sixtieths of the window. A gap that is longer leaves nothing, and costs no more than a step. An instant
// that lies before another counts as that other. Thread safety: none.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// Calls that count for an objective.
struct slo_counts {
    std::int64_t good = 0;
    std::int64_t bad = 0;

    /// A result that turns out to be degraded is taken from the good ones before its call has ended: for a moment they may be below 0.
    [[nodiscard]] double bad_share() const noexcept {
        const auto all = static_cast<double>(this->all());
        return all > 0 ? static_cast<double>(std::max<std::int64_t>(bad, 0)) / all : 0;
    }
    [[nodiscard]] std::int64_t all() const noexcept {
        return std::max<std::int64_t>(good, 0) + std::max<std::int64_t>(bad, 0);
    }

    slo_counts& operator+=(const slo_counts& more) noexcept {
        good += more.good;
        bad += more.bad;
        return *this;
    }
    friend bool operator==(const slo_counts&, const slo_counts&) = default;
};

/// Counts over a window that moves with time, in `slices` steps.
class slo_ring {
public:
    static constexpr std::int64_t slices = 60;

    slo_ring() noexcept = default;
    explicit slo_ring(duration window) noexcept : slice_{std::max(window / slices, duration{1})} {}

    void add(const slo_counts& more, instant now) noexcept {
        const std::int64_t at = number_of(now);
        if (is_empty_ || at - latest_ >= slices) {
            counts_ = {};
            latest_ = at;
            is_empty_ = false;
        }
        while (latest_ < at) counts_[slot(++latest_)] = {};
        counts_[slot(latest_)] += more;
    }

    [[nodiscard]] slo_counts total(instant now) const noexcept {
        slo_counts sum;
        if (is_empty_) return sum;
        const std::int64_t first = std::max(number_of(now), latest_) - slices + 1;
        for (std::int64_t n = std::max(first, latest_ - slices + 1); n <= latest_; ++n) sum += counts_[slot(n)];
        return sum;
    }

private:
    [[nodiscard]] std::int64_t number_of(instant t) const noexcept {
        const std::int64_t whole = t.time_since_epoch() / slice_;
        return t.time_since_epoch() % slice_ < duration::zero() ? whole - 1 : whole;
    }
    [[nodiscard]] static std::size_t slot(std::int64_t number) noexcept {
        return static_cast<std::size_t>((number % slices + slices) % slices);
    }

    duration slice_{1};
    std::int64_t latest_ = 0;
    bool is_empty_ = true;
    std::array<slo_counts, slices> counts_{};
};

}  // namespace cutwater
