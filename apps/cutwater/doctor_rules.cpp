#include "apps/cutwater/doctor_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <ratio>

#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

// From how many on a share means something.
constexpr double enough_calls = 50;
constexpr double enough_retries = 20;
constexpr double enough_successes = 100;
constexpr double enough_timeouts = 5;

double value_of(const std::map<subject, double>& of, const subject& who) {
    const auto found = of.find(who);
    return found == of.end() ? 0 : found->second;
}

/// Of an operation, whatever the layer.
double of_operation(const std::map<subject, double>& of, const std::string& operation) {
    double sum = 0;
    for (const auto& [who, value] : of)
        if (who.operation == operation) sum += value;
    return sum;
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string short_seconds(double seconds) {
    return seconds < 1 ? fmt::format("{:.3g}ms", 1000 * seconds) : fmt::format("{:.3g}s", seconds);
}

void spent_budgets(const doctor_view& at, std::vector<finding>& found) {
    at.each_gauge(metrics::slo_budget.name, [&](const page_sample& now, double) {
        if (now.value > 0) return;
        found.push_back({"budget_spent",
                         {std::string{now.label("layer")}, {}},
                         fmt::format("{} of the error budget is left", percent(now.value)),
                         "Users have had more failures than they were promised. Put reliability first until it has "
                         "come back: what follows says where to begin."});
    });
}

void hidden_outages(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_many = 0.1;
    const auto successes = at.growth(metrics::calls.name, {"verdict", "success"});
    for (const auto& [who, degraded] : at.growth(metrics::degraded.name)) {
        const double all = of_operation(successes, who.operation);
        if (all < enough_calls || degraded < too_many * all) continue;
        found.push_back({"fallback_hides_outage", who,
                         fmt::format("{} of {:.0f} successes have a value that is not the dependency's own",
                                     percent(degraded / all), all),
                         "The dependency is down or nearly so, and the success rate does not show it. Look at the "
                         "dependency first; then alert on degraded results, and say "
                         "by the objective (degraded results are bad) whether users would call them good."});
    }
}

void open_circuits(const doctor_view& at, std::vector<finding>& found) {
    at.each_gauge(metrics::circuit_state.name, [&](const page_sample& now, double before) {
        if (now.label("state") != "open" || now.value < 1 || before < 1) return;
        found.push_back({"circuit_open",
                         {std::string{now.label("layer")}, {}},
                         "it is open, and was each time that somebody looked",
                         "What is behind it is not reached. Look at the dependency; if it is well, its probes fail for "
                         "a reason of their own, such as a timeout that is too short."});
    });
}

void flapping_circuits(const doctor_view& at, std::vector<finding>& found) {
    constexpr double some = 3;
    constexpr double too_often = 6;  // an hour
    const double hours = std::chrono::duration<double, std::ratio<3600>>{at.apart()}.count();
    if (hours <= 0) return;
    std::map<std::string, double> opened;
    for (const auto& [who, times] : at.growth(metrics::circuit_changes.name, {"to", "open"}))
        opened[who.layer] += times;
    for (const auto& [layer, times] : opened) {
        if (times < some || times / hours < too_often) continue;
        found.push_back({"breaker_flaps",
                         {layer, {}},
                         fmt::format("it has opened {:.0f} times, which is {:.0f} times an hour", times, times / hours),
                         "It closes before the dependency is well. Let it stay open for longer (`open_for`), ask for "
                         "more successful probes before it closes, or judge a "
                         "longer window with more calls, so that a few failures do not open it."});
    }
}

void useless_retries(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_few = 0.05;
    const auto rescued = at.growth(metrics::rescued.name, {"by", "retry"});
    for (const auto& [who, retries] : at.growth(metrics::retries.name)) {
        const double helped = value_of(rescued, who);
        if (retries < enough_retries || helped >= too_few * retries) continue;
        found.push_back(
            {"retries_never_help", who,
             fmt::format("{:.0f} retries rescued {:.0f} calls ({})", retries, helped, percent(helped / retries)),
             "What fails here does not pass by trying again, so retries are load for a dependency that has trouble "
             "already. See which errors are retried, and "
             "judge those that stay as permanent; or make fewer attempts, and put a circuit breaker inside of the "
             "retry."});
    }
}

void amplified_load(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_much = 1.5;
    std::map<std::string, double> calls;
    std::map<std::string, double> attempts;
    for (const auto& [who, value] : at.growth(metrics::calls.name)) calls[who.operation] += value;
    for (const auto& [who, value] : at.growth(metrics::attempts.name)) attempts[who.operation] += value;
    for (const auto& [operation, all] : calls) {
        const double made = attempts[operation];
        if (all < enough_calls || made < too_much * all) continue;
        found.push_back({"amplification",
                         {{}, operation},
                         fmt::format("{:.0f} calls made {:.0f} attempts, {:.2f} each", all, made, made / all),
                         "In trouble you send the dependency more than your users send you. Give the retry a budget "
                         "(`retry_budget`), which bounds what it adds over all calls."});
    }
}

void exhausted_budgets(const doctor_view& at, std::vector<finding>& found) {
    const auto suppressed = at.growth(metrics::budget_suppressed.name);
    const auto retries = at.growth(metrics::retries.name);
    for (const auto& [who, unpaid] : suppressed) {
        const double wanted = unpaid + of_operation(retries, who.operation);
        if (unpaid < enough_retries || unpaid < wanted / 2) continue;
        found.push_back({"retry_budget_exhausted", who,
                         fmt::format("{:.0f} of {:.0f} further attempts were not paid for", unpaid, wanted),
                         "The budget does its work: more fails than retries are for. Do not raise it; find out what "
                         "fails. A budget that is always empty says that the error rate "
                         "is above its ratio all the time."});
    }
}

/// How long those wait that run out of time: what the layer says that its limit is, or how long its failed calls take.
std::optional<double> limit_of(const doctor_view& at, const subject& who) {
    std::optional<double> limit;
    at.each_gauge(metrics::timeout_limit.name, [&](const page_sample& now, double) {
        if (now.label("layer") == who.layer) limit = std::max(limit.value_or(0), now.value);
    });
    if (limit) return limit;
    const std::string duration{metrics::call_duration.name};
    const double count = of_operation(at.growth(duration + "_count", {"verdict", "transient"}), who.operation);
    const double sum = of_operation(at.growth(duration + "_sum", {"verdict", "transient"}), who.operation);
    return count < enough_timeouts ? std::nullopt : std::optional{sum / count};
}

void long_timeouts(const doctor_view& at, std::vector<finding>& found) {
    constexpr double by_far = 3;
    for (const auto& [who, times] : at.growth(metrics::timeouts.name)) {
        if (times < enough_timeouts) continue;
        const auto most = at.percentile(metrics::call_duration.name, 0.999, who.operation, enough_successes);
        const auto limit = limit_of(at, who);
        if (!most || !limit || *limit < by_far * *most) continue;
        found.push_back(
            {"timeout_too_long", who,
             fmt::format(
                 "99.9 % of what succeeds takes at most {}; what ran out of time ({:.0f} times) had waited for {}",
                 short_seconds(*most), times, short_seconds(*limit)),
             fmt::format("Nobody who waits longer than that gets an answer. Lower the limit to about {}: callers learn "
                         "sooner, and threads and permits are free sooner.",
                         short_seconds(2 * *most))});
    }
}

void full_gates(const doctor_view& at, std::vector<finding>& found) {
    const auto full = at.growth(metrics::refusals.name, {"reason", "full"});
    std::map<std::string, double> refused;
    for (const auto& [who, times] : full) refused[who.layer] += times;
    at.each_gauge(metrics::calls_in_flight.name, [&](const page_sample& now, double before) {
        const auto limit = at.beside(now, metrics::concurrency_limit.name);
        if (!limit || *limit <= 0 || now.value < *limit || before < *limit) return;
        const std::string layer{now.label("layer")};
        found.push_back(
            {"gate_always_full",
             {layer, {}},
             fmt::format("{:.0f} of {:.0f} permits are taken each time that somebody looks; {:.0f} refusals", now.value,
                         *limit, refused[layer]),
             "It is the bottleneck. If the dependency is as fast as it was, raise the limit; if it is slower, do not: "
             "the limit protects it, and a shorter timeout "
             "inside frees permits sooner. A concurrency limiter finds the limit by itself."});
    });
}

void lost_series(const doctor_view& at, std::vector<finding>& found) {
    const double refused = at.total("cutwater_metric_series_refused_total");
    if (refused <= 0) return;
    found.push_back({"series_refused",
                     {},
                     fmt::format("{:.0f} series had no room, and are counted as `other`", refused),
                     "Something that is none of a few is an operation or a detail: an id, a URL. Name operations by "
                     "what they do; raise `max_series` only if there are truly so many."});
}

constexpr std::array<doctor_rule, 10> all_rules{{
    {"budget_spent", "an error budget that is spent", spent_budgets},
    {"fallback_hides_outage", "a tenth or more of the successes are degraded", hidden_outages},
    {"circuit_open", "a circuit that is open each time one looks", open_circuits},
    {"breaker_flaps", "a circuit that opens six times an hour or more", flapping_circuits},
    {"retries_never_help", "fewer than one in twenty retries rescue a call", useless_retries},
    {"amplification", "one and a half attempts for each call, or more", amplified_load},
    {"retry_budget_exhausted", "half of the further attempts, or more, are not paid for", exhausted_budgets},
    {"timeout_too_long", "a limit three times above 99.9 % of what succeeds", long_timeouts},
    {"gate_always_full", "a bulkhead or limiter with no permit left each time one looks", full_gates},
    {"series_refused", "series that the registry had no room for", lost_series},
}};

}  // namespace

std::span<const doctor_rule> doctor_rules() noexcept { return all_rules; }

std::vector<finding> examine(const doctor_view& at) {
    std::vector<finding> found;
    for (const doctor_rule& each : all_rules) each.look(at, found);
    return found;
}

}  // namespace cutwater::app
