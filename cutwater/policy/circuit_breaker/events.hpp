// What a circuit breaker tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/circuit_breaker/options.hpp"

namespace cutwater {

enum class circuit_state : std::uint8_t { closed, open, half_open };

[[nodiscard]] constexpr std::string_view to_text(circuit_state s) noexcept {
    constexpr std::string_view texts[] = {"closed", "open", "half_open"};
    return texts[static_cast<std::uint8_t>(s)];
}

/// Why a circuit changed its state.
enum class circuit_reason : std::uint8_t {
    failure_rate,
    slow_rate,
    consecutive_failures,
    failed_probes,
    time,
    probes,
    manual
};

[[nodiscard]] constexpr std::string_view to_text(circuit_reason r) noexcept {
    constexpr std::string_view texts[] = {"failure_rate", "slow_rate", "consecutive_failures", "failed_probes", "time",
                                          "probes",       "manual"};
    return texts[static_cast<std::uint8_t>(r)];
}

struct circuit_opened {
    circuit_reason reason{};
    double failure_rate = 0;
    double slow_rate = 0;
    std::uint64_t calls = 0;
    duration open_for{};

    static constexpr measure measures[]{{.of = &metrics::circuit_changes, .detail = "open"}};
    static constexpr event_kind kind{"circuit_opened", severity::error, "the circuit opens, from closed or half-open",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("reason", self.reason, "which threshold was reached");
        visit("failure_rate", self.failure_rate, "share of failures in the window");
        visit("slow_rate", self.slow_rate, "share of slow calls in the window");
        visit("calls", self.calls, "calls in the window");
        visit("open_for", self.open_for, "time until it probes");
    }
};

struct circuit_half_opened {
    unsigned probes = 0;

    static constexpr measure measures[]{{.of = &metrics::circuit_changes, .detail = "half_open"}};
    static constexpr event_kind kind{"circuit_half_opened", severity::warning, "the open time is over: probes may pass",
                                     measures};
    static void fields(auto& self, auto&& visit) { visit("probes", self.probes, "how many may pass"); }
};

struct circuit_closed {
    circuit_reason reason{};

    static constexpr measure measures[]{{.of = &metrics::circuit_changes, .detail = "closed"}};
    static constexpr event_kind kind{"circuit_closed", severity::info, "the circuit closes: calls pass again",
                                     measures};
    static void fields(auto& self, auto&& visit) { visit("reason", self.reason, "probes that succeeded, or by hand"); }
};

struct circuit_would_open {
    circuit_reason reason{};
    double failure_rate = 0;
    double slow_rate = 0;
    std::uint64_t calls = 0;

    static constexpr measure measures[]{{.of = &metrics::circuit_changes, .detail = "would_open"}};
    static constexpr event_kind kind{"circuit_would_open", severity::warning,
                                     "metrics_only: the circuit would have opened", measures};
    static void fields(auto& self, auto&& visit) {
        visit("reason", self.reason, "which threshold was reached");
        visit("failure_rate", self.failure_rate, "share of failures in the window");
        visit("slow_rate", self.slow_rate, "share of slow calls in the window");
        visit("calls", self.calls, "calls in the window");
    }
};

struct circuit_refused {
    circuit_state state{};
    duration retry_after{};

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail_field = "state"}};
    static constexpr event_kind kind{"circuit_refused", severity::warning, "a call is refused", measures};
    static void fields(auto& self, auto&& visit) {
        visit("state", self.state, "open, half_open without a free probe, or closed and still ramping up");
        visit("retry_after", self.retry_after, "when asking again makes sense");
    }
};

}  // namespace cutwater
