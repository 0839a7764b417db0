// What is right for an adaptive timeout: which limit follows from what is known.
//
//     base     percentile · factor, between floor and ceiling
//     limit    floor + (base - floor) · (1 - strain)
//
// Where the percentile is only known to be *at least* something, as too many were cut off, the base grows to that · factor, and
// never becomes shorter: so a limit that is too short for nearly all finds out how long they take, by `factor` at a time. Where nothing is
// known, it is `initial`.
#pragma once

#include <algorithm>

#include "cutwater/core/outcome.hpp"
#include "cutwater/policy/adaptive_timeout/options.hpp"

namespace cutwater {

/// What a call says of how long things take.
enum class latency_sample : std::uint8_t {
    none,
    ended,     ///< it took as long as it did
    censored,  ///< it was cut off, failed or lost a race before: at least so long
};

class adaptive_timeout_kernel {
public:
    explicit adaptive_timeout_kernel(const adaptive_timeout_options& o) noexcept
        : factor_{o.factor}, initial_{o.initial}, floor_{o.floor}, ceiling_{o.ceiling} {}

    [[nodiscard]] duration base_after(duration base, const std::optional<latency_percentile>& known) const noexcept {
        if (!known) return initial_;
        const duration wanted = std::clamp(scale(known->value, factor_), floor_, ceiling_);
        return known->is_at_least ? std::max(base, wanted) : wanted;
    }

    /// `strain`: from 0 to 1; what is beyond counts as the end there.
    [[nodiscard]] duration limit(duration base, double strain) const noexcept {
        return add(floor_, scale(base - floor_, 1.0 - std::clamp(strain, 0.0, 1.0)));
    }

    /// Whether it is worth telling that the limit is now `to`.
    [[nodiscard]] static constexpr bool is_much(duration from, duration to) noexcept {
        return to >= from + from / 4 || from >= to + to / 4;
    }

    /// An answer, also one that says no for good, took its time. What is about time, ours or somebody else's inside or around, and what failed in passing,
    /// says that no answer had come by then; so does what was cancelled because another attempt had won, at `lost_at`. The rest says nothing.
    [[nodiscard]] static latency_sample sample_of(const observation& seen, instant lost_at = never) noexcept {
        if (seen.meaning() == verdict::cancelled)
            return lost_at == never ? latency_sample::none : latency_sample::censored;
        if (seen.failure != nullptr &&
            (seen.failure->code() == errc::timed_out || seen.failure->code() == errc::deadline_exceeded))
            return latency_sample::censored;
        switch (seen.meaning()) {
            case verdict::success:
            case verdict::permanent: return latency_sample::ended;
            case verdict::transient: return latency_sample::censored;
            default: return latency_sample::none;
        }
    }

private:
    double factor_;
    duration initial_;
    duration floor_;
    duration ceiling_;
};

}  // namespace cutwater
