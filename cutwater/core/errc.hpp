// The errors that Cutwater itself speaks, as an `std::error_code` category, and the conditions that group them.
//
//     if (result.error().code() == cw::errc::circuit_open) ...        // exactly this
//     if (result.error().code() == cw::condition::refused) ...        // any refusal of any policy: nothing was sent
//     if (result.error().code() == cw::condition::timeout) ...        // ours, the caller's, or the system's
//
// Codes are stable: a number is never given another meaning.
#pragma once

#include <string_view>
#include <system_error>
#include <type_traits>

namespace cutwater {

enum class errc {
    failed = 1,                ///< the callable failed with something that has no error code of its own
    timed_out = 2,             ///< a timeout of the pipeline's ended the attempt
    deadline_exceeded = 3,     ///< the deadline that the caller set has passed
    cancelled = 4,             ///< the caller asked to stop
    callback_failed = 5,       ///< a predicate, hook or function given to a policy threw
    withdrawn = 6,             ///< the caller asked to stop before a task of a work queue had begun
    refused = 10,              ///< a gate refused the call, for a reason of its own
    circuit_open = 11,         ///< a circuit breaker is open, or its half-open probes are all taken
    bulkhead_full = 12,        ///< no permit is free, and no place in the queue
    wait_timed_out = 13,       ///< a place in the queue was had, but no permit in time
    rate_limited = 14,         ///< so many calls in so much time are not allowed
    concurrency_limited = 15,  ///< so many calls at once are more than serves the dependency well
    load_shed = 16,            ///< there is more to do than can be done, and this matters less
    throttled = 17,            ///< the dependency has been refusing: asking it again now makes it worse
    queue_full = 18,           ///< no place in a work queue
    displaced = 19,            ///< another call took the place in the queue
    queue_overloaded = 20,     ///< waited too long in a queue that does not drain
    too_many_keys = 21,        ///< no room to remember another key
    queue_closed = 22,         ///< a work queue takes no more: it is being drained or stopped
    expired = 23,              ///< the deadline passed before a task of a work queue had begun
    no_endpoint = 24,          ///< of several equivalent endpoints none is well enough to be sent to
    key_missing = 25,          ///< an operation that wants an idempotency key has none, or one that is none
    key_reused = 26,           ///< the idempotency key is that of another request
    store_unavailable = 27,    ///< what is shared cannot be asked, and without it the call is not made
    key_in_use = 40,           ///< a call with this idempotency key is under way; it may have had an effect
    in_doubt = 41,  ///< a call with this idempotency key has not told how it ended; it may have had an effect
};

enum class condition {
    refused = 1,  ///< one of our policies refused; the dependency has not seen the request
    timeout = 2,  ///< time ran out: `timed_out`, `deadline_exceeded`, `expired`, and the system's ETIMEDOUT
    network = 3,  ///< the network failed: refused, reset, aborted, unreachable, broken pipe …
    never_sent =
        4,  ///< the request cannot have reached the dependency: refused by us, withdrawn, or no connection was made
};

/// Its name as it stands here, `circuit_open`; `unknown` for what is none of them.
[[nodiscard]] std::string_view to_text(errc code) noexcept;

[[nodiscard]] const std::error_category& cutwater_category() noexcept;
[[nodiscard]] const std::error_category& condition_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), cutwater_category()};
}
[[nodiscard]] inline std::error_condition make_error_condition(condition c) noexcept {
    return {static_cast<int>(c), condition_category()};
}

}  // namespace cutwater

template <>
struct std::is_error_code_enum<cutwater::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<cutwater::condition> : std::true_type {};
