#include "apps/cutwater/doctor/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "apps/cutwater/console/units.hpp"
#include "apps/cutwater/doctor/call_rules.hpp"
#include "apps/cutwater/doctor/circuit_rules.hpp"
#include "apps/cutwater/doctor/gate_rules.hpp"
#include "apps/cutwater/doctor/sighting.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

constexpr std::string_view series_refused = "cutwater_metric_series_refused_total";

/// A budget is that of the calls since its process began, so these are enough or not, and not those since the last look.
bool has_calls_for_a_budget(const doctor_view& at) { return at.counted(metrics::calls.name) >= enough_calls; }

std::string words_of_budget(double left) {
    const double spent = 1 - left;
    if (spent < 2) return percent(spent) + " of the error budget is spent";
    return "the error budget is spent " + count_text(std::floor(spent)) + " times over";
}

void spent_budgets(const doctor_view& at, std::vector<finding>& found) {
    if (!has_calls_for_a_budget(at)) return;
    const auto is_spent = [](const page_sample& now, double) { return now.value <= 0; };
    for (const auto& [layer, seen] : seen_of(at, metrics::slo_budget, is_spent))
        found.push_back({"budget_spent",
                         {layer, {}},
                         words_of_budget(seen.least()) + seen.where(),
                         "Users have had more failures than they were promised. Put reliability first until it has "
                         "come back: what follows says where to begin."});
}

void hidden_outages(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_many = 0.1;
    const auto successes = by_operation(at.growth(metrics::calls.name, {"verdict", "success"}));
    for (const auto& [who, degraded] : at.growth(metrics::degraded.name)) {
        const double all = value_of(successes, who.operation);
        if (all < enough_calls || degraded < too_many * all) continue;
        found.push_back({"fallback_hides_outage", who,
                         fmt::format("{} of {} successes have a value that is not the dependency's own",
                                     percent(degraded / all), count_text(all)),
                         "The dependency is down or nearly so, and the success rate does not show it. Look at the "
                         "dependency first; then alert on degraded results, and say "
                         "by the objective (degraded results are bad) whether users would call them good."});
    }
}

/// Without a circuit breaker somewhere, and nothing that refused retries.
std::string advice_on_retries(const doctor_view& at, double refused) {
    std::string advice =
        "What fails here does not pass by trying again, so retries are load for a dependency that has trouble already. "
        "See which errors are retried, and judge those that stay as permanent; or make fewer attempts";
    const bool has_circuit = at.has(metrics::circuit_state.name) || at.has(metrics::circuit_changes.name);
    if (refused > 0) return advice + ". Something inside of the retry refuses attempts already; it could do so sooner.";
    if (has_circuit)
        return advice + ". A circuit breaker bounds this where it is inside of the retry, and opens soon enough.";
    return advice + ", and put a circuit breaker inside of the retry.";
}

void useless_retries(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_few = 0.05;
    const auto rescued = at.growth(metrics::rescued.name, {"by", "retry"});
    const auto refused = at.growth(metrics::retries_ended.name, {"reason", "refused"});
    for (const auto& [who, retries] : at.growth(metrics::retries.name)) {
        const double helped = value_of(rescued, who);
        if (retries < enough_retries || helped >= too_few * retries) continue;
        found.push_back({"retries_never_help", who,
                         fmt::format("{} retries rescued {} calls ({})", count_text(retries), count_text(helped),
                                     percent(helped / retries)),
                         advice_on_retries(at, value_of(refused, who))});
    }
}

void amplified_load(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_much = 1.5;
    const auto attempts = by_operation(at.growth(metrics::attempts.name));
    for (const auto& [operation, all] : by_operation(at.growth(metrics::calls.name))) {
        const double made = value_of(attempts, operation);
        if (all < enough_calls || made < too_much * all) continue;
        found.push_back({"amplification",
                         {{}, operation},
                         fmt::format("{} calls made {} attempts, {} each", count_text(all), count_text(made),
                                     ratio_text(made / all)),
                         "In trouble you send the dependency more than your users send you. Give the retry a budget "
                         "(`retry_budget`), which bounds what it adds over all calls."});
    }
}

