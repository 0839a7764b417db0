// How a process is, at one moment: what a page, a log line or a test is made of.
//
//     cw::health_monitor health;
//     const cw::health_report now = health.report();
//     if (!now.ready) std::cerr << "not ready: " << cw::in_words(now.not_ready_because);
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cutwater/core/instant.hpp"
#include "cutwater/health/kernel.hpp"
#include "cutwater/health/options.hpp"

namespace cutwater {

/// The three questions that an orchestrator asks.
enum class health_probe : std::uint8_t {
    live,     ///< would a restart help?
    ready,    ///< is it to be sent requests?
    started,  ///< has it come up?
};
[[nodiscard]] constexpr std::string_view to_text(health_probe p) noexcept {
    constexpr std::string_view texts[] = {"live", "ready", "started"};
    return p <= health_probe::started ? texts[static_cast<std::uint8_t>(p)] : "unknown";
}

struct check_report {
    std::string name;
    health_status status{};
    check_importance importance{};
    readiness_effect readiness{};
    startup_effect startup{};
    duration since{};               ///< how long it has been that
    std::optional<duration> age{};  ///< of the latest result, where there is one
    duration took{};                ///< by the run that gave it
    bool hangs = false;             ///< whether a run was given up on and has not returned
    std::string detail{};           ///< of the latest result
    std::string what_to_do{};       ///< where it is not healthy
    std::string last_error{};       ///< of the latest run that was not healthy
    std::optional<duration> last_error_age{};
};

struct heartbeat_report {
    std::string name;
    bool beats = true;
    duration age{};     ///< since the latest beat
    duration within{};  ///< what is allowed
};

struct health_report {
    std::string name;
    health_status status{};
    bool live = true;
    bool ready = true;
    bool started = true;
    bool draining = false;
    std::vector<std::string> not_live_because{};
    std::vector<std::string> not_ready_because{};
    std::vector<std::string> not_started_because{};
    std::vector<check_report> checks{};  ///< in the order in which they were added
    std::vector<heartbeat_report> heartbeats{};

    [[nodiscard]] bool passes(health_probe p) const noexcept {
        return p == health_probe::live ? live : p == health_probe::ready ? ready : started;
    }
    [[nodiscard]] const std::vector<std::string>& because(health_probe p) const noexcept {
        return p == health_probe::live    ? not_live_because
               : p == health_probe::ready ? not_ready_because
                                          : not_started_because;
    }
};

/// `a, b and c`
[[nodiscard]] std::string in_words(const std::vector<std::string>& all);

}  // namespace cutwater
