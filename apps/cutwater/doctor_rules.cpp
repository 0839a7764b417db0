#include "apps/cutwater/doctor_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <limits>
#include <map>
#include <ratio>
#include <set>

#include "apps/cutwater/units.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

// From how many on a share means something.
constexpr double enough_calls = 50;
constexpr double enough_retries = 20;
constexpr double enough_successes = 100;

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

/// Of one layer: on which instances something is true, and of how many.
class sighting {
public:
    void add(const std::string& instance, double value, bool is_true) {
        instances_.insert(instance);
        if (!is_true) return;
        found_.insert(instance);
        least_ = std::min(least_, value);
        sum_ += value;
    }

    [[nodiscard]] bool is_somewhere() const noexcept { return !found_.empty(); }
    [[nodiscard]] double least() const noexcept { return least_; }
    [[nodiscard]] double sum() const noexcept { return sum_; }
    /// ` on 7 of 50 instances: a, b, c, …`; nothing where there is one only.
    [[nodiscard]] std::string where() const {
        constexpr std::size_t shown = 3;
        if (instances_.size() < 2) return {};
        const auto end = std::next(found_.begin(), static_cast<std::ptrdiff_t>(std::min(shown, found_.size())));
        return fmt::format(" on {} of {} instances: {}{}", found_.size(), instances_.size(),
                           fmt::join(found_.begin(), end, ", "), found_.size() > shown ? ", …" : "");
    }

private:
    std::set<std::string> instances_;
    std::set<std::string> found_;
    double least_ = std::numeric_limits<double>::infinity();
    double sum_ = 0;
};
using sightings = std::map<std::string, sighting>;  // by layer

/// Where `is_true` of a gauge's series, and of what it was before.
template <class Judge>
sightings seen_of(const doctor_view& at, const metric& gauge, Judge is_true) {
    sightings seen;
    at.each_series(gauge.name, [&](const page_sample& now, double before) {
        seen[std::string{now.label("layer")}].add(std::string{now.label("instance")}, now.value, is_true(now, before));
    });
    std::erase_if(seen, [](const auto& each) { return !each.second.is_somewhere(); });
    return seen;
}

/// Whatever the operation.
std::map<std::string, double> by_layer(const std::map<subject, double>& of) {
    std::map<std::string, double> sums;
    for (const auto& [who, value] : of) sums[who.layer] += value;
    return sums;
}

void spent_budgets(const doctor_view& at, std::vector<finding>& found) {
    const auto is_spent = [](const page_sample& now, double) { return now.value <= 0; };
    for (const auto& [layer, seen] : seen_of(at, metrics::slo_budget, is_spent))
        found.push_back({"budget_spent",
                         {layer, {}},
                         fmt::format("{} of the error budget is left{}", percent(seen.least()), seen.where()),
                         "Users have had more failures than they were promised. Put reliability first until it has "
                         "come back: what follows says where to begin."});
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
    const auto is_open = [](const page_sample& now, double before) {
        return now.label("state") == "open" && now.value >= 1 && before >= 1;
    };
    for (const auto& [layer, seen] : seen_of(at, metrics::circuit_state, is_open))
        found.push_back({"circuit_open",
                         {layer, {}},
                         fmt::format("it is open, and was each time that somebody looked{}", seen.where()),
                         "What is behind it is not reached. Look at the dependency; if it is well, its probes fail for "
                         "a reason of their own, such as a timeout that is too short."});
}

/// What one circuit did.
struct circuit_history {
    double opened = 0;
    double half_opened = 0;
    double closed = 0;

    [[nodiscard]] bool never_recovers() const noexcept { return half_opened >= 0.8 * opened && closed <= 0.2 * opened; }
};

/// By layer and instance.
std::map<std::string, std::map<std::string, circuit_history>> histories(const doctor_view& at) {
    std::map<std::string, std::map<std::string, circuit_history>> all;
    const auto gather = [&](std::string_view to, double circuit_history::* count) {
        for (const auto& [layer, instances] : at.growth_by_instance(metrics::circuit_changes.name, {"to", to}))
            for (const auto& [instance, times] : instances) all[layer][instance].*count = times;
    };
    gather("open", &circuit_history::opened);
    gather("half_open", &circuit_history::half_opened);
    gather("closed", &circuit_history::closed);
    return all;
}

constexpr double flaps_least = 3;
constexpr double flaps_hourly = 6;
using hours = std::chrono::duration<double, std::ratio<3600>>;

