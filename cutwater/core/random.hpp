// A seeded source of random numbers for jitter and sampling.
//
// xoshiro256++ 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2019), seeded through
// SplitMix64 as its authors advise. Fast (a few cycles), small (32 bytes), reproducible: the same seed gives the same
// sequence everywhere. Not for secrets.
//
//     cw::random_source random{42};
//     double share = random.unit();             // in [0, 1)
//     cw::duration d = random.below(100ms);     // in [0, 100ms]
//
// Thread safety: none; each thread, call or test has one of its own. Drivers seed theirs from the system.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "cutwater/core/instant.hpp"

namespace cutwater {

class random_source {
public:
    using result_type = std::uint64_t;

    constexpr explicit random_source(std::uint64_t seed) noexcept {
        for (auto& word : state_) word = split_mix(seed);
    }

    static constexpr result_type min() noexcept { return 0; }
    static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }

    constexpr result_type operator()() noexcept {
        const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// Uniform in [0, 1), 53 bits.
    constexpr double unit() noexcept { return static_cast<double>((*this)() >> 11U) * 0x1.0p-53; }

    /// Uniform in [0, limit]; zero where the limit is not positive.
    constexpr duration below(duration limit) noexcept {
        if (limit <= duration::zero()) return duration::zero();
        const auto span = static_cast<std::uint64_t>(limit.count()) + 1;
        __extension__ using wide = unsigned __int128;  // Lemire's multiply-shift; the bias is below 2^-64 · span
        return duration{static_cast<duration::rep>((static_cast<wide>((*this)()) * span) >> 64U)};
    }

private:
    static constexpr std::uint64_t split_mix(std::uint64_t& seed) noexcept {
        seed += 0x9e3779b97f4a7c15U;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    std::uint64_t state_[4] = {};
};

}  // namespace cutwater