void exhausted_budgets(const doctor_view& at, std::vector<finding>& found) {
    auto suppressed = at.growth(metrics::retries_ended.name, {"reason", "budget_exhausted"});
    for (const auto& [who, hedges] : at.growth(metrics::budget_suppressed.name)) suppressed[who] += hedges;
    const auto retries = by_operation(at.growth(metrics::retries.name));
    const auto begun = by_operation(at.growth(metrics::hedges.name));
    for (const auto& [who, unpaid] : suppressed) {
        const double wanted = unpaid + value_of(retries, who.operation) + value_of(begun, who.operation);
        if (unpaid < enough_retries || unpaid < wanted / 2) continue;
        found.push_back(
            {"retry_budget_exhausted", who,
             fmt::format("{} of {} further attempts were not paid for", count_text(unpaid), count_text(wanted)),
             "The budget does its work: more fails than retries are for. Do not raise it; find out what "
             "fails. A budget that is always empty says that the error rate "
             "is above its ratio all the time."});
    }
}

/// Judges by limits that are known: an adaptive timeout tells its own, a plain one the limit that was reached last.
void long_timeouts(const doctor_view& at, std::vector<finding>& found) {
    constexpr double by_far = 3;
    double slowest = 0;
    for (const auto& [operation, most] : at.percentiles(metrics::call_duration.name, 0.999, enough_successes))
        slowest = std::max(slowest, most);
    if (slowest <= 0) return;
    const auto ended = by_layer(at.growth(metrics::timeouts.name));
    const auto is_long = [&](const page_sample& now, double) { return now.value >= by_far * slowest; };
    for (const auto& [layer, seen] : seen_of(at, metrics::timeout_limit, is_long))
        found.push_back({"timeout_too_long",
                         {layer, {}},
                         fmt::format("99.9 % of what succeeds takes at most {}, the slowest operation's; the limit is "
                                     "{}{}; it was reached {} times",
                                     short_seconds(slowest), short_seconds(seen.least()), seen.where(),
                                     count_text(value_of(ended, layer))),
                         fmt::format("Nobody who waits longer than that gets an answer. Lower the limit to about {}: "
                                     "callers learn sooner, and threads and permits are free sooner.",
                                     short_seconds(2 * slowest))});
}

void lost_series(const doctor_view& at, std::vector<finding>& found) {
    const double refused = at.counted(series_refused);  // those of long ago have no room either
    if (refused <= 0) return;
    found.push_back({"series_refused",
                     {},
                     count_text(refused) + " series had no room, and are counted as `other`",
                     "Something that is none of a few is an operation or a detail: an id, a URL. Name operations by "
                     "what they do; raise `max_series` only if there are truly so many."});
}

/// Counters of what has never happened are not there, so calls say that it would have been counted.
template <const metric&... Any>
bool has_any(const doctor_view& at) {
    return (at.has(Any.name) || ...);
}
bool has_budgets(const doctor_view& at) { return at.has(metrics::slo_budget.name) && has_calls_for_a_budget(at); }
bool has_limits(const doctor_view& at) {
    return at.has(metrics::timeout_limit.name) &&
           !at.percentiles(metrics::call_duration.name, 0.999, enough_successes).empty();
}
bool has_gates(const doctor_view& at) {
    return at.has(metrics::concurrency_limit.name) && at.has(metrics::calls_in_flight.name);
}
bool has_room(const doctor_view& at) { return at.has(series_refused); }

using metrics::calls, metrics::circuit_changes, metrics::retries, metrics::retries_ended, metrics::budget_suppressed;
constexpr std::string_view needs_calls = "cutwater_calls_total";

constexpr std::array<doctor_rule, 13> all_rules{{
    {"calls_hardly_succeed", "fewer than one in ten calls succeed, whatever the others end as", failing_calls,
     needs_calls, has_any<calls>},
    {"budget_spent", "an error budget that is spent, by 50 calls or more", spent_budgets,
     "cutwater_slo_budget_remaining_ratio, and 50 calls", has_budgets},
    {"fallback_hides_outage", "a tenth or more of the successes are degraded", hidden_outages, needs_calls,
     has_any<calls>},
    {"circuit_open", "a circuit that is open each time one looks", open_circuits, "cutwater_circuit_state",
     has_any<metrics::circuit_state>},
    {"breaker_flaps", "a circuit that opens six times an hour or more, and closes in between", flapping_circuits,
     "cutwater_circuit_transitions_total", has_any<circuit_changes, calls>},
    {"probes_fail", "a circuit that has opened five times or more, and hardly ever closed", failing_probes,
     "cutwater_circuit_transitions_total", has_any<circuit_changes, calls>},
    {"retries_never_help", "fewer than one in twenty retries rescue a call", useless_retries, "cutwater_retries_total",
     has_any<retries, calls>},
    {"amplification", "one and a half attempts for each call, or more", amplified_load, needs_calls, has_any<calls>},
    {"retry_budget_exhausted", "half of the further attempts, or more, are not paid for", exhausted_budgets,
     "cutwater_retries_ended_total", has_any<retries_ended, budget_suppressed, calls>},
    {"timeout_too_long", "a limit three times above 99.9 % of what succeeds, where the limit is known", long_timeouts,
     "cutwater_timeout_limit_seconds, and 100 successes of an operation", has_limits},
    {"gate_always_full",
     "a bulkhead or limiter with no permit left each time one looks, while calls are refused or wait for long",
     always_full_gates, "cutwater_concurrency_limit", has_gates},
    {"gate_refuses", "one in twenty calls or more are refused because a bulkhead or limiter is full", refusing_gates,
     needs_calls, has_any<calls>},
    {"series_refused", "series that the registry had no room for", lost_series, series_refused, has_room},
}};

