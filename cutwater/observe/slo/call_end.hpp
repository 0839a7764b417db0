// What an event says of a call's end, read from what it counts.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::detail {

[[nodiscard]] inline const measure* measure_of(const event_kind& kind, const metric& of) noexcept {
    const auto found = std::ranges::find(kind.measures, &of, &measure::of);
    return found == kind.measures.end() ? nullptr : &*found;
}

/// How a call ended, and how long it took.
struct call_end {
    std::string_view verdict{};  ///< as text; valid as long as the event
    duration took{};
};

/// Of an event that counts calls; else nothing.
class call_end_reader final : public field_visitor {
public:
    [[nodiscard]] static std::optional<call_end> read(const event& e) {
        const measure* const calls = measure_of(e.kind(), metrics::calls);
        if (calls == nullptr) return std::nullopt;
        call_end_reader reader{*calls, measure_of(e.kind(), metrics::call_duration)};
        e.visit(reader);
        return reader.found_;
    }

    void on_text(std::string_view field, std::string_view value) override {
        if (!field.empty() && field == verdict_field_) found_.verdict = value;
    }
    void on_integer(std::string_view, std::int64_t) override {}
    void on_number(std::string_view, double) override {}
    void on_flag(std::string_view, bool) override {}
    void on_duration(std::string_view field, duration value) override {
        if (!field.empty() && field == time_field_) found_.took = value;
    }

private:
    call_end_reader(const measure& calls, const measure* time) noexcept
        : verdict_field_{calls.detail_field}, time_field_{time != nullptr ? time->value_field : std::string_view{}} {
        found_.verdict = calls.detail;
    }

    std::string_view verdict_field_;
    std::string_view time_field_;
    call_end found_{};
};

}  // namespace cutwater::detail
