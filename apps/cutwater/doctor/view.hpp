// What a doctor looks at: metrics now, perhaps those of some time before, and how long that was.
//
// A counter's *growth* is the difference between both, or all of it where there is no time before, or where it has begun anew meanwhile. Counters of several
// instances are added up where nothing else is said; gauges are looked at one by one. What is no finite number is passed over.
//
// Samples are kept in the order of their names and labels, so that one of a fleet's many is found at once.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cutwater/doctor/metrics_page.hpp"
#include "cutwater/core/instant.hpp"
#include "cutwater/core/metric.hpp"

namespace cutwater::app {

/// What a finding is about; either may be empty.
struct subject {
    std::string layer = {};
    std::string operation = {};
    friend auto operator<=>(const subject&, const subject&) = default;
};
[[nodiscard]] std::string words_of(const subject& s);

/// Which series of a metric: those with this value of this label, or all.
struct series_filter {
    std::string_view label = {};
    std::string_view value = {};
};

/// Where it was looked: says how one could look for longer.
enum class looked_at : std::uint8_t { page, prometheus, log };

/// A gauge, and what it was before: the same where nobody knows.
struct gauge_reading {
    double now = 0;
    double before = 0;
};

class doctor_view {
public:
    explicit doctor_view(metrics_page now) : doctor_view{std::move(now), duration::zero()} {}
    doctor_view(metrics_page now, const metrics_page& before, duration apart);
    /// Counted since the beginning of a time that is known: a log's.
    doctor_view(metrics_page now, duration since);

    /// Zero where nobody knows.
    [[nodiscard]] duration apart() const noexcept { return apart_; }
    /// Whether there are a time now and one before.
    [[nodiscard]] bool has_two_looks() const noexcept { return !before_.empty(); }

    [[nodiscard]] looked_at source() const noexcept { return source_; }
    void came_from(looked_at source) noexcept { source_ = source; }

    /// Whether there is a series of that name.
    [[nodiscard]] bool has(std::string_view metric) const { return !series_of(metric).empty(); }

    /// By layer and operation.
    [[nodiscard]] std::map<subject, double> growth(std::string_view metric, series_filter of = {}) const;
    /// By layer, and then by instance, as Prometheus calls them.
    [[nodiscard]] std::map<std::string, std::map<std::string, double>> growth_by_instance(std::string_view metric,
                                                                                          series_filter of = {}) const;
    /// Of all series together.
    [[nodiscard]] double total(std::string_view metric, series_filter of = {}) const;
    /// What all of them have counted, however long ago.
    [[nodiscard]] double counted(std::string_view metric) const;

    /// Calls `look` with each series of a metric, and what it was before: the same where nobody knows.
    void each_series(std::string_view metric,
                     const std::function<void(const page_sample& now, double before)>& look) const;
    /// The series of another metric with the same labels.
    [[nodiscard]] std::optional<gauge_reading> beside(const page_sample& of, std::string_view metric) const;

    /// By operation, where a histogram has at least so many successes: an upper bound of a percentile of theirs, infinite where
    /// it is above the last bound.
    [[nodiscard]] std::map<std::string, double> percentiles(std::string_view histogram, double p,
                                                            double at_least) const;

    /// What was not looked at, a sentence each.
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
    void note(std::string sentence) { notes_.push_back(std::move(sentence)); }

private:
    [[nodiscard]] std::span<const page_sample> series_of(std::string_view metric) const;
    [[nodiscard]] std::optional<double> value_before(const page_sample& s) const;
    [[nodiscard]] double grown(const page_sample& s) const;

    metrics_page now_;  // in order, as is what follows
    metrics_page before_{};
    duration apart_{};
    looked_at source_ = looked_at::page;
    std::vector<std::string> notes_{};
};

}  // namespace cutwater::app
