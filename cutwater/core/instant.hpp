// Time as a value.
//
// A policy is given the time; it never asks for it. `timeline` is a clock type without `now()`, so a kernel that
// asks for the time does not compile. Drivers map their own monotonic clock onto it; tests make instants by hand:
//
//     cw::instant start{};
//     cw::instant later = cw::add(start, 250ms);
//     if (later < cw::never) { ... }
//
// Units: nanoseconds in a signed 64-bit count, 292 years either way. All arithmetic here saturates, so that
// "no deadline" plus a delay is still "no deadline" and nothing overflows.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace cutwater {

/// A monotonic clock type that cannot be read: only a driver knows what time it is.
struct timeline {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<timeline>;
    static constexpr bool is_steady = true;
};

using duration = timeline::duration;
using instant = timeline::time_point;

/// The instant that never comes: as a deadline, "none".
inline constexpr instant never = instant::max();

/// The duration that does not end: as a limit, "none".
inline constexpr duration forever = duration::max();

/// The sum of two durations, saturating at both ends.
[[nodiscard]] constexpr duration add(duration a, duration b) noexcept {
    duration::rep sum = 0;
    if (!__builtin_add_overflow(a.count(), b.count(), &sum)) return duration{sum};
    return b < duration::zero() ? duration::min() : duration::max();
}

/// `start` moved by `d`, saturating: `add(never, d)` is `never`, and so is `add(t, forever)` for `t` not before zero.
[[nodiscard]] constexpr instant add(instant start, duration d) noexcept {
    if (start == never) return never;
    return instant{add(start.time_since_epoch(), d)};
}

/// `end - start`, saturating; `forever` where the end is `never`.
[[nodiscard]] constexpr duration between(instant start, instant end) noexcept {
    if (end == never) return forever;
    duration::rep difference = 0;
    if (!__builtin_sub_overflow(end.time_since_epoch().count(), start.time_since_epoch().count(), &difference))
        return duration{difference};
    return end < start ? duration::min() : duration::max();
}

/// `d` times `factor` (finite, not negative), saturating.
[[nodiscard]] constexpr duration scale(duration d, double factor) noexcept {
    const double product = static_cast<double>(d.count()) * factor;
    if (!(product < static_cast<double>(std::numeric_limits<duration::rep>::max()))) return duration::max();
    if (!(product > static_cast<double>(std::numeric_limits<duration::rep>::min()))) return duration::min();
    return duration{static_cast<duration::rep>(product)};
}

}  // namespace cutwater
