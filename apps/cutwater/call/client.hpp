// The pipeline of `cutwater call`, round one HTTP client: what one call and many calls have in common.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "apps/cutwater/call/settings.hpp"
#include "cutwater/http/http_error.hpp"

namespace cutwater::app {

/// One attempt, when it is over.
struct attempt_seen {
    unsigned number = 0;
    instant began{};
    instant ended{};
    http_phase phase{};                 ///< how far it came
    unsigned status = 0;                ///< 0: there was no answer
    std::string result = {};            ///< in full: `503 Service Unavailable`, or what went wrong
    std::string kind = {};              ///< the same words for all that went like it
    bool cut_off = false;               ///< by a timeout, by Ctrl-C, or because another attempt beside it was sooner
    bool timed_out = false;             ///< by the attempt's limit, or the call's
    bool failed = false;                ///< no answer, not in time, or one that says that the server failed
    bool is_hedge = false;              ///< begun beside another of the same call
    const call_endpoint* at = nullptr;  ///< to whom, where there are several

    /// Whether the dependency has seen any of it.
    [[nodiscard]] bool was_sent() const noexcept { return phase >= http_phase::sending; }
};

class call_client {
public:
    /// Throws `invalid_options`. `audience` hears the events of all calls, and outlives the client, as does `settings`.
    call_client(const call_settings& settings, const http_request& request, listener& audience);
    call_client(const call_client&) = delete;
    call_client& operator=(const call_client&) = delete;
    ~call_client();

    using watcher = std::function<void(const attempt_seen&)>;

    /// One call. `seen` is told of each attempt; it and the client outlive the call, and what a hedge has left of it.
    [[nodiscard]] boost::asio::awaitable<result<http_response>> send(const watcher& seen);

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

/// As events and errors name the calls: `GET stock.example`; with several endpoints `GET /items/7`.
[[nodiscard]] std::string operation_of(const call_settings& settings, const http_request& request);

/// `503 Service Unavailable`, whatever the server called it, without what a terminal would obey.
[[nodiscard]] std::string status_line(const http_response& response);

/// The same as `result`, and whether it was cut off in time.
[[nodiscard]] std::string outcome_of(const attempt_seen& seen);

/// What an exchange is busy with: `waiting for the answer`.
[[nodiscard]] std::string_view doing(http_phase phase) noexcept;

}  // namespace cutwater::app
