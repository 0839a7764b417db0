// What `cutwater call` is told: the request, its limits, and what is to be shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/cutwater/call/endpoints.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/http/http_client.hpp"
#include "cutwater/http/status_set.hpp"

namespace cutwater::app {

struct call_settings {
    std::string url;                     ///< with endpoints: the path behind each
    std::vector<std::string> bases;      ///< the endpoints, as they were written
    std::vector<call_endpoint> at = {};  ///< the same, by `complete`; none: `url` is all
    std::string method;                  ///< empty: GET, or POST where there is a body
    std::vector<std::string> headers;
    std::optional<std::string> data;
    bool idempotent = false;

    timeout_options total{.name = "total", .after = std::chrono::seconds{30}};
    timeout_options attempt{.name = "attempt", .after = std::chrono::seconds{5}};
    retry_options retrying;
    bool attempts_are_said = false;  ///< else with endpoints there is one for each
    status_set transient = transient_statuses();
    bool retry_500 = false;
    circuit_breaker_options breaking{.name = "circuit"};
    bulkhead_options isolating{.name = "bulkhead"};
    std::optional<unsigned> max_concurrent;  ///< nothing: as many as are at work at once
    /// Any one of them can do it all, and where all are ejected all are used.
    endpoints_options choosing{
        .name = "endpoints", .consecutive_failures = 3, .max_ejected = 1, .healthy_enough = 1e-6};
    std::optional<duration> hedge;  ///< after which an attempt has another beside it; nothing: none has
    http_client_options client{.user_agent = "cutwater/" CUTWATER_VERSION};

    bool include = false;
    bool silent = false;
    bool explain = false;
    std::optional<std::string> output;
    std::optional<std::string> ledger;  ///< the file that the call's ledger is saved in
    std::optional<std::string> events;  ///< a level, or `none`

    bool json = false;                    ///< the summary of many calls as JSON
    std::optional<std::uint64_t> repeat;  ///< nothing: one call, whose answer is shown
    unsigned concurrency = 1;

    [[nodiscard]] bool is_idempotent() const;  ///< may be sent twice
    [[nodiscard]] bool has_choice() const noexcept { return at.size() > 1; }
};

inline constexpr std::uint64_t most_calls = 10'000'000;
inline constexpr unsigned most_at_once = 10'000;

/// What is wrong with a policy's options, each under the flag that it is set by: `--timeout is 0s, allowed is …`.
[[nodiscard]] std::vector<std::string> in_flags(const std::string& policy, const option_problems& problems);

/// Fills in what follows from other settings, and gives everything that is wrong, one a line.
[[nodiscard]] std::vector<std::string> complete(call_settings& settings);

/// What is allowed and does nothing, with the remedy, one a line; of what is complete.
[[nodiscard]] std::vector<std::string> notes_on(const call_settings& settings);

/// The request, to the first endpoint where there are any; reads the body where it is in a file or on standard input. Or what is wrong with it.
[[nodiscard]] std::expected<http_request, std::string> request_of(const call_settings& settings);

}  // namespace cutwater::app
