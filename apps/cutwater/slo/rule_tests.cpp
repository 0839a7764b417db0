#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "apps/cutwater/slo/alert_words.hpp"
#include "apps/cutwater/slo/queries.hpp"
#include "apps/cutwater/slo/rules.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

constexpr auto success = R"(verdict="success")";
constexpr auto failure = R"(verdict="transient")";
constexpr auto ignored = R"(verdict="ignored")";

/// So many samples in which a share of the calls is bad.
struct phase {
    double bad = 0;
    std::int64_t samples = 0;
};

/// Enough for an alert, and so many that a small share of them is still some whole calls.
double calls_a_sample(const slo_options& objective) {
    constexpr double some_of_few = 1e6;
    return std::max(some_of_few, static_cast<double>(objective.min_calls));
}

std::int64_t minutes_of(slo_window w, const slo_options& objective) {
    return std::chrono::duration_cast<std::chrono::minutes>(length_of(w, objective)).count();
}

/// A share of a sample's calls such that it, its half and its quarter are whole calls.
double in_whole_calls(const slo_options& objective, double share) {
    const double quarters = calls_a_sample(objective) / 4;
    return std::round(share * quarters) / quarters;
}

/// The samples of a counter, one after the other, as promtool reads them: `0+990000x60 60390000+1000000x5`. They are
/// whole: a counter that goes down by a rounding error has been reset.
template <class Share>
std::string samples(const slo_options& objective, const std::vector<phase>& phases, Share share_of) {
    std::string text;
    double value = 0;
    for (const phase& each : phases) {
        const double step = std::round(calls_a_sample(objective) * share_of(each.bad));
        text += fmt::format("{}{:.0f}+{:.0f}x{}", text.empty() ? "" : " ", value, step, each.samples);
        value += step * static_cast<double>(each.samples + 1);
    }
    return text;
}

/// A series of an operation of the objective's, with more labels: `verdict="success"`.
std::string series(const slo_options& objective, const std::string& of, const std::string& labels) {
    const std::string operation =
        objective.operations.empty() ? "" : "operation=" + in_quotes(objective.operations.front()) + ",";
    return of + "{" + operation + labels + "}";
}

void input(YAML::Emitter& out, const std::string& of, const std::string& values) {
    out << YAML::BeginMap << YAML::Key << "series" << YAML::Value << of << YAML::Key << "values" << YAML::Value
        << values << YAML::EndMap;
}

/// Where successes can be bad, one half of what is bad fails, and the other is too slow or degraded. Of what fails one
/// half is ignored; where that does not count, there are as many of these as of all others.
void inputs(YAML::Emitter& out, const slo_options& objective, const std::vector<phase>& phases) {
    const bool has_latency = objective.latency != forever;
    const bool has_degraded = objective.degraded == degraded_result::bad;
    const double failing = has_latency || has_degraded ? 0.5 : 1.0;
    const auto plays = [&](const metric& of, std::string_view more, const std::string& labels, auto share_of) {
        input(out, series(objective, fmt::format("{}{}", of.name, more), labels), samples(objective, phases, share_of));
    };
    plays(metrics::calls, "", success, [failing](double bad) { return 1 - failing * bad; });
    const bool counts_ignored = objective.ignored == ignored_call::bad;
    const double failed = counts_ignored ? failing / 2 : failing;
    plays(metrics::calls, "", failure, [failed](double bad) { return failed * bad; });
    plays(metrics::calls, "", ignored, [=](double bad) { return counts_ignored ? failed * bad : 1; });
    if (has_latency)
        plays(metrics::call_duration, "_bucket", fmt::format("{},le={}", success, in_quotes(bound_of(objective))),
              [](double bad) { return 1 - bad; });
    if (has_degraded)
        plays(metrics::degraded, "", R"(source="default")", [failing](double bad) { return (1 - failing) * bad; });
}

enum class fires : std::uint8_t { yes, no };

/// What a rule's alert is to be at a minute.
struct expectation {
    slo_rule rule{};
    std::int64_t minute = 0;
    fires is = fires::no;
};

void begin_expectation(YAML::Emitter& out, const std::string& query, std::int64_t minute) {
    out << YAML::BeginMap;
    out << YAML::Key << "expr" << YAML::Value << query;
    out << YAML::Key << "eval_time" << YAML::Value << fmt::format("{}m", minute);
    out << YAML::Key << "exp_samples" << YAML::Value << YAML::BeginSeq;
}
void end_expectation(YAML::Emitter& out) { out << YAML::EndSeq << YAML::EndMap; }

void sample_of_one(YAML::Emitter& out, const std::string& labels) {
    out << YAML::BeginMap << YAML::Key << "labels" << YAML::Value << labels << YAML::Key << "value" << YAML::Value << 1
        << YAML::EndMap;
}

/// Asked as a series: it is of this objective alone, whatever others make of the same calls.
void expected(YAML::Emitter& out, const slo_options& objective, const expectation& e) {
    const std::string labels = fmt::format(R"(alertname="{}",alertstate="firing",objective={})", alert_name(e.rule),
                                           in_quotes(objective.name));
    begin_expectation(out, "ALERTS{" + labels + "}", e.minute);
    if (e.is == fires::yes)
        sample_of_one(out, fmt::format(R"(ALERTS{{{},severity="{}"}})", labels, to_text(e.rule.severity)));
    end_expectation(out);
}

/// The recorded budget, but for what is left in the last digits of a sum of rates.
void budget_expected(YAML::Emitter& out, const slo_options& objective, std::int64_t minute, double left) {
    const std::string who = "{objective=" + in_quotes(objective.name) + "}";
    begin_expectation(out, fmt::format("abs({}{} - {:.10g}) < bool 0.001", recorded_budget, who, left), minute);
    sample_of_one(out, who);
    end_expectation(out);
}

