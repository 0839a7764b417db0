// Where a set of endpoints stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// Why an endpoint was ejected.
enum class ejection_cause : std::uint8_t { consecutive_failures, success_rate, failure_share };

[[nodiscard]] constexpr std::string_view to_text(ejection_cause c) noexcept {
    constexpr std::string_view texts[] = {"consecutive_failures", "success_rate", "failure_share"};
    return c <= ejection_cause::failure_share ? texts[static_cast<std::uint8_t>(c)] : "unknown";
}

enum class endpoint_state : std::uint8_t {
    healthy,    ///< it has its weight
    returning,  ///< it was ejected, and has less than its weight yet
    ejected,    ///< it gets no calls, but in a panic
};

[[nodiscard]] constexpr std::string_view to_text(endpoint_state s) noexcept {
    constexpr std::string_view texts[] = {"healthy", "returning", "ejected"};
    return s <= endpoint_state::ejected ? texts[static_cast<std::uint8_t>(s)] : "unknown";
}

struct endpoint_reading {
    std::string address;
    std::string zone;
    double weight = 1;
    endpoint_state state{};
    instant until{};  ///< ejected: when it returns; returning: when it has its weight
    unsigned in_flight = 0;
    duration latency{};  ///< estimated, with the penalties of its failures; zero where nothing is known
    double success_rate =
        1;  ///< of this interval's calls, or of the last's where there is none; 1 where nothing is known
    std::uint64_t calls = 0;  ///< of this interval that count
    unsigned ejections = 0;   ///< ever

    friend bool operator==(const endpoint_reading&, const endpoint_reading&) = default;
};

struct endpoints_reading {
    bool panics = false;  ///< whether the ejected ones are used too
    double healthy = 0;   ///< share of the weight that is not ejected; 0 where there is no endpoint
    double passes = 0;    ///< share of the calls that are not refused
    std::vector<endpoint_reading> each;
};

}  // namespace cutwater
