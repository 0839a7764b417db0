// The rules by which a limit moves: pure functions of what was seen at the limit in force.
//
// Sources: AIMD: Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion avoidance" (1989). Vegas: Brakmo and
// Peterson, "TCP Vegas" (1995). Both, and the second version of the gradient, with the constants of Netflix' concurrency-limits
// (`AIMDLimit`, `VegasLimit`, `Gradient2Limit`), where they bound calls and not packets.
#pragma once

#include <algorithm>
#include <cmath>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// What was seen while a limit was in force.
struct limit_sample {
    double limit = 0;         ///< that was in force
    unsigned in_flight = 0;   ///< the most calls at once
    duration latency{};       ///< of a typical call; zero where none was answered
    duration idle_latency{};  ///< what it would be with nobody waiting
    bool overloaded = false;  ///< calls were dropped
    double drop_share = 0;    ///< of the calls that ended
};

/// No rule raises a limit that was not needed.
[[nodiscard]] constexpr bool was_needed(const limit_sample& seen) noexcept {
    return seen.in_flight * 2.0 >= seen.limit;
}

/// One more while all is well, and `backoff` times as many when it is not.
[[nodiscard]] inline double next_by_aimd(const limit_sample& seen, double backoff) noexcept {
    if (seen.overloaded) return std::floor(seen.limit * backoff);
    return was_needed(seen) ? seen.limit + 1 : seen.limit;
}

/// What the rules by latency leave in an overload: a tenth less, and half where all calls are dropped. Work for those who have given up
/// piles up in the dependency for as long as it takes.
[[nodiscard]] constexpr double after_overload(const limit_sample& seen) noexcept {
    return seen.limit * (1 - std::max(0.1, seen.drop_share / 2));
}

/// How many of the calls in flight wait in the dependency: limit · (1 - idle latency / latency), rounded up.
[[nodiscard]] inline double calls_waiting(const limit_sample& seen) noexcept {
    if (seen.latency <= seen.idle_latency) return 0;
    const double idle = static_cast<double>(seen.idle_latency.count()) / static_cast<double>(seen.latency.count());
    return std::ceil(seen.limit * (1 - idle));
}

/// Keeps between alpha and beta calls waiting, which grow with the limit's order of magnitude.
[[nodiscard]] inline double next_by_vegas(const limit_sample& seen) noexcept {
    const double magnitude = std::max(1.0, std::floor(std::log10(std::max(1.0, seen.limit))));
    const double alpha = 3 * magnitude;
    const double beta = 6 * magnitude;
    if (seen.overloaded)
        return std::min(seen.limit - magnitude, after_overload(seen));  // the published step is the first
    if (!was_needed(seen)) return seen.limit;
    const double waiting = calls_waiting(seen);
    if (waiting <= magnitude) return seen.limit + beta;  // nobody to speak of
    if (waiting < alpha) return seen.limit + magnitude;
    if (waiting <= beta) return seen.limit;
    return seen.limit -
           std::max(magnitude, (waiting - beta) / 4);  // far too many: the published step would take minutes
}

/// As much less as it is slower, at most by half, and room for a few who wait.
[[nodiscard]] inline double next_by_gradient(const limit_sample& seen, double tolerance) noexcept {
    constexpr double smoothing = 0.2;
    if (seen.overloaded) return after_overload(seen);
    if (!was_needed(seen)) return seen.limit;
    const double room = std::max(4.0, std::sqrt(seen.limit));
    const double slower = static_cast<double>(seen.latency.count()) /
                          std::max(1.0, static_cast<double>(seen.idle_latency.count()) * tolerance);
    const double gradient = slower > 2 ? 0.5 : 1 / std::max(1.0, slower);
    const double wanted = seen.limit * gradient + room;
    return seen.limit + (wanted - seen.limit) * smoothing;
}

}  // namespace cutwater
