#include "cutwater/estimate/latency_counts.hpp"

namespace cutwater {

namespace {

/// Of so many samples, one at least.
latency_percentile percentile_of(const latency_counts& seen, double p, std::uint64_t samples) noexcept {
    constexpr double rounding = 1e-9;  // a thousand factors, each exact to 1e-16
    const double rest = (1.0 - p) * (1.0 + rounding) + 1e-12;
    double longer = 1.0;
    std::uint64_t at_risk = samples;
    std::size_t last = 0;
    for (std::size_t i = 0; at_risk > 0; ++i) {
        const auto [ended, cut] = seen.in[i];
        if (ended + cut == 0) continue;
        last = i;
        if (ended > 0) {
            longer *= static_cast<double>(at_risk - ended) / static_cast<double>(at_risk);
            if (longer <= rest) return {.value = latency_buckets::value_of(i)};
        }
        at_risk -= ended + cut;
    }
    return {.value = latency_buckets::value_of(last), .is_at_least = true};
}

}  // namespace

latency_reading read_counts(const latency_counts& seen, double p, std::uint64_t min_samples) noexcept {
    latency_reading r;
    for (const auto& [ended, cut] : seen.in) {
        r.samples += ended + cut;
        r.censored += cut;
    }
    if (r.samples > 0 && r.samples >= min_samples) r.percentile = percentile_of(seen, p, r.samples);
    return r;
}

}  // namespace cutwater
