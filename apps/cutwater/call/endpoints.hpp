// The endpoints of `cutwater call`: several servers that do the same, and one path behind each of them.
//
//     auto at = endpoints_of({"http://10.0.0.1:8080", "http://10.0.0.2:8080/v2"}, "/items/7");
//     at->front().url.text()     // http://10.0.0.1:8080/items/7
//     at->back().address         // http://10.0.0.2:8080/v2
//
// Thread safety: functions of their arguments.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/events.hpp"
#include "cutwater/http/http_url.hpp"

namespace cutwater::app {

struct call_endpoint {
    std::string address;  ///< the base, as policies and events have it; no two have the same
    std::string label;    ///< the same for people: without a scheme that all share
    http_url url;         ///< what is asked for
};

/// Those of `bases`, with `path` behind each; or everything that is wrong, one a line.
[[nodiscard]] std::expected<std::vector<call_endpoint>, std::vector<std::string>> endpoints_of(
    const std::vector<std::string>& bases, std::string_view path);

/// As people are shown it; an address that is none of `at` as it is.
[[nodiscard]] std::string label_of(std::string_view address, std::span<const call_endpoint> at);

/// What an event says of endpoints, in words; nothing where it is none of theirs.
[[nodiscard]] std::optional<std::string> words_of_endpoints(const event& e, std::span<const call_endpoint> at);

/// What an endpoint did with an attempt.
struct endpoint_did {
    std::string_view endpoint;
    std::string_view outcome;
    duration took{};

    static void fields(auto& self, auto&& visit) {
        visit("endpoint", self.endpoint, "its address");
        visit("outcome", self.outcome, "its answer, or what went wrong");
        visit("took", self.took, "how long");
    }
};
struct endpoint_answered : endpoint_did {
    static constexpr event_kind kind{"endpoint_answered", severity::info, "an endpoint has done what it was asked"};
};
struct endpoint_failed : endpoint_did {
    static constexpr event_kind kind{"endpoint_failed", severity::warning, "an endpoint has not"};
};
struct endpoint_given_up : endpoint_did {
    static constexpr event_kind kind{"endpoint_given_up", severity::info, "nobody waits for an endpoint any more"};
};

}  // namespace cutwater::app
