// What a call came to, for the shell and for people.
#pragma once

#include <string>

#include "apps/cutwater/console/sub_command.hpp"
#include "cutwater/core/result.hpp"
#include "cutwater/http/http_message.hpp"

namespace cutwater::app {

/// The exit codes of `cutwater call`, beside those that all sub-commands have.
enum call_exit : int { some_failed = 3, client_error = 4, server_error = 5, no_answer = 6, too_late = 7, refused = 8 };

inline constexpr auto call_exit_codes = R"(Exit codes:
    0  an answer, with a status below 400; with --repeat: all of them
    1  the answer could not be written
    2  the command line or the body's file is wrong; nothing was sent
    3  --repeat: some calls failed
    4  the last answer was a 4xx
    5  the last answer was a 5xx
    6  no answer: not found, not reached, no TLS, hung up, malformed
    7  out of time
    8  refused by the circuit breaker or the bulkhead
  130  stopped by Ctrl-C (143: by SIGTERM); --explain and --repeat tell so far
  141  whoever read the output has gone away)";

[[nodiscard]] int exit_of(const result<http_response>& got);

/// What happened, the same words for all of a kind: `503 Service Unavailable`, `Connection refused`.
[[nodiscard]] std::string kind_of(const result<http_response>& got);

/// What happened, in full.
[[nodiscard]] std::string sentence_of(const result<http_response>& got);

}  // namespace cutwater::app
