// What `cutwater call` is told: the request, its limits, and what is to be shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/http/http_client.hpp"
#include "cutwater/http/status_set.hpp"

namespace cutwater::app {

struct call_settings {
    std::string url;
    std::string method;  ///< empty: GET, or POST where there is a body
    std::vector<std::string> headers;
    std::optional<std::string> data;
    bool idempotent = false;

    timeout_options total{.name = "total", .after = std::chrono::seconds{30}};
    timeout_options attempt{.name = "attempt", .after = std::chrono::seconds{5}};
    retry_options retrying;
    status_set transient = transient_statuses();
    bool retry_500 = false;
    circuit_breaker_options breaking{.name = "circuit"};
    bulkhead_options isolating{.name = "bulkhead"};
    std::optional<unsigned> max_concurrent;  ///< nothing: as many as are at work at once
    http_client_options client{.user_agent = "cutwater/" CUTWATER_VERSION};

    bool include = false;
    bool silent = false;
    bool explain = false;
    std::optional<std::string> output;
    std::optional<std::string> events;  ///< a level, or `none`

    std::optional<std::uint64_t> repeat;  ///< nothing: one call, whose answer is shown
    unsigned concurrency = 1;
};

inline constexpr std::uint64_t most_calls = 10'000'000;
inline constexpr unsigned most_at_once = 10'000;

/// What is wrong with a policy's options, each under the flag that it is set by: `--timeout is 0s, allowed is …`.
[[nodiscard]] std::vector<std::string> in_flags(const std::string& policy, const option_problems& problems);

/// Fills in what follows from other settings, and gives everything that is wrong, one a line.
[[nodiscard]] std::vector<std::string> complete(call_settings& settings);

/// The request; reads the body where it is in a file or on standard input. Or what is wrong with it.
[[nodiscard]] std::expected<http_request, std::string> request_of(const call_settings& settings);

}  // namespace cutwater::app
