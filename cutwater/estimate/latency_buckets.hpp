// Latencies by size, in buckets: 32 for each power of two, from 512 ns to 73 minutes. The value that stands for a bucket is
// within 1/65 of each latency in it, which is 1.6 %.
//
// Such a sketch with a relative error is that of Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
// relative-error guarantees" (VLDB 2019), with the logarithm interpolated linearly between powers of two. What is shorter counts as the shortest.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "cutwater/core/instant.hpp"

namespace cutwater {

struct latency_buckets {
    static constexpr unsigned first_power = 9;
    static constexpr unsigned powers = 33;
    static constexpr unsigned steps = 32;
    static constexpr std::size_t count = std::size_t{powers} * steps;

    static constexpr duration shortest{duration::rep{1} << first_power};
    static constexpr duration longest{(duration::rep{1} << (first_power + powers)) - 1};
    static constexpr double relative_error = 1.0 / (2 * steps + 1);

    /// Of a latency up to `longest`.
    [[nodiscard]] static constexpr std::size_t of(duration d) noexcept {
        if (d < shortest) return 0;
        if (d > longest) return count - 1;
        const auto ns = static_cast<std::uint64_t>(d.count());
        const auto power = static_cast<unsigned>(std::bit_width(ns)) - 1;
        return std::size_t{power - first_power} * steps + ((ns >> (power - step_bits)) & (steps - 1));
    }

    /// The harmonic mean of the bucket's ends: the same share from both.
    [[nodiscard]] static constexpr duration value_of(std::size_t bucket) noexcept {
        const std::uint64_t low = steps + bucket % steps;  // in widths
        const std::uint64_t width = std::uint64_t{1} << (bucket / steps + first_power - step_bits);
        return duration{static_cast<duration::rep>(low * width + width * low / (2 * low + 1))};
    }

private:
    static constexpr unsigned step_bits = std::bit_width(steps) - 1;
};

}  // namespace cutwater
