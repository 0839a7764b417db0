#include "apps/cutwater/doctor/circuit_rules.hpp"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <ratio>
#include <string>

#include "apps/cutwater/doctor/sighting.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater::app {

namespace {

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

}  // namespace

void open_circuits(const doctor_view& at, std::vector<finding>& found) {
    const auto is_open = [](const page_sample& now, double before) {
        return now.label("state") == "open" && now.value >= 1 && before >= 1;
    };
    for (const auto& [layer, seen] : seen_of(at, metrics::circuit_state, is_open))
        found.push_back(
            {"circuit_open",
             {layer, {}},
             fmt::format("it is open{}{}", at.has_two_looks() ? ", and was each time that somebody looked" : "",
                         seen.where()),
             "What is behind it is not reached. Look at the dependency; if it is well, its probes fail for "
             "a reason of their own, such as a timeout that is too short."});
}

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
                         fmt::format("it has opened {} times, which is {} times an hour{}", count_text(seen.sum()),
                                     count_text(seen.sum() / time), seen.where()),
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
                         fmt::format("it has opened {} times, and nearly each time its probes failed{}",
                                     count_text(seen.sum()), seen.where()),
                         "The dependency does not come back, or its probes fail for a reason of their own, such as a "
                         "timeout that is too short. Where it is down for long, let the circuit stay open for longer "
                         "(`open_for`): each probe is a call of somebody's."});
    }
}

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

}  // namespace cutwater::app