constexpr std::array<std::string_view, 22> read_by_rules{
    metrics::slo_budget.name, metrics::calls.name, metrics::degraded.name, metrics::circuit_state.name,
    metrics::circuit_changes.name, metrics::retries.name, metrics::rescued.name, metrics::attempts.name,
    metrics::retries_ended.name, metrics::budget_suppressed.name, metrics::hedges.name, metrics::timeouts.name,
    metrics::timeout_limit.name, metrics::calls_in_flight.name, metrics::concurrency_limit.name,
    metrics::queue_length.name, metrics::refusals.name, series_refused,
    // of histograms
    "cutwater_queue_wait_seconds_sum", "cutwater_queue_wait_seconds_count", "cutwater_call_duration_seconds_sum",
    "cutwater_call_duration_seconds_bucket"};

std::string how_to_look_longer(looked_at source) {
    switch (source) {
        case looked_at::prometheus: return "--over 1h looks for so long, where the server goes back so far";
        case looked_at::log: return "a longer log shows it";
        case looked_at::page: break;
    }
    return "--for 30min of a live page, or --prometheus, looks for so long";
}

std::string note_on_flapping(const doctor_view& at) {
    const bool has_time = at.apart() > duration::zero();
    return fmt::format("whether a circuit flaps takes half an hour to see, and {}; {}",
                       has_time ? "this was " + short_text(at.apart()) : std::string{"this was one look"},
                       how_to_look_longer(at.source()));
}

/// Nothing where some operation had enough, or nobody counts them.
std::string note_on_few_calls(const doctor_view& at) {
    if (!at.has(metrics::calls.name)) return {};
    double most = 0;
    for (const auto& [operation, ended] : by_operation(at.growth(metrics::calls.name))) most = std::max(most, ended);
    if (most >= enough_calls) return {};
    return fmt::format(
        "too few calls for most of what is looked for: it takes {} of an operation, and the busiest had {}",
        count_text(enough_calls), count_text(most));
}

/// The rules that had nothing of what they look at.
std::string note_on_lacks(const doctor_view& at) {
    std::string lacking;
    for (const doctor_rule& each : all_rules)
        if (!each.is_judged(at))
            lacking += fmt::format("{}{} ({})", lacking.empty() ? "" : ", ", each.name, each.needs);
    if (lacking.empty()) return {};
    return fmt::format("not judged, for want of what it takes: {}{}", lacking,
                       at.source() == looked_at::log ? "; a page of metrics says more than a log" : "");
}

}  // namespace

std::span<const doctor_rule> doctor_rules() noexcept { return all_rules; }
std::span<const std::string_view> metrics_of_rules() noexcept { return read_by_rules; }

std::vector<finding> examine(const doctor_view& at) {
    std::vector<finding> found;
    for (const doctor_rule& each : all_rules) each.look(at, found);
    return found;
}

bool can_judge(const doctor_view& at) {
    return std::ranges::any_of(
        all_rules, [&](const doctor_rule& each) { return each.needs != series_refused && each.is_judged(at); });
}

std::vector<std::string> not_judged(const doctor_view& at) {
    std::vector<std::string> notes = at.notes();
    if (might_flap(at)) notes.push_back(note_on_flapping(at));
    for (std::string note : {note_on_few_calls(at), note_on_lacks(at)})
        if (!note.empty()) notes.push_back(std::move(note));
    return notes;
}

}  // namespace cutwater::app
