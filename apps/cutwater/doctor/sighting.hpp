// What rules count with: on which instances something is true, and numbers as findings tell them.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "apps/cutwater/doctor/view.hpp"

namespace cutwater::app {

// From how many on a share means something.
inline constexpr double enough_calls = 50;
inline constexpr double enough_retries = 20;
inline constexpr double enough_successes = 100;

/// Of one layer: on which instances something is true, and of how many.
class sighting {
public:
    void add(const std::string& instance, double value, bool is_true);

    [[nodiscard]] bool is_somewhere() const noexcept { return !found_.empty(); }
    [[nodiscard]] double least() const noexcept { return least_; }
    [[nodiscard]] double sum() const noexcept { return sum_; }
    /// ` on 7 of 50 instances: a, b, c, …`; nothing where there is one only.
    [[nodiscard]] std::string where() const;

private:
    std::set<std::string> instances_;
    std::set<std::string> found_;
    double least_ = std::numeric_limits<double>::infinity();
    double sum_ = 0;
};
using sightings = std::map<std::string, sighting>;  // by layer

/// Where `is_true` of a gauge's series, and of what it was before.
template <class Judge>
sightings seen_of(const doctor_view& at, const metric& gauge, Judge is_true) {
    sightings seen;
    at.each_series(gauge.name, [&](const page_sample& now, double before) {
        seen[std::string{now.label("layer")}].add(std::string{now.label("instance")}, now.value, is_true(now, before));
    });
    std::erase_if(seen, [](const auto& each) { return !each.second.is_somewhere(); });
    return seen;
}

/// Sums, whatever the operation; or whatever the layer.
[[nodiscard]] std::map<std::string, double> by_layer(const std::map<subject, double>& of);
[[nodiscard]] std::map<std::string, double> by_operation(const std::map<subject, double>& of);

/// Zero where it is not there.
template <class Key>
[[nodiscard]] double value_of(const std::map<Key, double>& of, const Key& who) {
    const auto found = of.find(who);
    return found == of.end() ? 0 : found->second;
}

/// `7`, `1.80`, `12.5 %`, `250ms`; of what is absurdly large, three digits.
[[nodiscard]] std::string count_text(double count);
[[nodiscard]] std::string ratio_text(double ratio);
[[nodiscard]] std::string percent(double share);
[[nodiscard]] std::string short_seconds(double seconds);

}  // namespace cutwater::app
