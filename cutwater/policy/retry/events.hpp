// What a retry tells its listeners.
//
// One `retry_scheduled` before each sleep, and one other event at the end of a call that failed at least once:
// `retry_rescued`, `retry_not_tried` or `retry_gave_up`. A call that succeeds at once, and one that its caller cancels,
// end without an event of the retry's.
#pragma once

#include <string>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

/// Why a retry ended a call that failed.
enum class give_up_reason : std::uint8_t {
    not_transient,   ///< trying again would not help
    not_idempotent,  ///< the request may have had its effect
    attempts_exhausted,
    time_exhausted,  ///< `max_total` or the deadline leaves no room for the delay
    retry_after_too_long,
    refused,           ///< one of our own policies refused
    stopped,           ///< `should_stop` said so
    unwanted,          ///< the dependency asked not to be tried again: a negative `retry_after`
    cancelled,         ///< nobody waits for the answer
    budget_exhausted,  ///< the budget does not pay for another attempt
    left_to_caller,  ///< our own caller makes the further attempts: it has left us none (`call_options::retries_left`)
};

[[nodiscard]] constexpr std::string_view to_text(give_up_reason r) noexcept {
    constexpr std::string_view texts[] = {
        "not_transient", "not_idempotent", "attempts_exhausted", "time_exhausted",   "retry_after_too_long", "refused",
        "stopped",       "unwanted",       "cancelled",          "budget_exhausted", "left_to_caller"};
    return texts[static_cast<std::uint8_t>(r)];
}

struct retry_scheduled {
    unsigned failed_attempts = 0;
    duration delay{};
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{{.of = &metrics::retries},
                                        {.of = &metrics::retry_delay, .value_field = "delay"}};
    static constexpr event_kind kind{"retry_scheduled", severity::warning, "before each sleep", measures};
    static void fields(auto& self, auto&& visit) {
        visit("failed_attempts", self.failed_attempts, "attempts so far, all failed");
        visit("delay", self.delay, "how long the call now sleeps");
        visit("error_type", self.error_type, "the type of what failed");
        visit("error_message", self.error_message, "its words");
    }
};

struct retry_rescued {
    unsigned attempts = 0;

    static constexpr measure measures[]{{.of = &metrics::rescued, .detail = "retry"}};
    static constexpr event_kind kind{"retry_rescued", severity::info, "a call succeeded after it had failed", measures};
    static void fields(auto& self, auto&& visit) { visit("attempts", self.attempts, "attempts in all"); }
};

struct retry_not_tried {
    give_up_reason reason{};
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{{.of = &metrics::retries_ended, .detail_field = "reason"}};
    static constexpr event_kind kind{"retry_not_tried", severity::info,
                                     "the first attempt failed in a way that is not retried", measures};
    static void fields(auto& self, auto&& visit) {
        visit("reason", self.reason, "why not");
        visit("error_type", self.error_type, "the type of what failed");
        visit("error_message", self.error_message, "its words");
    }
};

struct retry_gave_up {
    unsigned attempts = 0;
    give_up_reason reason{};
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{{.of = &metrics::retries_ended, .detail_field = "reason"}};
    static constexpr event_kind kind{"retry_gave_up", severity::error,
                                     "attempts or time are used up, or a later attempt failed for good", measures};
    static void fields(auto& self, auto&& visit) {
        visit("attempts", self.attempts, "attempts in all");
        visit("reason", self.reason, "why there is no further one");
        visit("error_type", self.error_type, "the type of what failed last");
        visit("error_message", self.error_message, "its words");
    }
};

}  // namespace cutwater
