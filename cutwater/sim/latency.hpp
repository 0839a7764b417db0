// How long something takes, as a distribution.
//
//     cw::sim::latency::constant(10ms)
//     cw::sim::latency::exponential(10ms)                         // by its mean
//     cw::sim::latency::lognormal(10ms, 80ms)                     // by median and 99th percentile: what services look like
//     cw::sim::latency::mixture({{0.9, hit}, {0.1, miss}})        // a cache in front of a disk
//     hit.times(3)                                                // the same, three times as slow
//
// Errors: what no latency can be (a time below 0, a weight that is no number, a mixture of nothing) throws `std::invalid_argument`, which
// says what to give instead. A value. The numbers are libstdc++'s distributions over `random_source`: the same seed gives the same ones.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "cutwater/core/random.hpp"

namespace cutwater::sim {

class latency {
public:
    [[nodiscard]] static latency constant(duration d);
    [[nodiscard]] static latency uniform(duration shortest, duration longest);
    [[nodiscard]] static latency exponential(duration mean);
    [[nodiscard]] static latency lognormal(duration median, duration percentile_99);
    /// One of several, each as often as its weight says.
    [[nodiscard]] static latency mixture(std::vector<std::pair<double, latency>> parts);

    [[nodiscard]] latency times(double factor) const;

    [[nodiscard]] duration sample(random_source& random) const { return draw_(random); }
    [[nodiscard]] duration mean() const noexcept { return mean_; }

private:
    using drawing = std::function<duration(random_source&)>;
    latency(duration mean, drawing draw) : mean_{mean}, draw_{std::move(draw)} {}

    duration mean_;
    drawing draw_;
};

}  // namespace cutwater::sim
