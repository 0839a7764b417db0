#include "cutwater/observe/metrics/event_metrics.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <span>
#include <string>

#include "cutwater/observe/metrics/series_table.hpp"

namespace cutwater {
namespace {

/// Of an event's fields, those that its measures want.
class field_reader final : public field_visitor {
public:
    // NOLINTNEXTLINE(*-member-init): values_ is filled
    explicit field_reader(std::span<const measure> wanted) noexcept : wanted_{wanted} {
        values_.fill(std::numeric_limits<double>::quiet_NaN());
    }

    void on_text(std::string_view field, std::string_view value) override { take_text(field, value); }
    void on_integer(std::string_view field, std::int64_t value) override {
        take_number(field, static_cast<double>(value));
    }
    void on_number(std::string_view field, double value) override { take_number(field, value); }
    void on_flag(std::string_view field, bool value) override { take_text(field, value ? "true" : "false"); }
    void on_duration(std::string_view field, duration value) override {
        take_number(field, std::chrono::duration<double>(value).count());
    }

    [[nodiscard]] std::string_view detail() const noexcept { return detail_; }
    /// What the nth measure records: 1 where it says no field, not a number where the event has none of that name.
    [[nodiscard]] double value(std::size_t nth) const noexcept {
        return wanted_[nth].value_field.empty() ? 1 : values_[nth];
    }
    static constexpr std::size_t most = detail::most_measures;

private:
    void take_text(std::string_view field, std::string_view value) noexcept {
        for (const measure& each : wanted_)
            if (each.detail_field == field) detail_ = value;
    }
    void take_number(std::string_view field, double value) noexcept {
        for (std::size_t i = 0; i < wanted_.size(); ++i)
            if (wanted_[i].value_field == field) values_[i] = value;
    }

    std::span<const measure> wanted_;
    std::string_view detail_;
    std::array<double, most> values_;
};

bool wants_fields(std::span<const measure> measures) noexcept {
    return std::ranges::any_of(
        measures, [](const measure& each) { return !each.detail_field.empty() || !each.value_field.empty(); });
}

constexpr std::size_t most_series = 1'000'000;

/// A table beyond that has no end, and more slots than a number has: whoever means "as many as come" is told so.
std::size_t in_range(std::size_t max_series) {
    if (max_series < 1 || max_series > most_series)
        throw invalid_options{"event_metrics",
                              "event_metrics",
                              {{"max_series", std::to_string(max_series), "from 1 to " + std::to_string(most_series)}}};
    return max_series;
}

}  // namespace

event_metrics::event_metrics(metric_sink& to, std::size_t max_series)
    : table_{std::make_unique<detail::series_table>(to, in_range(max_series))} {}
event_metrics::~event_metrics() = default;

void event_metrics::on_event(const event& e) noexcept {
    try {
        count(e);
    } catch (...) {
        lost_.fetch_add(1, std::memory_order_relaxed);
    }
    if (next_ != nullptr) {
        try {
            next_->on_event(e);
        } catch (...) {}  // NOLINT(bugprone-empty-catch): watching a call does not fail it
    }
}

void event_metrics::count(const event& e) {
    const std::span measures = detail::measures_of(e.kind());
    if (measures.empty()) return;
    field_reader fields{measures};
    if (wants_fields(measures)) e.visit(fields);
    const bool says_itself = !e.kind().measures.empty();
    const auto* const row =
        table_->get({&e.kind(), e.origin().layer, e.origin().operation, says_itself ? fields.detail() : e.kind().name});
    if (row == nullptr || row->was_refused) lost_.fetch_add(1, std::memory_order_relaxed);
    if (row == nullptr) return;
    for (std::size_t i = 0; i < measures.size(); ++i)
        if (row->series[i] != nullptr) row->series[i]->record(fields.value(i));
}

}  // namespace cutwater
