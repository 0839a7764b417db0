// What a throttle has counted, and what follows from it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cutwater/policy/throttle/options.hpp"

namespace cutwater {

/// Calls of the window.
struct throttle_counts {
    std::uint64_t requests = 0;  ///< that were asked for, those included that the throttle itself rejected
    std::uint64_t accepts = 0;   ///< that the dependency accepted

    throttle_counts& operator+=(const throttle_counts& more) noexcept {
        requests += more.requests;
        accepts += more.accepts;
        return *this;
    }
    friend bool operator==(const throttle_counts&, const throttle_counts&) = default;
};

/// The formula: max(0, (requests - k · accepts) / (requests + 1)), at most `max_rejection`; zero below `min_calls`.
[[nodiscard]] inline double rejection_probability(const throttle_counts& seen, const throttle_options& o) noexcept {
    if (seen.requests < o.min_calls) return 0.0;
    const auto requests = static_cast<double>(seen.requests);
    const double excess = requests - o.k * static_cast<double>(seen.accepts);
    return std::clamp(excess / (requests + 1.0), 0.0, o.max_rejection);
}

/// Where a throttle stands at an instant.
struct throttle_reading {
    throttle_counts counts{};
    double probability = 0.0;  ///< what the formula gives for these counts

    friend bool operator==(const throttle_reading&, const throttle_reading&) = default;
};

/// It begins to reject, or has ended to.
struct throttle_change {
    bool rejects = false;
    throttle_reading seen{};  ///< what that follows from

    friend bool operator==(const throttle_change&, const throttle_change&) = default;
};

}  // namespace cutwater
