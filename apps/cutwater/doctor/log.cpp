#include "apps/cutwater/doctor/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <functional>
#include <iomanip>
#include <istream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include <nlohmann/json.hpp>

#include "apps/cutwater/doctor/described_events.hpp"  // tidy: allow include-missing because CMake prints it
#include "apps/cutwater/doctor/rules.hpp"
#include "apps/cutwater/doctor/sighting.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/observe/metrics/options.hpp"

namespace cutwater::app {

namespace {

using json = nlohmann::json;

using kinds = std::map<std::string_view, const event_kind*>;

template <class... Events>
kinds by_name(event_types<Events...>) {
    return {{Events::kind.name, &Events::kind}...};
}

/// Of what rooms describe; null where none does.
const event_kind* kind_called(const std::string& event) {
    static const kinds all = by_name(described_events{});
    const auto found = all.find(event);
    return found == all.end() ? nullptr : found->second;
}

/// Whether it counts something that a rule reads.
bool counts_for_a_rule(const event_kind& kind) {
    return std::ranges::any_of(metrics_of_rules(), [&](std::string_view read) {
        return std::ranges::any_of(kind.measures, [&](const measure& m) { return read.starts_with(m.of->name); });
    });
}

/// A field as the log writes it: where its name is taken, with `field_` in front.
const json* field_of(const json& line, std::string_view called) {
    for (const std::string& key : {std::string{called}, "field_" + std::string{called}})
        if (const auto found = line.find(key); found != line.end()) return &*found;
    return nullptr;
}

std::string text_of(const json& line, std::string_view field) {
    const json* const value = field_of(line, field);
    if (value == nullptr || value->is_structured()) return {};
    return value->is_string() ? value->get<std::string>() : value->dump();
}

/// A number, or a duration as seconds.
std::optional<double> number_of(const json& line, std::string_view field) {
    constexpr double milliseconds = 1000;
    if (const json* const value = field_of(line, field); value != nullptr && value->is_number())
        return value->get<double>();
    const json* const value = field_of(line, std::string{field} + "_ms");
    return value != nullptr && value->is_number() ? std::optional{value->get<double>() / milliseconds} : std::nullopt;
}

/// How many others an event stands for.
double suppressed_of(const json& line) { return std::max(0.0, number_of(line, "suppressed").value_or(0)); }

/// To the second. Years that nobody logs in are none.
std::optional<std::chrono::sys_seconds> time_of(const json& line) {
    constexpr int first_year = 1970;
    constexpr int last_year = 2200;
    std::istringstream text{text_of(line, "timestamp")};
    std::tm read{};
    text >> std::get_time(&read, "%Y-%m-%dT%H:%M:%S");
    const int year = read.tm_year + 1900;
    if (text.fail() || year < first_year || year > last_year) return std::nullopt;
    const std::chrono::sys_days day = std::chrono::year{year} / (read.tm_mon + 1) / read.tm_mday;
    return day + std::chrono::hours{read.tm_hour} + std::chrono::minutes{read.tm_min} +
           std::chrono::seconds{read.tm_sec};
}

/// What the log of a later version, or somebody else, has told, by the name of its kind.
class unknown_events {
public:
    void add(const std::string& event, double stands_for) {
        constexpr std::size_t most = 1'000;
        if (stands_for <= 0) return;
        all_ += stands_for;
        if (counts_.size() < most || counts_.contains(event)) counts_[event] += stands_for;
    }

    /// A sentence that names the most frequent; nothing where there are none.
    [[nodiscard]] std::string note() const {
        constexpr std::size_t named = 3;
        if (counts_.empty()) return {};
        std::multimap<double, std::string_view, std::greater<>> most;
        for (const auto& [event, count] : counts_) most.emplace(count, event);
        std::string words;
        std::size_t left = named;
        for (auto each = most.begin(); each != most.end() && left > 0; ++each, --left)
            words += fmt::format("{}{} ({})", words.empty() ? "" : ", ", each->second, count_text(each->first));
        return fmt::format("{} events are of kinds that this program does not know, and were passed over: {}{}",
                           count_text(all_), words, most.size() > named ? ", …" : "");
    }

private:
    std::map<std::string, double> counts_;
    double all_ = 0;
};

/// Adds up what events count.
class log_counts {
public:
    void add(json line) {
        note_time(line);
        const std::string event = text_of(line, "event");
        if (event.empty()) return;
        const double stands_for = 1 + suppressed_of(line);
        const event_kind* const kind = kind_called(event);
        if (kind == nullptr) return unknown_.add(event, stands_for);
        note_level(text_of(line, "level"));
        if (kind == &events_suppressed::kind) return add_suppressed(line);
        add(*kind, line, stands_for);
        if (note_state(*kind, line) || counts_for_a_rule(*kind)) ++heard_;
        keep(std::make_shared<const json>(std::move(line)));
    }

    /// What was passed over, though it is an event.
    [[nodiscard]] std::string note() const { return unknown_.note(); }

    /// How many events a rule can be told something by.
    [[nodiscard]] std::size_t heard() const noexcept { return heard_; }

    /// Whether its events are warnings and errors, so that what went well may be missing.
    [[nodiscard]] bool hides_successes() const noexcept { return has_levels_ && !has_low_levels_; }

    [[nodiscard]] doctor_view view() const {
        metrics_page page;
        for (const auto& [series, value] : sums_) page.push_back({series.first, series.second, value});
        const duration since =
            begins_ && ends_ ? std::chrono::duration_cast<duration>(*ends_ - *begins_) : duration::zero();
        return doctor_view{std::move(page), since};
    }

private:
    void note_time(const json& line) {
        const auto at = time_of(line);
        if (!at) return;
        begins_ = std::min(begins_.value_or(*at), *at);
        ends_ = std::max(ends_.value_or(*at), *at);
    }

