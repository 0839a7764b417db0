// What was seen of latencies, and which percentile follows from it where some were cut off before they had ended.
//
// Of an attempt that was cut off it is known that it takes *at least* so long. Left out, or taken for its whole length, it drags
// the percentile down to whatever cuts. The estimator of Kaplan and Meier ("Nonparametric estimation from incomplete observations",
// 1958) uses what is known: with d(i) that ended in bucket i of the n(i) that had not ended or been cut off before it,
//
//     S(i) = (1 - d(0)/n(0)) · … · (1 - d(i)/n(i))                is the share that takes longer
//
// and the percentile is the first bucket where S is at most 1 - p. In one bucket those that ended come before those that were cut off, so
// that no percentile is too small. Where S never gets there, the percentile is beyond all that ended, and all that is known is that it is no less than the longest.
//
// It is right where being cut off says nothing of how much longer it would have taken, as with a limit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "cutwater/estimate/latency_buckets.hpp"

namespace cutwater {

struct latency_percentile {
    duration value{};
    bool is_at_least = false;  ///< it is beyond all that ended: this long, or longer

    friend bool operator==(const latency_percentile&, const latency_percentile&) = default;
};

/// What is known at an instant.
struct latency_reading {
    std::uint64_t samples = 0;   ///< in the window
    std::uint64_t censored = 0;  ///< those of them that were cut off
    std::optional<latency_percentile> percentile{};

    [[nodiscard]] double censored_share() const noexcept {
        return samples == 0 ? 0.0 : static_cast<double>(censored) / static_cast<double>(samples);
    }
    friend bool operator==(const latency_reading&, const latency_reading&) = default;
};

struct latency_counts {
    struct of_bucket {
        std::uint64_t ended = 0;
        std::uint64_t cut = 0;
        friend bool operator==(const of_bucket&, const of_bucket&) = default;
    };
    std::array<of_bucket, latency_buckets::count> in{};

    void add(duration took) noexcept {
        if (took > latency_buckets::longest) return add_cut(took);  // more is not known of it
        ++in[latency_buckets::of(took)].ended;
    }
    void add_cut(duration at_least) noexcept { ++in[latency_buckets::of(at_least)].cut; }

    latency_counts& operator+=(const latency_counts& more) noexcept {
        for (std::size_t i = 0; i < in.size(); ++i) in[i].ended += more.in[i].ended, in[i].cut += more.in[i].cut;
        return *this;
    }
    friend bool operator==(const latency_counts&, const latency_counts&) = default;
};

/// The percentile `p`, from 0 to 1, where there are as many samples as it takes, and at least one.
[[nodiscard]] latency_reading read_counts(const latency_counts& seen, double p, std::uint64_t min_samples) noexcept;

}  // namespace cutwater
