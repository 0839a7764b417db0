// Latencies, counted by size: from 1 µs to 137 s in steps of a sixteenth of a power of two, so that each is known within 3.2 %;
// what is smaller or larger counts as the smallest or the largest.
//
// Thread safety: every member, from any thread. Nothing is lost or counted twice: `take` empties each counter in one step.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>

#include "cutwater/core/instant.hpp"

namespace cutwater {

struct latency_summary {
    std::uint64_t count = 0;
    duration mean{};
    duration percentile_90{};
    double standard_error = 0;  ///< of the mean, as a share of it
};

template <template <class> class Atomic = std::atomic>
class basic_latency_counts {
public:
    void add(duration d) noexcept { bins_[bin_of(d)].fetch_add(1, std::memory_order_relaxed); }

    /// What was counted since it was last taken.
    [[nodiscard]] latency_summary look() const noexcept {
        return summary_of([&](std::size_t i) { return bins_[i].load(std::memory_order_relaxed); });
    }
    [[nodiscard]] latency_summary take() noexcept {
        return summary_of([&](std::size_t i) {
            return bins_[i].load(std::memory_order_relaxed) == 0 ? 0 : bins_[i].exchange(0, std::memory_order_relaxed);
        });
    }

    static constexpr unsigned smallest_power = 10;  // 1024 ns
    static constexpr unsigned powers = 27;
    static constexpr unsigned steps = 16;
    static constexpr std::size_t bins = std::size_t{powers} * steps;

    [[nodiscard]] static constexpr std::size_t bin_of(duration d) noexcept {
        if (d.count() < (duration::rep{1} << smallest_power)) return 0;
        const auto ns = static_cast<std::uint64_t>(d.count());
        const auto power = static_cast<unsigned>(std::bit_width(ns)) - 1;
        if (power >= smallest_power + powers) return bins - 1;
        return std::size_t{power - smallest_power} * steps + ((ns >> (power - 4U)) & (steps - 1));
    }
    [[nodiscard]] static constexpr duration middle_of(std::size_t bin) noexcept {
        const auto power = static_cast<unsigned>(bin / steps) + smallest_power;
        const std::uint64_t step = std::uint64_t{1} << (power - 4U);
        return duration{static_cast<duration::rep>((steps + bin % steps) * step + step / 2)};
    }

private:
    template <class Get>
    [[nodiscard]] static latency_summary summary_of(Get&& get) noexcept {
        std::array<std::uint32_t, bins> counts{};
        latency_summary all;
        double sum = 0;
        double squares = 0;
        for (std::size_t i = 0; i < bins; ++i) {
            counts[i] = get(i);
            if (counts[i] == 0) continue;
            const auto ns = static_cast<double>(middle_of(i).count());
            all.count += counts[i];
            sum += counts[i] * ns;
            squares += counts[i] * ns * ns;
        }
        if (all.count == 0) return all;
        const auto n = static_cast<double>(all.count);
        const double mean = sum / n;
        all.mean = duration{static_cast<duration::rep>(mean)};
        all.standard_error = std::sqrt(std::max(0.0, squares / n - mean * mean) / n) / mean;
        all.percentile_90 = percentile_90_of(counts, all.count);
        return all;
    }
    [[nodiscard]] static duration percentile_90_of(const std::array<std::uint32_t, bins>& counts,
                                                   std::uint64_t all) noexcept {
        std::size_t i = 0;
        for (std::uint64_t below = counts[0]; below * 10 < all * 9; below += counts[i]) ++i;
        return middle_of(i);
    }

    std::array<Atomic<std::uint32_t>, bins> bins_{};
};

}  // namespace cutwater
