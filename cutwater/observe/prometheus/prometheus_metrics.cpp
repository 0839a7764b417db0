#include "cutwater/observe/prometheus/prometheus_metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>
#include <sstream>

#include <boost/nowide/utf/convert.hpp>

#include "cutwater/observe/prometheus/page_metrics.hpp"

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

/// A help text as the format has it, which the serializer leaves to us.
std::string on_one_line(std::string_view text) {
    std::string line;
    for (const char c : mended(text)) {
        if (c == '\n')
            line += "\\n";
        else if (c == '\\')
            line += "\\\\";
        else
            line += c;
    }
    return line;
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

void add_up(prometheus::ClientMetric& to, const prometheus::ClientMetric& more) {
    to.counter.value += more.counter.value;
    to.gauge.value += more.gauge.value;
    to.histogram.sample_count += more.histogram.sample_count;
    to.histogram.sample_sum += more.histogram.sample_sum;
    for (std::size_t i = 0; i < to.histogram.bucket.size(); ++i)
        to.histogram.bucket[i].cumulative_count += more.histogram.bucket[i].cumulative_count;
}

/// Those of a family. What has the same labels once its texts are mended is one: a page that has a series twice is none.
std::vector<prometheus::ClientMetric> as_prometheus(const metric_family& family, const std::vector<double>& bounds) {
    std::vector<prometheus::ClientMetric> all;
    const auto by_labels = [&](std::size_t a, std::size_t b) { return all[a].label < all[b].label; };
    std::set<std::size_t, decltype(by_labels)> seen{by_labels};
    for (const metric_sample& s : family.samples) {
        all.push_back(as_prometheus(*family.of, s, bounds));
        const auto [at, is_first] = seen.insert(all.size() - 1);
        if (is_first) continue;
        add_up(all[*at], all.back());
        all.pop_back();
    }
    return all;
}

}  // namespace

std::vector<prometheus::MetricFamily> prometheus_metrics::Collect() const {
    std::vector<metric_family> all = from_->read(time_->now());
    std::erase_if(all, [](const metric_family& family) {  // a page that has a metric twice is none
        return std::ranges::find(metrics::of_page, family.of->name, &metric::name) !=
               std::ranges::end(metrics::of_page);
    });
    all.push_back({.of = &metrics::series, .samples = {{.value = static_cast<double>(from_->size())}}});
    all.push_back({.of = &metrics::series_refused, .samples = {{.value = static_cast<double>(from_->refused())}}});
    std::vector<prometheus::MetricFamily> out;
    for (const metric_family& family : all) {
        prometheus::MetricFamily& made = out.emplace_back();
        made.name = family.of->name;
        made.help = on_one_line(family.of->help);
        made.type = type_of(family.of->type);
        made.metric = as_prometheus(family, from_->options().buckets);
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