    void note_level(const std::string& level) {
        has_levels_ = has_levels_ || !level.empty();
        has_low_levels_ = has_low_levels_ || level == to_text(severity::info) || level == to_text(severity::debug);
    }

    /// What policies are like now, which gauges would say: the last that was heard of it. Whether it says something of that.
    bool note_state(const event_kind& kind, const json& line) {
        const page_label layer{"layer", text_of(line, "layer")};
        const auto is = [&](const metric& gauge, std::optional<double> value, std::vector<page_label> labels) {
            if (value) sums_[{std::string{gauge.name}, std::move(labels)}] = *value;
            return value.has_value();
        };
        for (const measure& each : kind.measures)
            if (each.of == &metrics::circuit_changes && each.detail != "would_open")
                return is(metrics::circuit_state, each.detail == "open" ? 1 : 0, {layer, {"state", "open"}});
        if (&kind == &slo_burning::kind || &kind == &slo_recovered::kind)
            return is(metrics::slo_budget, number_of(line, "budget_left"), {layer});
        if (&kind == &adaptive_timed_out::kind) return is(metrics::timeout_limit, number_of(line, "limit"), {layer});
        if (&kind == &adaptive_limit_changed::kind) return is(metrics::timeout_limit, number_of(line, "to"), {layer});
        return false;
    }

    /// What is left out is taken to be like the last that was not.
    void add_suppressed(const json& line) {
        const std::string event = text_of(line, "suppressed_event");
        const event_kind* const kind = kind_called(event);
        if (kind == nullptr) return unknown_.add(event.empty() ? "events_suppressed" : event, suppressed_of(line));
        const auto alike = last_.find({std::string{kind->name}, text_of(line, "layer"), text_of(line, "operation")});
        add(*kind, alike == last_.end() ? line : *alike->second, suppressed_of(line));
    }
    void keep(std::shared_ptr<const json> line) {
        const std::string event = text_of(*line, "event");
        const std::string layer = text_of(*line, "layer");
        last_[{event, layer, text_of(*line, "operation")}] = line;
        last_[{event, layer, {}}] = std::move(line);
    }

    void add(const event_kind& kind, const json& line, double stands_for) {
        for (const measure& each : kind.measures) add(each, line, stands_for);
    }
    void add(const measure& of, const json& line, double stands_for) {
        const std::vector<page_label> labels = labels_of(of, line);
        const std::optional<double> value = of.value_field.empty() ? 1.0 : number_of(line, of.value_field);
        if (!value) return;
        const std::string called{of.of->name};
        if (of.of->type == metric_type::counter) sums_[{called, labels}] += stands_for * *value;
        if (of.of->type == metric_type::gauge) sums_[{called, labels}] = *value;
        if (of.of->type != metric_type::histogram) return;
        sums_[{called + "_count", labels}] += stands_for;
        sums_[{called + "_sum", labels}] += stands_for * *value;
        for (const double bound : bounds_)
            count_at_most(called, labels, *value <= bound ? stands_for : 0, fmt::format("{}", bound));
        count_at_most(called, labels, stands_for, "+Inf");
    }
    void count_at_most(const std::string& called, std::vector<page_label> labels, double more, std::string bound) {
        labels.push_back({"le", std::move(bound)});
        sums_[{called + "_bucket", std::move(labels)}] += more;
    }
    static std::vector<page_label> labels_of(const measure& of, const json& line) {
        std::vector<page_label> labels;
        const auto add = [&labels](std::string_view called, std::string value) {
            if (!called.empty() && !value.empty()) labels.push_back({std::string{called}, std::move(value)});
        };
        if (of.is_of_layer) add("layer", text_of(line, "layer"));
        add("operation", text_of(line, "operation"));
        add(of.of->detail, of.detail_field.empty() ? std::string{of.detail} : text_of(line, of.detail_field));
        return labels;
    }

    std::map<std::pair<std::string, std::vector<page_label>>, double> sums_;
    std::vector<double> bounds_ = metric_registry_options{}.buckets;
    std::map<std::array<std::string, 3>, std::shared_ptr<const json>> last_;  // of each event, layer and operation
    unknown_events unknown_;
    std::size_t heard_ = 0;
    std::optional<std::chrono::sys_seconds> begins_;
    std::optional<std::chrono::sys_seconds> ends_;
    bool has_levels_ = false;
    bool has_low_levels_ = false;
};

}  // namespace

std::expected<doctor_view, std::string> read_log(std::istream& in) {
    log_counts counts;
    std::size_t lines = 0;
    std::size_t passed_over = 0;
    std::string text;
    while (std::getline(in, text)) {
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        ++lines;
        json line = json::parse(text, nullptr, false);
        if (line.is_object())
            counts.add(std::move(line));
        else
            ++passed_over;
    }
    if (passed_over == lines) return std::unexpected{"no line of it is a JSON object, as json_log writes them"};
    if (counts.heard() == 0) return std::unexpected{"no line of it is an event of cutwater's that says what to change"};
    if (counts.hides_successes())
        return std::unexpected{
            "the log has warnings and errors only, so nobody can say what succeeded; set json_log_options::min_level "
            "to info (where it is, nothing has succeeded)"};
    doctor_view seen = counts.view();
    seen.came_from(looked_at::log);
    if (passed_over > 0)
        seen.note(fmt::format("{} of {} lines are no JSON object, and were passed over", passed_over, lines));
    if (std::string unknown = counts.note(); !unknown.empty()) seen.note(std::move(unknown));
    return seen;
}

}  // namespace cutwater::app
