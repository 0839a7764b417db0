#include "cutwater/health/health_json.hpp"

#include <nlohmann/json.hpp>

namespace cutwater {

namespace {

using json = nlohmann::ordered_json;  // keys in the order in which they are read

json ms(duration d) {
    if (d == forever) return nullptr;
    return std::chrono::duration<double, std::milli>{d}.count();
}
json ms(const std::optional<duration>& d) { return d ? ms(*d) : json{}; }

json of_check(const check_report& c, health_detail how) {
    json told{{"status", to_text(c.status)},
              {"importance", to_text(c.importance)},
              {"readiness", to_text(c.readiness)},
              {"since_ms", ms(c.since)},
              {"age_ms", ms(c.age)},
              {"took_ms", ms(c.took)},
              {"hangs", c.hangs},
              {"what_to_do", c.what_to_do}};
    if (how == health_detail::full) {
        told["detail"] = c.detail;
        told["last_error"] = c.last_error;
        told["last_error_age_ms"] = ms(c.last_error_age);
    }
    return told;
}

json of_heartbeat(const heartbeat_report& h) {
    return {{"status", to_text(h.beats ? health_status::healthy : health_status::unhealthy)},
            {"age_ms", ms(h.age)},
            {"within_ms", ms(h.within)}};
}

json of_checks(const health_report& of, health_detail how, const auto& wanted) {
    json all = json::object();
    for (const check_report& c : of.checks)
        if (wanted(c)) all[c.name] = of_check(c, how);
    return all;
}

json of_heartbeats(const health_report& of) {
    json all = json::object();
    for (const heartbeat_report& h : of.heartbeats) all[h.name] = of_heartbeat(h);
    return all;
}

std::string on_one_line(const json& page) {
    constexpr int no_indent = -1;
    constexpr bool also_unicode = false;
    return page.dump(no_indent, ' ', also_unicode, json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string health_json(const health_report& of, health_detail how) {
    return on_one_line({{"status", to_text(of.status)},
                        {"name", of.name},
                        {"live", of.live},
                        {"ready", of.ready},
                        {"started", of.started},
                        {"draining", of.draining},
                        {"because", of.not_ready_because},
                        {"checks", of_checks(of, how, [](const check_report&) { return true; })},
                        {"heartbeats", of_heartbeats(of)}});
}

std::string probe_json(const health_report& of, health_probe which, health_detail how) {
    const bool passes = of.passes(which);
    json page{{"status", to_text(passes ? health_status::healthy : health_status::unhealthy)},
              {"probe", to_text(which)},
              {"because", of.because(which)}};
    if (how == health_detail::brief) return on_one_line(page);
    if (which == health_probe::live)
        page["checks"] = of_heartbeats(of);
    else
        page["checks"] = of_checks(of, how, [&](const check_report& c) {
            return which == health_probe::ready ? c.readiness != readiness_effect::none
                                                : c.startup == startup_effect::waits;
        });
    return on_one_line(page);
}

}  // namespace cutwater
