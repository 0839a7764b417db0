#include "cutwater/sim/latency.hpp"

#include <cmath>
#include <random>

#include "cutwater/sim/given.hpp"

namespace cutwater::sim {

namespace {

duration scaled(duration d, double factor) { return detail::saturated(static_cast<double>(d.count()) * factor); }

void require_no_less_than(duration least, duration given, const detail::culprit& who) {
    detail::require(given >= least, given, who);
}

}  // namespace

latency latency::constant(duration d) {
    require_no_less_than(duration::zero(), d, {"latency::constant", "d", "give 0 or more"});
    return {d, [d](random_source&) { return d; }};
}

latency latency::uniform(duration shortest, duration longest) {
    require_no_less_than(duration::zero(), shortest, {"latency::uniform", "shortest", "give 0 or more"});
    require_no_less_than(shortest, longest, {"latency::uniform", "longest", "give the shortest or more"});
    const duration span = longest - shortest;
    return {shortest + span / 2, [=](random_source& random) { return shortest + random.below(span); }};
}

latency latency::exponential(duration mean) {
    require_no_less_than(duration::zero(), mean, {"latency::exponential", "mean", "give 0 or more"});
    return {mean,
            [mean](random_source& random) { return scaled(mean, std::exponential_distribution<double>{}(random)); }};
}

latency latency::lognormal(duration median, duration percentile_99) {
    require_no_less_than(duration{1}, median, {"latency::lognormal", "median", "give more than 0"});
    require_no_less_than(median, percentile_99, {"latency::lognormal", "percentile_99", "give the median or more"});
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
        detail::require(weight >= 0 && std::isfinite(weight), weight,
                        {"latency::mixture", "a weight", "give 0 or more: how often its part is taken"});
        weights.push_back(weight);
        total += weight;
        mean += weight * static_cast<double>(part.mean().count());
    }
    detail::require(total > 0 && std::isfinite(total), total,
                    {"latency::mixture", "the sum of the weights", "give a part or more, and one that is taken"});
    const std::discrete_distribution<std::size_t> choice{weights.begin(), weights.end()};
    return {detail::saturated(mean / total), [choice, parts = std::move(parts)](random_source& random) {
                auto choose = choice;
                return parts[choose(random)].second.sample(random);
            }};
}

latency latency::times(double factor) const {
    detail::require(factor >= 0 && std::isfinite(factor), factor, {"latency::times", "factor", "give 0 or more"});
    return {scaled(mean_, factor), [=, draw = draw_](random_source& random) { return scaled(draw(random), factor); }};
}

}  // namespace cutwater::sim
