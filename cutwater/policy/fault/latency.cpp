#include "cutwater/policy/fault/latency.hpp"

#include <cmath>
#include <numbers>

#include "cutwater/core/text.hpp"

namespace cutwater {

namespace {

/// The 99th percentile of the standard normal distribution.
constexpr double z_99 = 2.3263478740408408;

double count(duration d) { return static_cast<double>(d.count()); }

duration rounded(double nanoseconds) {
    if (!(nanoseconds > 0.0)) return duration::zero();
    if (nanoseconds >= count(forever)) return forever;
    return duration{static_cast<duration::rep>(nanoseconds)};
}

/// In (0, 1]: its logarithm is finite.
double above_zero(random_source& random) { return 1.0 - random.unit(); }

/// Box and Muller, 1958.
double standard_normal(random_source& random) {
    const double radius = std::sqrt(-2.0 * std::log(above_zero(random)));
    return radius * std::cos(2.0 * std::numbers::pi * random.unit());
}

}  // namespace

duration fault_latency::sample(random_source& random) const {
    switch (shape_) {
        case shape::constant: return first_;
        case shape::uniform: return add(first_, random.below(second_ - first_));
        case shape::normal: return rounded(count(first_) + count(second_) * standard_normal(random));
        case shape::log_normal:
            return rounded(count(first_) *
                           std::exp(std::log(count(second_) / count(first_)) / z_99 * standard_normal(random)));
        case shape::exponential: return rounded(-count(first_) * std::log(above_zero(random)));
    }
    return duration::zero();
}

std::string fault_latency::problem() const {
    if (first_ < duration::zero() || second_ < duration::zero()) return "times that are not negative";
    if (shape_ == shape::uniform && second_ < first_) return "the shortest first, then the longest";
    if (shape_ == shape::log_normal && first_ == duration::zero()) return "a median of more than 0s";
    if (shape_ == shape::log_normal && second_ < first_) return "the median first, then the 99th percentile";
    return {};
}

std::string fault_latency::text() const {
    switch (shape_) {
        case shape::constant: return to_text(first_);
        case shape::uniform: return "uniform(" + to_text(first_) + ", " + to_text(second_) + ")";
        case shape::normal: return "normal(" + to_text(first_) + ", " + to_text(second_) + ")";
        case shape::log_normal: return "log_normal(" + to_text(first_) + ", " + to_text(second_) + ")";
        case shape::exponential: return "exponential(" + to_text(first_) + ")";
    }
    return "unknown";
}

}  // namespace cutwater
