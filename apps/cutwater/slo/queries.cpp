#include "apps/cutwater/slo/queries.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

std::string escaped(std::string_view text, std::string_view with_backslash) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (with_backslash.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

/// `operation="get",verdict="success"` in braces; nothing where nothing is asked for.
std::string selected(const slo_options& objective, std::initializer_list<std::string> more) {
    std::string inside;
    const auto add = [&inside](const std::string& matcher) { inside += (inside.empty() ? "" : ",") + matcher; };
    if (objective.operations.size() == 1) add("operation=" + in_quotes(objective.operations.front()));
    if (objective.operations.size() > 1) add("operation=~" + quoted_pattern(objective.operations));
    for (const std::string& each : more) add(each);
    return inside.empty() ? "" : "{" + inside + "}";
}

/// Whole numbers have been written in two ways: `1` and `1.0`.
std::string bound_matcher(const slo_options& objective) {
    const std::string bound = bound_of(objective);
    if (bound.find('.') != std::string::npos) return "le=" + in_quotes(bound);
    return "le=~" + quoted_pattern({bound, bound + ".0"});
}

std::string good_calls_query(const slo_options& objective, slo_window over) {
    if (objective.latency == forever)
        return fmt::format("sum(rate({}{}[{}]))", metrics::calls.name, selected(objective, {R"(verdict="success")"}),
                           to_text(over));
    return fmt::format("sum(rate({}_bucket{}[{}]))", metrics::call_duration.name,
                       selected(objective, {R"(verdict="success")", bound_matcher(objective)}), to_text(over));
}

std::string named(const slo_options& objective) { return "{objective=" + in_quotes(objective.name) + "}"; }

}  // namespace

std::string in_quotes(std::string_view value) { return '"' + escaped(value, "\\\"") + '"'; }

std::string quoted_pattern(const std::vector<std::string>& values) {
    std::string pattern;
    for (const std::string& each : values) pattern += (pattern.empty() ? "" : "|") + escaped(each, R"(\.+*?()[]{}|^$)");
    return in_quotes(pattern);
}

std::string bound_text(double seconds) { return fmt::format("{:.16g}", seconds); }

std::string bound_of(const slo_options& objective) {
    return bound_text(std::chrono::duration<double>{objective.latency}.count());
}

std::string calls_query(const slo_options& objective, std::string_view function, slo_window over) {
    const std::string_view ignored = objective.ignored == ignored_call::bad ? "|ignored" : "";
    return fmt::format(
        "sum({}({}{}[{}]))", function, metrics::calls.name,
        selected(objective, {fmt::format(R"(verdict=~"success|transient|permanent|rejected{}")", ignored)}),
        to_text(over));
}

std::string bad_calls_query(const slo_options& objective, slo_window over) {
    std::string bad =
        fmt::format("{} - ({} or vector(0))", calls_query(objective, "rate", over), good_calls_query(objective, over));
    if (objective.degraded == degraded_result::bad)
        bad += fmt::format(" + (sum(rate({}{}[{}])) or vector(0))", metrics::degraded.name, selected(objective, {}),
                           to_text(over));
    return fmt::format("clamp_min({}, 0)", bad);
}

std::string recorded_share(slo_window over) {
    return fmt::format("cutwater:slo_bad_calls:ratio_rate{}", to_text(over));
}

std::string budget_query(const slo_options& objective) {
    const auto days = std::chrono::duration_cast<std::chrono::days>(objective.window).count();
    return fmt::format("1 - sum_over_time({0}{2}[{3}d]) / sum_over_time({1}{2}[{3}d]) / {4:.6g}", recorded_bad_calls,
                       recorded_calls, named(objective), days, objective.allowance());
}

std::string alert_query(const slo_options& objective, const slo_rule& rule) {
    const double most = rule.threshold(objective.allowance()) * objective.allowance();
    return fmt::format("{}{} > {:.6g} and {}{} > {:.6g} and on () {} >= {}", recorded_share(rule.over),
                       named(objective), most, recorded_share(rule.still), named(objective), most,
                       calls_query(objective, "increase", rule.over), objective.min_calls);
}

}  // namespace cutwater::app
