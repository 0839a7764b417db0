#include "cutwater/policy/retry/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cutwater {

namespace {

/// The n-th Fibonacci number, as a factor; beyond the 1476th it is infinite, and the delay its cap.
double fibonacci(unsigned n) noexcept {
    double previous = 0.0;
    double current = 1.0;
    for (unsigned i = 1; i < n && std::isfinite(current); ++i) previous = std::exchange(current, current + previous);
    return current;
}

double growth_factor(const retry_options& options, unsigned n) noexcept {
    switch (options.growth) {
        case backoff::constant: return 1.0;
        case backoff::linear: return static_cast<double>(n);
        case backoff::exponential: return std::pow(options.multiplier, static_cast<double>(n - 1));
        case backoff::fibonacci: return fibonacci(n);
    }
    return 1.0;
}

duration between_these(duration least, duration most, random_source& random) noexcept {
    return add(least, random.below(most - least));
}

}  // namespace

duration backoff_delay(const retry_options& options, unsigned n) noexcept {
    if (options.base_delay == duration::zero()) return duration::zero();  // infinity times nothing is nothing
    return std::min(scale(options.base_delay, growth_factor(options, std::max(n, 1U))), options.max_delay);
}

duration jittered(const retry_options& options, duration d, duration previous, random_source& random) noexcept {
    const duration base = options.base_delay;
    switch (options.jitter) {
        case jitter::none: return d;
        case jitter::full: return random.below(d);
        case jitter::equal: return between_these(d / 2, d, random);
        case jitter::additive: return add(d, random.below(base));
        case jitter::decorrelated:
            return between_these(base, std::min(scale(std::max(previous, base), 3.0), options.max_delay), random);
    }
    return d;
}

duration spread(duration wish, duration longest, random_source& random) noexcept {
    return add(wish, random.below(std::min(wish / 2, longest - wish - duration{1})));
}

}  // namespace cutwater
