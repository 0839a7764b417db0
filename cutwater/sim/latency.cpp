#include "cutwater/sim/latency.hpp"

#include <cmath>
#include <random>

namespace cutwater::sim {

namespace {

duration scaled(duration d, double factor) {
    return duration{static_cast<duration::rep>(static_cast<double>(d.count()) * factor)};
}

}  // namespace

latency latency::constant(duration d) {
    return {d, [d](random_source&) { return d; }};
}

latency latency::uniform(duration shortest, duration longest) {
    const duration span = longest - shortest;
    return {shortest + span / 2, [=](random_source& random) { return shortest + random.below(span); }};
}

latency latency::exponential(duration mean) {
    return {mean,
            [mean](random_source& random) { return scaled(mean, std::exponential_distribution<double>{}(random)); }};
}

latency latency::lognormal(duration median, duration percentile_99) {
    constexpr double normal_percentile_99 = 2.3263478740408408;
    const double sigma = std::log(static_cast<double>(percentile_99.count()) / static_cast<double>(median.count())) /
                         normal_percentile_99;
    return {scaled(median, std::exp(sigma * sigma / 2)), [=](random_source& random) {
                return scaled(median, std::lognormal_distribution<double>{0.0, sigma}(random));
            }};
}

latency latency::mixture(std::vector<std::pair<double, latency>> parts) {
    std::vector<double> weights;
    double total = 0;
    double mean = 0;
    for (const auto& [weight, part] : parts) {
        weights.push_back(weight);
        total += weight;
        mean += weight * static_cast<double>(part.mean().count());
    }
    const std::discrete_distribution<std::size_t> choice{weights.begin(), weights.end()};
    return {duration{static_cast<duration::rep>(mean / total)},
            [choice, parts = std::move(parts)](random_source& random) {
                auto choose = choice;
                return parts[choose(random)].second.sample(random);
            }};
}

latency latency::times(double factor) const {
    return {scaled(mean_, factor), [=, draw = draw_](random_source& random) { return scaled(draw(random), factor); }};
}

}  // namespace cutwater::sim