void flapping_circuits(const doctor_view& at, std::vector<finding>& found) {
    const double time = hours{at.apart()}.count();
    if (time <= 0) return;
    for (const auto& [layer, instances] : histories(at)) {
        sighting seen;
        for (const auto& [instance, did] : instances)
            seen.add(instance, did.opened,
                     did.opened >= flaps_least && did.opened / time >= flaps_hourly && !did.never_recovers());
        if (!seen.is_somewhere()) continue;
        found.push_back({"breaker_flaps",
                         {layer, {}},
                         fmt::format("it has opened {:.0f} times, which is {:.0f} times an hour{}", seen.sum(),
                                     seen.sum() / time, seen.where()),
                         "It closes before the dependency is well. Let it stay open for longer (`open_for`), ask for "
                         "more successful probes before it closes, or judge a "
                         "longer window with more calls, so that a few failures do not open it."});
    }
}

/// Needs no time: each of so many tries to close has failed.
void failing_probes(const doctor_view& at, std::vector<finding>& found) {
    constexpr double some = 5;
    for (const auto& [layer, instances] : histories(at)) {
        sighting seen;
        for (const auto& [instance, did] : instances)
            seen.add(instance, did.opened, did.opened >= some && did.never_recovers());
        if (!seen.is_somewhere()) continue;
        found.push_back({"probes_fail",
                         {layer, {}},
                         fmt::format("it has opened {:.0f} times, and nearly each time its probes failed{}", seen.sum(),
                                     seen.where()),
                         "The dependency does not come back, or its probes fail for a reason of their own, such as a "
                         "timeout that is too short. Where it is down for long, let the circuit stay open for longer "
                         "(`open_for`): each probe is a call of somebody's."});
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
    auto suppressed = at.growth(metrics::retries_ended.name, {"reason", "budget_exhausted"});
    for (const auto& [who, hedges] : at.growth(metrics::budget_suppressed.name)) suppressed[who] += hedges;
    const auto retries = at.growth(metrics::retries.name);
    const auto begun = at.growth(metrics::hedges.name);
    for (const auto& [who, unpaid] : suppressed) {
        const double wanted = unpaid + of_operation(retries, who.operation) + of_operation(begun, who.operation);
        if (unpaid < enough_retries || unpaid < wanted / 2) continue;
        found.push_back({"retry_budget_exhausted", who,
                         fmt::format("{:.0f} of {:.0f} further attempts were not paid for", unpaid, wanted),
                         "The budget does its work: more fails than retries are for. Do not raise it; find out what "
                         "fails. A budget that is always empty says that the error rate "
                         "is above its ratio all the time."});
    }
}

/// Judges by limits that are known: those of gauges, and in a log those that were reached.
void long_timeouts(const doctor_view& at, std::vector<finding>& found) {
    constexpr double by_far = 3;
    double slowest = 0;
    for (const auto& [operation, most] : at.percentiles(metrics::call_duration.name, 0.999, enough_successes))
        slowest = std::max(slowest, most);
    if (slowest <= 0) return;
    auto ended = by_layer(at.growth(metrics::timeouts.name));
    const auto is_long = [&](const page_sample& now, double) { return now.value >= by_far * slowest; };
    for (const auto& [layer, seen] : seen_of(at, metrics::timeout_limit, is_long))
        found.push_back({"timeout_too_long",
                         {layer, {}},
                         fmt::format("99.9 % of what succeeds takes at most {}, the slowest operation's; the limit is "
                                     "{}{}; it was reached {:.0f} times",
                                     short_seconds(slowest), short_seconds(seen.least()), seen.where(), ended[layer]),
                         fmt::format("Nobody who waits longer than that gets an answer. Lower the limit to about {}: "
                                     "callers learn sooner, and threads and permits are free sooner.",
                                     short_seconds(2 * slowest))});
}

constexpr std::string_view gate_advice =
    "It is the bottleneck. If the dependency is as fast as it was, raise the limit; if it is slower, do not: the limit "
    "protects it, and a shorter timeout inside frees permits sooner. A concurrency limiter finds the limit by itself.";

/// Gates without a free permit that turn calls away, or have them wait.
sightings full_gates(const doctor_view& at) {
    auto refused = by_layer(at.growth(metrics::refusals.name, {"reason", "full"}));
    return seen_of(at, metrics::calls_in_flight, [&](const page_sample& now, double before) {
        const auto limit = at.beside(now, metrics::concurrency_limit.name);
        if (!limit || *limit <= 0 || now.value < *limit || before < *limit) return false;
        return refused[std::string{now.label("layer")}] > 0 ||
               at.beside(now, metrics::queue_length.name).value_or(0) > 0;
    });
}

void always_full_gates(const doctor_view& at, std::vector<finding>& found) {
    auto refused = by_layer(at.growth(metrics::refusals.name, {"reason", "full"}));
    for (const auto& [layer, seen] : full_gates(at))
        found.push_back({"gate_always_full",
                         {layer, {}},
                         fmt::format("all {:.0f} permits are taken each time that somebody looks{}; {:.0f} refusals",
                                     seen.sum(), seen.where(), refused[layer]),
                         std::string{gate_advice}});
}

/// What a log can say of a full gate, which has no gauges.
void refusing_gates(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_many = 0.05;
    const sightings told = full_gates(at);
    const auto calls = at.growth(metrics::calls.name);
    for (const auto& [who, refused] : at.growth(metrics::refusals.name, {"reason", "full"})) {
        const double all = of_operation(calls, who.operation);
        if (told.contains(who.layer) || all < enough_calls || refused < too_many * all) continue;
        found.push_back({"gate_refuses", who,
                         fmt::format("{:.0f} refusals for {:.0f} calls, because no permit was free", refused, all),
                         std::string{gate_advice}});
    }
}

void lost_series(const doctor_view& at, std::vector<finding>& found) {
    double refused = 0;  // those of long ago have no room either
    at.each_series("cutwater_metric_series_refused_total",
                   [&](const page_sample& now, double) { refused += now.value; });
    if (refused <= 0) return;
    found.push_back({"series_refused",
                     {},
                     fmt::format("{:.0f} series had no room, and are counted as `other`", refused),
                     "Something that is none of a few is an operation or a detail: an id, a URL. Name operations by "
                     "what they do; raise `max_series` only if there are truly so many."});
}

constexpr std::array<doctor_rule, 12> all_rules{{
    {"budget_spent", "an error budget that is spent", spent_budgets},
    {"fallback_hides_outage", "a tenth or more of the successes are degraded", hidden_outages},
    {"circuit_open", "a circuit that is open each time one looks", open_circuits},
    {"breaker_flaps", "a circuit that opens six times an hour or more, and closes in between", flapping_circuits},
    {"probes_fail", "a circuit that has opened five times or more, and hardly ever closed", failing_probes},
    {"retries_never_help", "fewer than one in twenty retries rescue a call", useless_retries},
    {"amplification", "one and a half attempts for each call, or more", amplified_load},
    {"retry_budget_exhausted", "half of the further attempts, or more, are not paid for", exhausted_budgets},
    {"timeout_too_long", "a limit three times above 99.9 % of what succeeds, where the limit is known", long_timeouts},
    {"gate_always_full",
     "a bulkhead or limiter with no permit left each time one looks, while calls wait or are refused",
     always_full_gates},
    {"gate_refuses", "one in twenty calls or more are refused because a bulkhead or limiter is full", refusing_gates},
    {"series_refused", "series that the registry had no room for", lost_series},
}};

/// Whether some circuit has opened so often that it might flap, in a time that is too short to say so.
bool might_flap(const doctor_view& at) {
    if (hours{at.apart()}.count() * flaps_hourly >= flaps_least) return false;
    std::vector<finding> already;
    flapping_circuits(at, already);
    bool might = false;
    at.each_series(metrics::circuit_changes.name, [&](const page_sample& now, double) {
        might = might || (now.label("to") == "open" && now.value >= flaps_least);
    });
    return might && already.empty();
}

}  // namespace

std::span<const doctor_rule> doctor_rules() noexcept { return all_rules; }

std::vector<finding> examine(const doctor_view& at) {
    std::vector<finding> found;
    for (const doctor_rule& each : all_rules) each.look(at, found);
    return found;
}

std::vector<std::string> not_judged(const doctor_view& at) {
    std::vector<std::string> notes = at.notes();
    if (might_flap(at))
        notes.push_back(fmt::format(
            "whether a circuit flaps takes half an hour to see, and {}; --for 30min of a live "
            "page, or --prometheus, looks for so long",
            at.apart() > duration::zero() ? "this was " + short_text(at.apart()) : std::string{"this was one look"}));
    return notes;
}

}  // namespace cutwater::app
