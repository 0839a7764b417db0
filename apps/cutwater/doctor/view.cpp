#include "apps/cutwater/doctor/view.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

namespace cutwater::app {

namespace {

bool is_among(const page_sample& s, const series_filter& of) {
    return of.label.empty() || s.label(of.label) == of.value;
}

double number_of(std::string_view text) {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    double value = std::numeric_limits<double>::quiet_NaN();
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

using series_key = std::tuple<std::string_view, const std::vector<page_label>&>;
series_key key_of(const page_sample& s) { return {s.name, s.labels}; }

/// What is finite, in the order of names and labels, and of those that are the same in the order that they had.
metrics_page in_order(metrics_page page) {
    std::erase_if(page, [](const page_sample& s) { return !std::isfinite(s.value); });
    for (page_sample& each : page) std::ranges::sort(each.labels);
    std::vector<std::size_t> places;
    for (std::size_t at = 0; at < page.size(); ++at) places.push_back(at);
    std::ranges::sort(places, {}, [&page](std::size_t at) { return std::tuple_cat(key_of(page[at]), std::tuple{at}); });
    metrics_page sorted;
    sorted.reserve(page.size());
    for (const std::size_t at : places) sorted.push_back(std::move(page[at]));
    return sorted;
}

/// The value of a series in a page that is in order: the last, where there are several.
std::optional<double> value_in(const metrics_page& page, std::string_view name, const std::vector<page_label>& labels) {
    const auto end = std::ranges::upper_bound(page, series_key{name, labels}, {}, key_of);
    if (end == page.begin()) return std::nullopt;
    const page_sample& found = *std::prev(end);
    return found.name == name && found.labels == labels ? std::optional{found.value} : std::nullopt;
}

}  // namespace

std::string words_of(const subject& s) {
    if (s.layer.empty()) return s.operation.empty() ? "all" : s.operation;
    return s.operation.empty() ? s.layer : s.operation + ": " + s.layer;
}

doctor_view::doctor_view(metrics_page now, const metrics_page& before, duration apart)
    : now_{in_order(std::move(now))}, before_{in_order(before)}, apart_{apart} {}

doctor_view::doctor_view(metrics_page now, duration since) : now_{in_order(std::move(now))}, apart_{since} {}

std::span<const page_sample> doctor_view::series_of(std::string_view metric) const {
    const auto found = std::ranges::equal_range(now_, metric, std::ranges::less{},
                                                [](const page_sample& s) { return std::string_view{s.name}; });
    return {found.begin(), found.end()};
}

std::optional<double> doctor_view::value_before(const page_sample& s) const {
    return value_in(before_, s.name, s.labels);
}

double doctor_view::grown(const page_sample& s) const {
    const double before = value_before(s).value_or(0);
    return s.value >= before ? s.value - before : s.value;
}

std::map<subject, double> doctor_view::growth(std::string_view metric, series_filter of) const {
    std::map<subject, double> sums;
    for (const page_sample& each : series_of(metric))
        if (is_among(each, of))
            sums[{std::string{each.label("layer")}, std::string{each.label("operation")}}] += grown(each);
    return sums;
}

std::map<std::string, std::map<std::string, double>> doctor_view::growth_by_instance(std::string_view metric,
                                                                                     series_filter of) const {
    std::map<std::string, std::map<std::string, double>> sums;
    for (const page_sample& each : series_of(metric))
        if (is_among(each, of))
            sums[std::string{each.label("layer")}][std::string{each.label("instance")}] += grown(each);
    return sums;
}

double doctor_view::total(std::string_view metric, series_filter of) const {
    double sum = 0;
    for (const auto& [who, value] : growth(metric, of)) sum += value;
    return sum;
}

double doctor_view::counted(std::string_view metric) const {
    double sum = 0;
    for (const page_sample& each : series_of(metric)) sum += each.value;
    return sum;
}

void doctor_view::each_series(std::string_view metric,
                              const std::function<void(const page_sample&, double)>& look) const {
    for (const page_sample& each : series_of(metric)) look(each, value_before(each).value_or(each.value));
}

std::optional<gauge_reading> doctor_view::beside(const page_sample& of, std::string_view metric) const {
    const auto now = value_in(now_, metric, of.labels);
    if (!now) return std::nullopt;
    return gauge_reading{*now, value_in(before_, metric, of.labels).value_or(*now)};
}

std::map<std::string, double> doctor_view::percentiles(std::string_view histogram, double p, double at_least) const {
    const std::string buckets = std::string{histogram} + "_bucket";
    std::map<std::string, std::map<double, double>> at_most;
    for (const page_sample& each : series_of(buckets)) {
        if (each.label("verdict") != "success") continue;
        const double bound = number_of(each.label("le"));
        if (!std::isnan(bound)) at_most[std::string{each.label("operation")}][bound] += grown(each);
    }
    std::map<std::string, double> found;
    for (const auto& [operation, counts] : at_most) {
        const auto& [last, all] = *counts.rbegin();
        if (!std::isinf(last) || all < at_least) continue;  // cut off: nobody knows how many were slower
        const auto reached = std::ranges::find_if(counts, [&](const auto& each) { return each.second >= p * all; });
        found[operation] = reached->first;
    }
    return found;
}

}  // namespace cutwater::app