/// With what it says. Only where there is no other objective: promtool wants the alerts of all that see these calls.
void words_expected(YAML::Emitter& out, const slo_options& objective, const expectation& e) {
    out << YAML::BeginMap;
    out << YAML::Key << "eval_time" << YAML::Value << fmt::format("{}m", e.minute);
    out << YAML::Key << "alertname" << YAML::Value << alert_name(e.rule);
    out << YAML::Key << "exp_alerts" << YAML::Value << YAML::BeginSeq;
    out << YAML::BeginMap << YAML::Key << "exp_labels" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "objective" << YAML::Value << objective.name;
    out << YAML::Key << "severity" << YAML::Value << std::string{to_text(e.rule.severity)};
    out << YAML::EndMap << YAML::Key << "exp_annotations" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "summary" << YAML::Value << alert_summary(objective, e.rule);
    out << YAML::Key << "description" << YAML::Value << alert_description(objective, e.rule);
    out << YAML::EndMap << YAML::EndMap << YAML::EndSeq << YAML::EndMap;
}

/// A test: its series, with a sample every so many minutes, and what is to be said of them.
template <class Inputs, class Expected, class Words>
void test(YAML::Emitter& out, std::int64_t every, Inputs has, Expected expects, Words says) {
    out << YAML::BeginMap;
    out << YAML::Key << "interval" << YAML::Value << fmt::format("{}m", every);
    out << YAML::Key << "input_series" << YAML::Value << YAML::BeginSeq;
    has();
    out << YAML::EndSeq << YAML::Key << "promql_expr_test" << YAML::Value << YAML::BeginSeq;
    expects();
    out << YAML::EndSeq << YAML::Key << "alert_rule_test" << YAML::Value << YAML::BeginSeq;
    says();
    out << YAML::EndSeq << YAML::EndMap;
}
template <class Inputs, class Expected>
void test(YAML::Emitter& out, std::int64_t every, Inputs has, Expected expects) {
    test(out, every, has, expects, [] {});
}

/// Rules are looked at every so many minutes, which all long windows are multiples of: more often takes long.
constexpr std::int64_t between_looks = 20;

/// So many minutes, or a few more: until rules are looked at.
std::int64_t looks_until(double minutes) {
    return static_cast<std::int64_t>(std::ceil(minutes / static_cast<double>(between_looks))) * between_looks;
}

enum class objectives_seen : std::uint8_t { one, several };

/// What is left of the budget where a share of calls was bad in some of the minutes that have passed.
double budget_left(const slo_options& objective, double bad, std::int64_t burning, std::int64_t passed) {
    return 1 - bad * static_cast<double>(burning) / static_cast<double>(passed) / objective.allowance();
}

/// All is well for the long window; then it burns at nearly twice the rate for two thirds of it; then all is well for
/// the short one.
void fires_and_clears(YAML::Emitter& out, const slo_options& objective, const slo_rule& rule, objectives_seen are) {
    const double most = rule.threshold(objective.allowance()) * objective.allowance();
    const double bad = in_whole_calls(objective, std::min(1.0, 1.8 * most));
    const std::int64_t every = rule.over < slo_window::day ? 1 : 5;  // days of minutes take long to look through
    const std::int64_t well = minutes_of(rule.over, objective);
    const std::int64_t burning = looks_until(std::ceil(static_cast<double>(well) * 1.2 * most / bad - 0.001));
    const std::int64_t after = looks_until(static_cast<double>(minutes_of(rule.still, objective) + 5));
    const std::int64_t burnt = well + burning;
    const auto at = [&rule](std::int64_t minute, fires is) { return expectation{rule, minute, is}; };
    test(
        out, every, [&] { inputs(out, objective, {{0, well / every}, {bad, burning / every}, {0, after / every}}); },
        [&] {
            expected(out, objective, at(well, fires::no));
            expected(out, objective, at(burnt, fires::yes));
            expected(out, objective, at(burnt + after, fires::no));
            if (&rule != &slo_rules.front()) return;
            budget_expected(out, objective, well, 1);
            budget_expected(out, objective, burnt, budget_left(objective, bad, burning, burnt));
        },
        [&] {
            if (are == objectives_seen::one) words_expected(out, objective, at(burnt, fires::yes));
        });
}

/// A service that has never had a good call has no series of good ones; and a few calls are no reason to wake anybody.
void edges(YAML::Emitter& out, const slo_options& objective) {
    const slo_rule& rule = slo_rules.front();
    const auto how = objective.ignored == ignored_call::bad ? ignored : failure;
    const std::string failures = series(objective, std::string{metrics::calls.name}, how);
    const std::string born_late = fmt::format("_x5 {0:.0f}+{0:.0f}x40", calls_a_sample(objective));
    test(out, 1, [&] { input(out, failures, born_late); }, [&] { expected(out, objective, {rule, 40, fires::yes}); });
    const double few = static_cast<double>(objective.min_calls) * 0.75 / 60;
    test(
        out, 1, [&] { input(out, failures, fmt::format("0+{:.10g}x60", few)); },
        [&] { expected(out, objective, {rule, 60, fires::no}); });
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
    const auto are = objectives.size() == 1 ? objectives_seen::one : objectives_seen::several;
    for (const slo_options& each : objectives) {
        for (const slo_rule& rule : slo_rules) fires_and_clears(out, each, rule, are);
        edges(out, each);
    }
    out << YAML::EndSeq << YAML::EndMap;
    return std::string{out.c_str()} + "\n";
}

}  // namespace cutwater::app
