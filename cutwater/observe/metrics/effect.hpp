// What the policies were worth: the effect of retries, fallbacks and breakers, in numbers.
//
//     cw::metric_registry registry;
//     const auto before = registry.read(cw::instant{});
//     const cw::policy_effect did = cw::effect_of(registry.read(cw::instant{}), before);
//     std::cout << did.text();
//
//     calls                    1000
//     succeeded                 990    99.0 %
//     without retries           940    94.0 %   what users would have seen
//     …
//
// Every number is a difference of counters between two readings, of all operations together or of one. Thread safety: values.
#pragma once

#include <string>
#include <vector>

#include "cutwater/observe/metrics/metric_registry.hpp"

namespace cutwater {

struct policy_effect {
    double calls = 0;
    double succeeded = 0;          ///< with a value that the dependency gave, or something in its place
    double rescued_by_retry = 0;   ///< of them: had failed first
    double saved_by_fallback = 0;  ///< of them: have a value in the dependency's place
    double refused = 0;            ///< calls that our own policies turned away
    double spared = 0;             ///< attempts that an open circuit kept from the dependency
    double attempts = 0;           ///< that were begun, those that a layer refused among them
    double retries = 0;
    double hedges = 0;

    /// Further attempts for each call: the load that retries and hedges add.
    [[nodiscard]] double added_load() const noexcept { return calls > 0 ? (retries + hedges) / calls : 0; }
    /// Share of calls that succeed, and the share that would without retries and fallbacks.
    [[nodiscard]] double success_rate() const noexcept { return calls > 0 ? succeeded / calls : 1; }
    [[nodiscard]] double bare_success_rate() const noexcept {
        return calls > 0 ? (succeeded - rescued_by_retry - saved_by_fallback) / calls : 1;
    }

    [[nodiscard]] std::string text() const;

    friend bool operator==(const policy_effect&, const policy_effect&) = default;
};

/// Since `before`; of all operations, or of one.
[[nodiscard]] policy_effect effect_of(const std::vector<metric_family>& now,
                                      const std::vector<metric_family>& before = {}, name operation = {});

}  // namespace cutwater
