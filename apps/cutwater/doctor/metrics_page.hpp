// A page of metrics, as programs show it to Prometheus: the text exposition format, version 0.0.4.
//
//     const auto page = parse_metrics_page("cutwater_calls_total{operation=\"get\",verdict=\"success\"} 7\n");
//     page->front().label("verdict");        // "success"
//
// What comments say (help, types) is passed over, and so are timestamps and, of OpenMetrics, exemplars. https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace cutwater::app {

struct page_label {
    std::string name = {};
    std::string value = {};
    friend bool operator==(const page_label&, const page_label&) = default;
    friend auto operator<=>(const page_label&, const page_label&) = default;
};

struct page_sample {
    std::string name = {};
    std::vector<page_label> labels = {};
    double value = 0;

    /// Empty where there is none.
    [[nodiscard]] std::string_view label(std::string_view called) const noexcept;
    friend bool operator==(const page_sample&, const page_sample&) = default;
};

using metrics_page = std::vector<page_sample>;

/// Or the first line that is no metric.
[[nodiscard]] std::expected<metrics_page, std::string> parse_metrics_page(std::string_view text);

}  // namespace cutwater::app
