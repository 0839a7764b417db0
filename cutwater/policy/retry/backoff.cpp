#include "cutwater/policy/retry/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace cutwater {

namespace {

/// The n-th Fibonacci number, as a factor; beyond the 1474th it is infinite, and the delay its cap.
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

}  // namespace

duration backoff_delay(const retry_options& options, unsigned n) noexcept {
    if (options.base_delay == duration::zero()) return duration::zero();  // infinity times nothing is nothing
    return std::min(scale(options.base_delay, growth_factor(options, std::max(n, 1U))), options.max_delay);
}

duration jittered(const retry_options& options, duration d, duration previous, random_source& random) noexcept {
    switch (options.jitter) {
        case jitter::none: return d;
        case jitter::full: return random.below(d);
        case jitter::equal: return add(d / 2, random.below(d - d / 2));
        case jitter::additive: return add(d, random.below(options.base_delay));
        case jitter::decorrelated: {
            const duration base = options.base_delay;
            const duration widest = std::max(scale(std::max(previous, base), 3.0), base);
            return std::min(add(base, random.below(widest - base)), options.max_delay);
        }
    }
    return d;
}

}  // namespace cutwater
