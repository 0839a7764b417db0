// When a key is asked for next: pure.
//
// A value is refreshed before it ends, at a random time: keys that came together go apart, and stay so. After failures the wait is "exponential
// backoff with equal jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015): between a half and the whole of a bound that doubles.
//
// `share` is in [0, 1), drawn anew for each question. All instants saturate.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "cutwater/drive/prefetch/options.hpp"
#include "cutwater/policy/cache/kernel.hpp"

namespace cutwater {

class prefetch_kernel {
public:
    explicit prefetch_kernel(const prefetch_options& options) noexcept : options_{options} {}

    /// Of one that has just been declared, and of which nothing is kept.
    [[nodiscard]] instant first(instant now, double share) const noexcept {
        return add(now, scale(options_.first_within, share));
    }

    /// Of one whose value lives so long, and that was asked for last at `begun`.
    [[nodiscard]] instant before_it_ends(const cache_lifetime& value, std::optional<instant> begun,
                                         double share) const noexcept {
        const duration age = scale(value.fresh_for, options_.refresh_at - options_.jitter * share);
        return no_sooner(add(value.born, age), begun);
    }

    /// Of one that was asked for at `begun` in vain, for the so-manieth time in a row; `wish` is what the dependency, or a policy, says
    /// of when asking again makes sense.
    [[nodiscard]] instant after_failure(instant now, instant begun, unsigned failures, duration wish,
                                        double share) const noexcept {
        const duration most =
            std::min(options_.max_delay, scale(options_.base_delay, std::ldexp(1.0, doublings(failures))));
        return no_sooner(add(now, std::max(scale(most, 0.5 + 0.5 * share), wish)), begun);
    }

private:
    [[nodiscard]] static int doublings(unsigned failures) noexcept {
        return static_cast<int>(std::clamp(failures, 1U, 64U)) - 1;
    }
    [[nodiscard]] instant no_sooner(instant due, std::optional<instant> begun) const noexcept {
        return begun ? std::max(due, add(*begun, options_.least_pause)) : due;
    }

    const prefetch_options& options_;
};

}  // namespace cutwater
