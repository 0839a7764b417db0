#include "apps/cutwater/demo/report.hpp"

#include <fmt/core.h>

#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

namespace cutwater::demo {

namespace {

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }
double milliseconds(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

/// Per cent of users who got something that they can use, of those who got anything; nothing where nobody did.
std::optional<double> useful(const tally& t) {
    if (t.answered() == 0) return {};
    return 100.0 * (t.fresh + t.degraded) / t.answered();
}

void append(std::string& text, std::string_view what, std::string_view unguarded, std::string_view guarded) {
    text += fmt::format("{:<33} {:>11} {:>11}\n", what, unguarded, guarded);
}

std::string as_percent(std::optional<double> share) { return share ? fmt::format("{:.0f} %", *share) : "–"; }
std::string as_time(duration d) {
    return d < std::chrono::milliseconds{100} ? fmt::format("{:.1f} ms", milliseconds(d))
                                              : fmt::format("{:.2f} s", seconds(d));
}

/// `null` for what nobody saw; three decimals are plenty.
nlohmann::ordered_json number(std::optional<double> value) {
    return value ? nlohmann::ordered_json(std::round(*value * 1000.0) / 1000.0) : nullptr;
}
nlohmann::ordered_json wait(const tally& t, duration d) {
    return number(t.answered() == 0 ? std::nullopt : std::optional{milliseconds(d)});
}

/// What it comes to, in a sentence for each side.
std::string conclusion(std::string_view side, const tally& t) {
    return fmt::format("{}: {} of {} calls failed, {} were degraded, the longest took {}.\n", side, t.failed,
                       t.answered(), t.degraded, as_time(t.longest()));
}

nlohmann::ordered_json as_json(const tally& t) {
    return {{"fresh", t.fresh},
            {"degraded", t.degraded},
            {"errors", t.failed},
            {"useful_percent", number(useful(t))},
            {"wait_p50_ms", wait(t, t.percentile(0.5))},
            {"wait_p99_ms", wait(t, t.percentile(0.99))},
            {"wait_max_ms", wait(t, t.longest())},
            {"threads_stuck_s", number(seconds(t.stuck()))}};
}

nlohmann::ordered_json as_json(const script& played, const side& s) {
    nlohmann::ordered_json all = as_json(s.in_all());
    all["dependency_requests"] = s.borne().requests;
    all["dependency_most_in_flight"] = s.borne().most_in_flight;
    all["circuit_open_s"] = number(seconds(s.circuit_open()));
    all["calls_refused"] = s.refusals();
    auto& phases = all["phases"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < played.phases().size(); ++i) {
        nlohmann::ordered_json one{{"phase", played.phases()[i].name}};
        one.update(as_json(s.in_phase(i)));
        phases.push_back(std::move(one));
    }
    return all;
}

}  // namespace

std::string report_text(const script& played, const side& unguarded, const side& guarded) {
    const tally& u = unguarded.in_all();
    const tally& g = guarded.in_all();
    const auto count = [](unsigned n) { return fmt::format("{}", n); };
    const auto time = as_time;
    std::string text;
    append(text, "what users saw", "unguarded", "guarded");
    append(text, "  useful answers", as_percent(useful(u)), as_percent(useful(g)));
    append(text, "    from the dependency", count(u.fresh), count(g.fresh));
    append(text, "    degraded, and marked so", count(u.degraded), count(g.degraded));
    append(text, "  errors", count(u.failed), count(g.failed));
    append(text, "  wait, median", time(u.percentile(0.5)), time(g.percentile(0.5)));
    append(text, "  wait, 99th percentile", time(u.percentile(0.99)), time(g.percentile(0.99)));
    append(text, "  wait, longest", time(u.longest()), time(g.longest()));
    text += "useful answers, by phase\n";
    for (std::size_t i = 0; i < played.phases().size(); ++i)
        append(text, fmt::format("  {}", played.phases()[i].name), as_percent(useful(unguarded.in_phase(i))),
               as_percent(useful(guarded.in_phase(i))));
    text += "what the dependency had to bear\n";
    append(text, "  requests", count(unguarded.borne().requests), count(guarded.borne().requests));
    append(text, "  requests in flight, at most", count(unguarded.borne().most_in_flight),
           count(guarded.borne().most_in_flight));
    text += "how long threads were stuck\n";
    append(text, "  beyond 1 s a call, in all", time(u.stuck()), time(g.stuck()));
    append(text, "circuit open", "–", time(guarded.circuit_open()));
    append(text, "calls refused by the open circuit", "–", count(guarded.refusals()));
    return text + "\n" + conclusion("Unguarded", u) + conclusion("Guarded", g);
}

std::string report_json(const script& played, const side& unguarded, const side& guarded) {
    const nlohmann::ordered_json all{{"seconds", seconds(played.length())},
                                     {"users", unguarded.users()},
                                     {"unguarded", as_json(played, unguarded)},
                                     {"guarded", as_json(played, guarded)}};
    return all.dump(2) + "\n";
}

}  // namespace cutwater::demo
