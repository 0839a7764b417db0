// How long to wait before retry n. Pure arithmetic: saturates, never negative, finite for any n.
//
// Sources: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (full, equal, decorrelated).
#pragma once

#include "cutwater/core/random.hpp"
#include "cutwater/policy/retry/options.hpp"

namespace cutwater {

/// The delay before retry `n` (1 is the first), capped by `max_delay`, before jitter.
[[nodiscard]] duration backoff_delay(const retry_options& options, unsigned n) noexcept;

/// `d` with chance; `previous` is the delay before this one, zero before the first.
[[nodiscard]] duration jittered(const retry_options& options, duration d, duration previous,
                                random_source& random) noexcept;

}  // namespace cutwater
