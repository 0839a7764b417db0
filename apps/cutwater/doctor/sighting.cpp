#include "apps/cutwater/doctor/sighting.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace cutwater::app {

namespace {

// Above it nobody reads all the digits.
constexpr double many = 1e12;

}  // namespace

void sighting::add(const std::string& instance, double value, bool is_true) {
    instances_.insert(instance);
    if (!is_true) return;
    found_.insert(instance);
    least_ = std::min(least_, value);
    sum_ += value;
}

std::string sighting::where() const {
    constexpr std::size_t shown = 3;
    if (instances_.size() < 2) return {};
    const auto end = std::next(found_.begin(), static_cast<std::ptrdiff_t>(std::min(shown, found_.size())));
    return fmt::format(" on {} of {} instances: {}{}", found_.size(), instances_.size(),
                       fmt::join(found_.begin(), end, ", "), found_.size() > shown ? ", …" : "");
}

std::map<std::string, double> by_layer(const std::map<subject, double>& of) {
    std::map<std::string, double> sums;
    for (const auto& [who, value] : of) sums[who.layer] += value;
    return sums;
}

std::map<std::string, double> by_operation(const std::map<subject, double>& of) {
    std::map<std::string, double> sums;
    for (const auto& [who, value] : of) sums[who.operation] += value;
    return sums;
}

std::string count_text(double count) {
    return std::abs(count) < many ? fmt::format("{:.0f}", count) : fmt::format("{:.3g}", count);
}

std::string ratio_text(double ratio) {
    return std::abs(ratio) < many ? fmt::format("{:.2f}", ratio) : fmt::format("{:.3g}", ratio);
}

std::string percent(double share) {
    const double hundredths = 100 * share;
    return std::abs(hundredths) < many ? fmt::format("{:.1f} %", hundredths) : fmt::format("{:.3g} %", hundredths);
}

std::string short_seconds(double seconds) {
    return seconds < 1 ? fmt::format("{:.3g}ms", 1000 * seconds) : fmt::format("{:.3g}s", seconds);
}

}  // namespace cutwater::app
