#include "cutwater/observe/prometheus/prometheus_metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include <boost/nowide/utf/convert.hpp>

namespace cutwater {
namespace {

prometheus::MetricType type_of(metric_type t) {
    switch (t) {
        case metric_type::gauge: return prometheus::MetricType::Gauge;
        case metric_type::histogram: return prometheus::MetricType::Histogram;
        case metric_type::counter: break;
    }
    return prometheus::MetricType::Counter;
}

std::string mended(std::string_view text) {
    return boost::nowide::utf::convert_string<char>(text.data(), text.data() + text.size());
}

std::vector<prometheus::ClientMetric::Label> labels_of(const metric& of, const metric_sample& s) {
    std::vector<prometheus::ClientMetric::Label> labels;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!name.empty() && !value.empty()) labels.push_back({.name = std::string{name}, .value = mended(value)});
    };
    add("layer", s.layer.view());
    add("operation", s.operation.view());
    add(of.detail, s.detail);
    return labels;
}

prometheus::ClientMetric::Histogram as_prometheus(const histogram_counts& counts, const std::vector<double>& bounds) {
    prometheus::ClientMetric::Histogram out;
    out.sample_count = counts.count;
    out.sample_sum = counts.sum;
    for (std::size_t i = 0; i < bounds.size(); ++i)
        out.bucket.push_back({.cumulative_count = counts.at_most[i], .upper_bound = bounds[i]});
    out.bucket.push_back({.cumulative_count = counts.count, .upper_bound = std::numeric_limits<double>::infinity()});
    return out;
}

prometheus::ClientMetric as_prometheus(const metric& of, const metric_sample& s, const std::vector<double>& bounds) {
    prometheus::ClientMetric out;
    out.label = labels_of(of, s);
    switch (of.type) {
        case metric_type::counter: out.counter.value = s.value; break;
        case metric_type::gauge: out.gauge.value = s.value; break;
        case metric_type::histogram: out.histogram = as_prometheus(s.counts, bounds); break;
    }
    return out;
}

constexpr metric series{"cutwater_metric_series", metric_type::gauge, "Series that the registry of metrics keeps."};
constexpr metric series_refused{"cutwater_metric_series_refused_total", metric_type::counter,
                                "Series that there was no room for, and that are counted as `other`."};

}  // namespace

std::vector<prometheus::MetricFamily> prometheus_metrics::Collect() const {
    std::vector<metric_family> all = from_->read(time_->now());
    all.push_back({.of = &series, .samples = {{.value = static_cast<double>(from_->size())}}});
    all.push_back({.of = &series_refused, .samples = {{.value = static_cast<double>(from_->refused())}}});
    std::vector<prometheus::MetricFamily> out;
    for (const metric_family& family : all) {
        prometheus::MetricFamily& made = out.emplace_back();
        made.name = family.of->name;
        made.help = family.of->help;
        made.type = type_of(family.of->type);
        for (const metric_sample& s : family.samples)
            made.metric.push_back(as_prometheus(*family.of, s, from_->options().buckets));
    }
    return out;
}

std::string prometheus_metrics::text() const {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    prometheus::TextSerializer{}.Serialize(out, Collect());
    return std::move(out).str();
}

}  // namespace cutwater
