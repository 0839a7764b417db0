#include "apps/cutwater/dashboard/panels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "apps/cutwater/slo/queries.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/health/health_metrics.hpp"
#include "cutwater/observe/otlp/otlp_metrics.hpp"
#include "cutwater/observe/prometheus/page_metrics.hpp"

namespace cutwater::app {

namespace {

constexpr std::string_view of_operations = R"(operation=~"$operation")";
constexpr std::string_view of_layers = R"(layer=~"$layer")";
constexpr std::string_view counts_for_users = R"(verdict=~"success|transient|permanent|rejected|ignored")";
constexpr std::string_view of_seconds = "s";
constexpr std::string_view of_share = "percentunit";
constexpr std::string_view each_second = "reqps";

/// `sum by (operation) (rate(cutwater_calls_total{…}[$__rate_interval]))`
std::string rate(const metric& of, std::string_view by, std::string_view where, std::string_view and_where = {}) {
    return fmt::format("sum by ({}) (rate({}{{{}{}{}}}[$__rate_interval]))", by, of.name, where,
                       and_where.empty() ? "" : ",", and_where);
}

std::string percentile(double p, const metric& of, std::string_view by, std::string_view where,
                       std::string_view offset = {}) {
    return fmt::format("histogram_quantile({}, sum by (le{}{}) (rate({}_bucket{{{}}}[$__rate_interval]{})))", p,
                       by.empty() ? "" : ", ", by, of.name, where, offset);
}

std::string gauge(std::string_view how, const metric& of, std::string_view by, std::string_view and_where = {}) {
    return fmt::format("{} by ({}) ({}{{{}{}{}}})", how, by, of.name, of_layers, and_where.empty() ? "" : ",",
                       and_where);
}

std::string success_within() { return fmt::format(R"({},verdict="success")", of_operations); }

panel_row what_users_see() {
    const std::string good = rate(metrics::calls, "operation", of_operations, R"(verdict="success")");
    const std::string all = rate(metrics::calls, "operation", of_operations, counts_for_users);
    const std::string good_share =
        fmt::format("({} or 0 * {}) / ({} > 0)", good, all, all);  // 0 where nothing succeeded; none without calls
    const auto p = [](double each) { return percentile(each, metrics::call_duration, "", success_within()); };
    const std::string p99 = percentile(0.99, metrics::call_duration, "operation", success_within());
    const std::string p99_before =
        percentile(0.99, metrics::call_duration, "operation", success_within(), " offset 1h");
    return {
        "What users see",
        {{"Success",
          "Share of the calls that gave a result; what callers cancelled is no call. All else on this page is why.",
          {{good_share, "{{operation}}"}},
          of_share},
         {"Calls by verdict",
          "transient: it failed and may pass. permanent: it failed and will not. rejected: one of our policies "
          "refused. ignored: its caller's deadline ran out, it was a bug, or what was asked is refused. cancelled is "
          "the caller's.",
          {{rate(metrics::calls, "verdict", of_operations), "{{verdict}}"}},
          each_second},
         {"Latency of what succeeds",
          "With all attempts and waits.",
          {{p(0.5), "p50"}, {p(0.9), "p90"}, {p(0.99), "p99"}},
          of_seconds},
         {"Latency shift",
          "p99 of what succeeds over that of an hour ago: 1 is no change.",
          {{p99 + " / " + p99_before, "{{operation}}"}}}}};
}

panel_row what_policies_did() {
    return {"What policies did about it",
            {{"Attempts for each call",
              "More than 1 is the load that retries and hedges add.",
              {{rate(metrics::attempts, "operation", of_operations) + " / " +
                    rate(metrics::calls, "operation", of_operations),
                "{{operation}}"}}},
             {"Retries, and calls that they rescued",
              "Retries that rescue nobody are load for nothing.",
              {{rate(metrics::retries, "layer", of_layers), "retries of {{layer}}"},
               {rate(metrics::rescued, "by", of_layers), "rescued by {{by}}"},
               {rate(metrics::retries_ended, "layer", of_layers, R"(reason="budget_exhausted")"),
                "not paid for: {{layer}}"}},
              each_second},
             {"Why calls are not retried",
              "Failed calls that have no further attempt, and why.",
              {{rate(metrics::retries_ended, "layer, reason", of_layers), "{{layer}}: {{reason}}"}},
              each_second},
             {"Refusals",
              "Who refuses, and why.",
              {{rate(metrics::refusals, "layer, reason", of_layers), "{{layer}}: {{reason}}"}},
              each_second},
             {"Circuits",
              "When which was open.",
              {{fmt::format(R"(max by (layer) (2 * {0}{{{1},state="open"}} or {0}{{{1},state="half_open"}}))",
                            metrics::circuit_state.name, of_layers),
                "{{layer}}"}},
              "short",
              panel_kind::circuits},
             {"Timeouts",
              "Attempts or calls that a limit ended.",
              {{rate(metrics::timeouts, "layer", of_layers), "{{layer}}"}},
              each_second},
             {"Degraded results",
              "Successes that are a fallback's or stale: an outage that nobody sees in the success rate. Where "
              "those fail too, users see it.",
              {{rate(metrics::degraded, "layer, source", of_layers), "{{layer}}: {{source}}"},
               {rate(metrics::fallback_failures, "layer, source", of_layers), "failed: {{layer}}: {{source}}"}},
              each_second}}};
}

panel_row what_is_full() {
    return {"Limits and queues",
            {{"In flight against the limit",
              "At the limit is full: what comes waits, or is refused.",
              {{gauge("sum", metrics::calls_in_flight, "layer"), "in flight: {{layer}}"},
               {gauge("sum", metrics::concurrency_limit, "layer"), "limit: {{layer}}"}}},
             {"Waiting", "Calls in front of a gate.", {{gauge("sum", metrics::queue_length, "layer"), "{{layer}}"}}},
             {"Queue wait",
              "99 in 100 waits were shorter.",
              {{percentile(0.99, metrics::queue_wait, "layer", of_layers), "{{layer}}"}},
              of_seconds},
             {"Retry budgets",
              "What each could pay for now.",
              {{gauge("min", metrics::budget_balance, "layer"), "{{layer}}"}}}}};
}

panel_row what_was_promised() {
    return {"Objectives",
            {{"Error budget left",
              "Below 0 it is overspent. `rules` is of the whole fleet, by cutwater slo rules.",
              {{gauge("min", metrics::slo_budget, "layer"), "{{layer}}"},
               {std::string{recorded_budget}, "{{objective}} (rules)"}},
              of_share},
             {"Burn rate",
              "At 1 the budget lasts as long as it is to; above 14.4 over 1h and 5m somebody is woken.",
              {{gauge("max", metrics::slo_burn, "layer, window", R"(window=~"5m|1h|6h|3d")"), "{{layer}} {{window}}"}}},
             {"Alerts",
              "While a budget is spent too fast.",
              {{gauge("max", metrics::slo_alerting, "layer, severity"), "{{layer}}: {{severity}}"}},
              "short",
              panel_kind::alerts}}};
}

/// What a gauge is of several instances: calls and bytes add up, while states, shares and limits do not.
struct together {
    std::string_view how;
    std::string_view says;
};
together of_instances(const metric& of) {
    if (&of == &metrics::health || &of == &metrics::health_probe) return {"min", " Of all instances the least."};
    if (&of == &metrics::endpoints) return {"avg", " As an instance sees it on average."};
    const bool is_state = &of == &metrics::shedding;
    if (is_state || of.name.ends_with("_ratio") || of.name.ends_with("_seconds"))
        return {"max", " Of all instances the most."};
    return {"sum", ""};
}

/// A metric that nobody has thought of in the table.
panel panel_of(const metric& of) {
    const std::string by = of.detail.empty() ? "layer" : fmt::format("layer, {}", of.detail);
    const std::string legend = of.detail.empty() ? "{{layer}}" : fmt::format("{{{{layer}}}} {{{{{}}}}}", of.detail);
    panel made{std::string{of.name}, std::string{of.help}, {}};
    switch (of.type) {
        case metric_type::counter: made.queries = {{rate(of, by, of_layers), legend}}; break;
        case metric_type::gauge: {
            const auto [how, says] = of_instances(of);
            made.queries = {{gauge(how, of, by), legend}};
            made.says += says;
            break;
        }
        case metric_type::histogram: made.queries = {{percentile(0.99, of, by, of_layers), legend}}; break;
    }
    if (of.type == metric_type::counter) made.unit = "cps";
    if (of.name.ends_with("_seconds")) made.unit = of_seconds;
    if (of.name.ends_with("_bytes")) made.unit = "bytes";
    if (of.name.ends_with("_ratio")) made.unit = of_share;
    return made;
}

bool is_shown(const metric& of, const std::vector<panel_row>& rows) {
    for (const panel_row& row : rows)
        for (const panel& each : row.panels)
            for (const panel_query& query : each.queries)
                if (query.ask.find(of.name) != std::string::npos) return true;
    return false;
}

}  // namespace

std::vector<panel_row> dashboard_rows() {
    std::vector<panel_row> rows{what_users_see(), what_policies_did(), what_is_full(), what_was_promised()};
    panel_row rest{"Everything else", {}};
    const auto add = [&](std::span<const metric* const> all) {
        for (const metric* const each : all)
            if (!is_shown(*each, rows)) rest.panels.push_back(panel_of(*each));
    };
    add(metrics::all);
    add(metrics::of_health);
    add(metrics::of_export);
    add(metrics::of_page);
    rows.push_back(std::move(rest));
    return rows;
}

}  // namespace cutwater::app
