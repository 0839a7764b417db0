#include "apps/cutwater/doctor_view.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace cutwater::app {

namespace {

bool is_among(const page_sample& s, std::string_view metric, const series_filter& of) {
    return s.name == metric && (of.label.empty() || s.label(of.label) == of.value);
}

double number_of(std::string_view text) {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    double value = std::numeric_limits<double>::quiet_NaN();
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

metrics_page finite(metrics_page page) {
    std::erase_if(page, [](const page_sample& s) { return !std::isfinite(s.value); });
    return page;
}

}  // namespace

std::string words_of(const subject& s) {
    if (s.layer.empty()) return s.operation.empty() ? "all" : s.operation;
    return s.operation.empty() ? s.layer : s.operation + ": " + s.layer;
}

doctor_view::doctor_view(metrics_page now, const metrics_page& before, duration apart)
    : now_{finite(std::move(now))}, apart_{apart} {
    for (const page_sample& each : before)
        if (std::isfinite(each.value)) before_[key_of(each)] = each.value;
}

doctor_view::doctor_view(metrics_page now, duration since) : now_{finite(std::move(now))}, apart_{since} {}

doctor_view::key doctor_view::key_of(const page_sample& s) {
    key made{s.name, s.labels};
    std::ranges::sort(made.second);
    return made;
}

double doctor_view::grown(const page_sample& s) const {
    const auto found = before_.find(key_of(s));
    if (found == before_.end()) return s.value;
    return s.value >= found->second ? s.value - found->second : s.value;
}

std::map<subject, double> doctor_view::growth(std::string_view metric, series_filter of) const {
    std::map<subject, double> sums;
    for (const page_sample& each : now_)
        if (is_among(each, metric, of))
            sums[{std::string{each.label("layer")}, std::string{each.label("operation")}}] += grown(each);
    return sums;
}

std::map<std::string, std::map<std::string, double>> doctor_view::growth_by_instance(std::string_view metric,
                                                                                     series_filter of) const {
    std::map<std::string, std::map<std::string, double>> sums;
    for (const page_sample& each : now_)
        if (is_among(each, metric, of))
            sums[std::string{each.label("layer")}][std::string{each.label("instance")}] += grown(each);
    return sums;
}

double doctor_view::total(std::string_view metric, series_filter of) const {
    double sum = 0;
    for (const auto& [who, value] : growth(metric, of)) sum += value;
    return sum;
}

void doctor_view::each_series(std::string_view metric,
                              const std::function<void(const page_sample&, double)>& look) const {
    for (const page_sample& each : now_) {
        if (each.name != metric) continue;
        const auto found = before_.find(key_of(each));
        look(each, found == before_.end() ? each.value : found->second);
    }
}

std::optional<double> doctor_view::beside(const page_sample& of, std::string_view metric) const {
    page_sample other{std::string{metric}, of.labels, 0};
    const key wanted = key_of(other);
    const auto found =
        std::ranges::find_if(now_, [&](const page_sample& s) { return s.name == metric && key_of(s) == wanted; });
    return found == now_.end() ? std::nullopt : std::optional{found->value};
}

std::map<std::string, double> doctor_view::percentiles(std::string_view histogram, double p, double at_least) const {
    const std::string buckets = std::string{histogram} + "_bucket";
    std::map<std::string, std::map<double, double>> at_most;
    for (const page_sample& each : now_) {
        if (each.name != buckets || each.label("verdict") != "success") continue;
        const double bound = number_of(each.label("le"));
        if (!std::isnan(bound)) at_most[std::string{each.label("operation")}][bound] += grown(each);
    }
    std::map<std::string, double> found;
    for (const auto& [operation, counts] : at_most) {
        const double all = counts.rbegin()->second;
        if (all < at_least) continue;
        const auto reached = std::ranges::find_if(counts, [&](const auto& each) { return each.second >= p * all; });
        found[operation] = reached->first;
    }
    return found;
}

}  // namespace cutwater::app
