// The machine's own monotonic clock and random numbers, for the drivers. Here, and nowhere below, is time read.
//
//     cw::instant start = cw::now();
//     pipeline.run({.deadline = cw::in(2s)}, f);
//
// Thread safety: free of state, but for a random source in each thread, seeded from the system on first use and again
// after a fork, so that no two processes jitter in step.
#pragma once

#include <chrono>

#include "cutwater/core/environment.hpp"

namespace cutwater {

/// The time, on `std::chrono::steady_clock`.
[[nodiscard]] inline instant now() noexcept {
    return instant{std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

/// The instant that is `d` from now.
[[nodiscard]] inline instant in(duration d) noexcept { return add(now(), d); }

/// `t` on `std::chrono::steady_clock`; `never` becomes a day far ahead that clocks still can add to.
[[nodiscard]] std::chrono::steady_clock::time_point to_steady(instant t) noexcept;

/// What the machine lends: `now()`, and the thread's random source.
class machine final : public environment {
public:
    [[nodiscard]] instant now() noexcept override { return cutwater::now(); }
    [[nodiscard]] random_source& random() noexcept override;
};

/// The machine that this process runs on.
inline constinit machine this_machine{};

}  // namespace cutwater
