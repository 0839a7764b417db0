#include "apps/cutwater/doctor/gate_rules.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "apps/cutwater/doctor/sighting.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

constexpr std::string_view gate_advice =
    "It is the bottleneck. If the dependency is as fast as it was, raise the limit; if it is slower, do not: the limit "
    "protects it, and a shorter timeout inside frees permits sooner. A concurrency limiter finds the limit by itself.";

using amounts = std::map<std::string, double>;

/// What a gate's layer has done meanwhile.
struct gate_history {
    double refused = 0;
    double wait_share = 0;  ///< of the time that calls of its operations took: how much of it was waiting
    bool let_in = false;    ///< whether one wait has ended at least
};

class gate_histories {
public:
    explicit gate_histories(const doctor_view& at)
        : refused_{by_layer(at.growth(metrics::refusals.name, {"reason", "full"}))},
          ended_{by_layer(at.growth(std::string{metrics::queue_wait.name} + "_count"))} {
        const amounts took = by_operation(at.growth(std::string{metrics::call_duration.name} + "_sum"));
        for (const auto& [who, waited] : at.growth(std::string{metrics::queue_wait.name} + "_sum")) {
            waited_[who.layer] += waited;
            took_[who.layer] += value_of(took, who.operation);
        }
    }

    [[nodiscard]] gate_history of(const std::string& layer) const {
        const double took = value_of(took_, layer);
        return {.refused = value_of(refused_, layer),
                .wait_share = took > 0 ? value_of(waited_, layer) / took : 0,
                .let_in = value_of(ended_, layer) > 0};
    }

private:
    amounts refused_;
    amounts ended_;
    amounts waited_{};
    amounts took_{};
};

/// A gate may be full for an instant and well: what tells is that calls are refused, wait for half of their time, or
/// wait on and on.
constexpr double long_waits = 0.5;

sightings full_gates(const doctor_view& at, const gate_histories& did) {
    return seen_of(at, metrics::calls_in_flight, [&](const page_sample& now, double before) {
        const auto limit = at.beside(now, metrics::concurrency_limit.name);
        if (!limit || limit->now <= 0 || now.value < limit->now || before < limit->now) return false;
        const gate_history meanwhile = did.of(std::string{now.label("layer")});
        if (meanwhile.refused > 0 || meanwhile.wait_share >= long_waits) return true;
        const auto queue = at.beside(now, metrics::queue_length.name);
        return at.has_two_looks() && !meanwhile.let_in && queue && queue->now > 0 && queue->before > 0;
    });
}

std::string words_of(const gate_history& did) {
    std::string words = count_text(did.refused) + " refusals";
    if (did.wait_share > 0) words += fmt::format("; {} of the time of calls is waiting", percent(did.wait_share));
    return words;
}

}  // namespace

void always_full_gates(const doctor_view& at, std::vector<finding>& found) {
    const gate_histories did{at};
    for (const auto& [layer, seen] : full_gates(at, did))
        found.push_back({"gate_always_full",
                         {layer, {}},
                         fmt::format("all {} permits are taken each time that somebody looks{}; {}",
                                     count_text(seen.sum()), seen.where(), words_of(did.of(layer))),
                         std::string{gate_advice}});
}

/// What a log can say of a full gate, which has no gauges.
void refusing_gates(const doctor_view& at, std::vector<finding>& found) {
    constexpr double too_many = 0.05;
    const sightings told = full_gates(at, gate_histories{at});
    const amounts calls = by_operation(at.growth(metrics::calls.name));
    for (const auto& [who, refused] : at.growth(metrics::refusals.name, {"reason", "full"})) {
        const double all = value_of(calls, who.operation);
        if (told.contains(who.layer) || all < enough_calls || refused < too_many * all) continue;
        found.push_back(
            {"gate_refuses", who,
             fmt::format("{} refusals for {} calls, because no permit was free", count_text(refused), count_text(all)),
             std::string{gate_advice}});
    }
}

}  // namespace cutwater::app
