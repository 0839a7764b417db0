#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "apps/cutwater/slo_alert_words.hpp"
#include "apps/cutwater/slo_queries.hpp"
#include "apps/cutwater/slo_rules.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

/// So many samples in which a share of the calls is bad.
struct phase {
    double bad = 0;
    std::int64_t samples = 0;
};

constexpr double calls_a_sample = 1000;

std::int64_t minutes_of(slo_window w, const slo_options& objective) {
    return std::chrono::duration_cast<std::chrono::minutes>(length_of(w, objective)).count();
}

/// The samples of a counter, one after the other, as promtool reads them: `0+990x60 60390+1000x5`.
template <class Share>
std::string samples(const std::vector<phase>& phases, Share share_of) {
    std::string text;
    double value = 0;
    for (const phase& each : phases) {
        const double step = calls_a_sample * share_of(each.bad);
        text += fmt::format("{}{:.10g}+{:.10g}x{}", text.empty() ? "" : " ", value, step, each.samples);
        value += step * static_cast<double>(each.samples + 1);
    }
    return text;
}

/// A series of an operation of the objective's.
std::string series(const slo_options& objective, const std::string& of, std::string_view verdict,
                   const std::string& bound = {}) {
    std::string labels;
    if (!objective.operations.empty()) labels = "operation=" + quoted(objective.operations.front()) + ",";
    labels += fmt::format("verdict=\"{}\"", verdict);
    if (!bound.empty()) labels += ",le=" + quoted(bound);
    return of + "{" + labels + "}";
}

void input(YAML::Emitter& out, const std::string& of, const std::string& values) {
    out << YAML::BeginMap << YAML::Key << "series" << YAML::Value << of << YAML::Key << "values" << YAML::Value
        << values << YAML::EndMap;
}

/// Where there is a latency to be kept, one half of what is bad fails, and the other is too slow.
void inputs(YAML::Emitter& out, const slo_options& objective, const std::vector<phase>& phases) {
    const std::string calls{metrics::calls.name};
    const double failing = objective.latency == forever ? 1.0 : 0.5;
    input(out, series(objective, calls, "success"),
          samples(phases, [failing](double bad) { return 1 - failing * bad; }));
    input(out, series(objective, calls, "transient"), samples(phases, [failing](double bad) { return failing * bad; }));
    if (objective.latency != forever)
        input(out,
              series(objective, std::string{metrics::call_duration.name} + "_bucket", "success", bound_of(objective)),
              samples(phases, [](double bad) { return 1 - bad; }));
}

enum class fires : std::uint8_t { yes, no };

/// What an alert is to be at that minute.
void expected(YAML::Emitter& out, const slo_options& objective, const slo_rule& rule, std::int64_t minute, fires is) {
    out << YAML::BeginMap;
    out << YAML::Key << "eval_time" << YAML::Value << fmt::format("{}m", minute);
    out << YAML::Key << "alertname" << YAML::Value << alert_name(rule);
    out << YAML::Key << "exp_alerts" << YAML::Value << YAML::BeginSeq;
    if (is == fires::yes) {
        out << YAML::BeginMap << YAML::Key << "exp_labels" << YAML::Value << YAML::BeginMap;
        out << YAML::Key << "objective" << YAML::Value << objective.name;
        out << YAML::Key << "severity" << YAML::Value << std::string{to_text(rule.severity)};
        out << YAML::EndMap << YAML::Key << "exp_annotations" << YAML::Value << YAML::BeginMap;
        out << YAML::Key << "summary" << YAML::Value << alert_summary(objective, rule);
        out << YAML::Key << "description" << YAML::Value << alert_description(objective, rule);
        out << YAML::EndMap << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
}

/// A test: its series, with a sample every so many minutes, and what is to be said of them.
template <class Inputs, class Expected>
void test(YAML::Emitter& out, std::int64_t every, Inputs has, Expected expects) {
    out << YAML::BeginMap;
    out << YAML::Key << "interval" << YAML::Value << fmt::format("{}m", every);
    out << YAML::Key << "input_series" << YAML::Value << YAML::BeginSeq;
    has();
    out << YAML::EndSeq << YAML::Key << "alert_rule_test" << YAML::Value << YAML::BeginSeq;
    expects();
    out << YAML::EndSeq << YAML::EndMap;
}

/// Rules are looked at every so many minutes, which all long windows are multiples of: more often takes long.
constexpr std::int64_t between_looks = 20;

/// So many minutes, or a few more: until rules are looked at.
std::int64_t looks_until(double minutes) {
    return static_cast<std::int64_t>(std::ceil(minutes / static_cast<double>(between_looks))) * between_looks;
}

/// All is well for the long window; then it burns at nearly twice the rate for two thirds of it; then all is well for the short one.
void fires_and_clears(YAML::Emitter& out, const slo_options& objective, const slo_rule& rule) {
    const double most = rule.threshold(objective.allowance()) * objective.allowance();
    const double bad = std::min(1.0, 1.8 * most);
    const std::int64_t every = rule.over < slo_window::day ? 1 : 5;  // days of minutes take long to look through
    const std::int64_t well = minutes_of(rule.over, objective);
    const std::int64_t burning = looks_until(std::ceil(static_cast<double>(well) * 1.2 * most / bad - 0.001));
    const std::int64_t after = looks_until(static_cast<double>(minutes_of(rule.still, objective) + 5));
    test(
        out, every, [&] { inputs(out, objective, {{0, well / every}, {bad, burning / every}, {0, after / every}}); },
        [&] {
            expected(out, objective, rule, well, fires::no);
            expected(out, objective, rule, well + burning, fires::yes);
            expected(out, objective, rule, well + burning + after, fires::no);
        });
}

/// A service that has never had a good call has no series of good ones; and a few calls are no reason to wake anybody.
void edges(YAML::Emitter& out, const slo_options& objective) {
    const slo_rule& rule = slo_rules.front();
    const std::string failures = series(objective, std::string{metrics::calls.name}, "transient");
    test(out, 1, [&] { input(out, failures, "0+1000x40"); }, [&] { expected(out, objective, rule, 40, fires::yes); });
    const double few = static_cast<double>(objective.min_calls) * 0.75 / 60;
    test(
        out, 1, [&] { input(out, failures, fmt::format("0+{:.10g}x60", few)); },
        [&] { expected(out, objective, rule, 60, fires::no); });
}

}  // namespace

std::string prometheus_rule_tests(std::span<const slo_options> objectives, std::string_view rules) {
    YAML::Emitter out;
    out << YAML::Comment(
        "Made by `cutwater slo rules --tests`, for promtool test rules: each alert fires, and clears.");
    out << YAML::BeginMap;
    out << YAML::Key << "rule_files" << YAML::Value << YAML::BeginSeq << std::string{rules} << YAML::EndSeq;
    out << YAML::Key << "evaluation_interval" << YAML::Value << fmt::format("{}m", between_looks);
    out << YAML::Key << "tests" << YAML::Value << YAML::BeginSeq;
    for (const slo_options& each : objectives) {
        for (const slo_rule& rule : slo_rules) fires_and_clears(out, each, rule);
        edges(out, each);
    }
    out << YAML::EndSeq << YAML::EndMap;
    return std::string{out.c_str()} + "\n";
}

}  // namespace cutwater::app
