// How long to wait before retry n. Pure arithmetic: saturates, never negative, finite for any n.
//
//     cw::duration plain = cw::backoff_delay(options, 3);                        // base · multiplier², capped
//     cw::duration slept = cw::jittered(options, plain, previous, random);
//
// Sources: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (full, equal, decorrelated). Where the blog
// caps the decorrelated delay, here its range is capped, as Finagle does: else two thirds of all delays near the cap are
// the cap itself, and the clients in step again. The spread of a wish is Envoy's, one to one and a half times.
#pragma once

#include "cutwater/core/random.hpp"
#include "cutwater/policy/retry/options.hpp"

namespace cutwater {

/// The delay before retry `n` (1 is the first), capped by `max_delay`, before jitter.
[[nodiscard]] duration backoff_delay(const retry_options& options, unsigned n) noexcept;

/// `d` with chance; `previous` is the delay before this one, zero before the first.
[[nodiscard]] duration jittered(const retry_options& options, duration d, duration previous,
                                random_source& random) noexcept;

/// The dependency's `wish`, never shortened: up to half as much again, and less than `longest`. `wish` is less than that.
[[nodiscard]] duration spread(duration wish, duration longest, random_source& random) noexcept;

}  // namespace cutwater
