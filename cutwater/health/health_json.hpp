// Health as JSON: `{"status":…, "checks":{…}}`.
//
//     const cw::health_monitor health;
//     const std::string page = cw::health_json(health.report());
//     const std::string more = cw::health_json(health.report(), cw::health_detail::full);
//     const std::string ready = cw::probe_json(health.report(), cw::health_probe::ready);
//
// Durations are numbers of milliseconds under keys that end in `_ms`; keys keep their type. What checks have *seen* (`detail`, `last_error`) may be what
// an error says, and so an address or a user's name: it is there only with `full`. Texts that are no UTF-8 are mended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cutwater/health/report.hpp"

namespace cutwater {

enum class health_detail : std::uint8_t {
    brief,  ///< which checks, how they are, and what to do
    full,   ///< what they have seen, too
};

inline constexpr std::string_view health_content_type = "application/json";

/// Everything: status, probes, checks and heartbeats.
[[nodiscard]] std::string health_json(const health_report& of, health_detail how = health_detail::brief);

/// Of one probe: whether it passes and, if not, because of what; with `full` the checks that it depends on.
[[nodiscard]] std::string probe_json(const health_report& of, health_probe which,
                                     health_detail how = health_detail::brief);

}  // namespace cutwater
