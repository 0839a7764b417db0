// A circuit played by letters, for the tests of its kernel.
//
//     played circuit{{.window = breaker_window::count, .window_calls = 4, .minimum_calls = 2}};
//     EXPECT_EQ(circuit.play("SF"), circuit_state::open);       // what it is after these calls
//     circuit.after(30s);
//     const circuit_ticket probe = circuit.admitted();          // a call that goes on while others come
//     circuit.ends(probe, verdict::success);
//
// A letter is a call that is admitted, and ends at once: S succeeds, F fails (transient), P fails (permanent), s and f are
// slow, I is ignored, C cancelled, A abandoned. A letter that is refused is a mistake in the script.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string_view>

#include "cutwater/policy/circuit_breaker/kernel.hpp"

namespace cutwater {

inline void PrintTo(circuit_state s, std::ostream* out) { *out << to_text(s); }
inline void PrintTo(circuit_reason r, std::ostream* out) { *out << to_text(r); }
inline void PrintTo(const window_counts& c, std::ostream* out) {
    *out << c.calls << " calls, " << c.failures << " failed, " << c.slow << " slow";
}

struct played {
    explicit played(circuit_breaker_options given) : options{std::move(given)} {}
    played(const played&) = delete;
    played& operator=(const played&) = delete;
    ~played() = default;

    circuit_breaker_options options;
    circuit_breaker_kernel kernel{options};
    instant now{1h};
    random_source dice{7};
    std::vector<circuit_change> changes{};

    played& after(duration d) { return now = add(now, d), *this; }
    [[nodiscard]] circuit_state state() const { return kernel.state(now); }
    [[nodiscard]] window_counts counts() const { return kernel.counts(now); }

    circuit_ticket admitted() {
        auto answer = ask();
        EXPECT_TRUE(answer.ticket) << "refused, for " << to_text(answer.retry_after);
        return answer.ticket.value_or(circuit_ticket{});
    }
    /// For how long it is refused.
    duration refused() {
        const auto answer = ask();
        EXPECT_FALSE(answer.ticket) << "admitted";
        return answer.retry_after;
    }
    circuit_state ends(const circuit_ticket& t, verdict meaning) {
        return ends(t, circuit_verdict{.meaning = meaning});
    }
    circuit_state ends(const circuit_ticket& t, circuit_verdict how) {
        keep(kernel.settle(t, how, now, dice));
        return state();
    }
    circuit_state play(std::string_view calls) {
        for (const char call : calls) ends(admitted(), how(call));
        return state();
    }
    /// How many of those that ask now are let through.
    unsigned admitted_of(unsigned asking) {
        unsigned count = 0;
        for (unsigned i = 0; i < asking; ++i)
            if (ask().ticket) ++count;
        return count;
    }

private:
    circuit_breaker_kernel::admitted ask() {
        auto answer = kernel.admit(now);
        keep(answer.change);
        return answer;
    }
    void keep(const std::optional<circuit_change>& change) {
        if (change) changes.push_back(*change);
    }
    static circuit_verdict how(char call) {
        switch (call) {
            case 'F': return {.meaning = verdict::transient};
            case 'P': return {.meaning = verdict::permanent};
            case 's': return {.meaning = verdict::success, .slow = true};
            case 'f': return {.meaning = verdict::transient, .slow = true};
            case 'I': return {.meaning = verdict::ignored};
            case 'C': return {.meaning = verdict::cancelled};
            case 'A': return {.meaning = verdict::abandoned};
            default: return {.meaning = verdict::success};
        }
    }
};

}  // namespace cutwater
