// What is right for a circuit breaker, without threads: the specification that the concurrent one is held against.
//
//     closed ── a failure or slow call brings a rate to its threshold, with enough calls ──► open
//     open ── open_for has passed ──► half_open, where up to `probes` calls hold a lease
//     half_open ── probe_successes succeeded ──► closed      half_open ── too many failed for that ──► open
//     closed, open ── told to `probe` ──► half_open
//
// - Only a failure or a slow call can open the circuit: a success that happens to fill `minimum_calls` does not.
// - Each entry into a state is an epoch, with an empty window. A ticket carries the epoch that it was issued in; its
//   verdict decides nothing in another one.
// - A lease is returned by a neutral outcome and by an abandoned ticket, and expires; an expired lease's late verdict
//   decides nothing. Verdicts and leases together never exceed `probes`. A slow probe is a failed one.
// - State is a function of the time asked about: an open circuit whose time is over is half-open without any traffic.
//
// A value: it can be copied and compared. The options outlive it.
#pragma once

#include <optional>

#include "cutwater/core/random.hpp"
#include "cutwater/core/verdict.hpp"
#include "cutwater/policy/circuit_breaker/events.hpp"
#include "cutwater/policy/circuit_breaker/window.hpp"

namespace cutwater {

/// What an admitted call carries.
struct circuit_ticket {
    std::uint32_t epoch = 0;
    std::uint32_t lease = 0;  ///< 0: not a probe
    instant started{};        ///< set where durations matter
};

/// What a call's end says about the dependency.
struct circuit_verdict {
    verdict meaning = verdict::success;
    bool slow = false;
};

/// A change of state, for whoever tells the listeners.
struct circuit_change {
    circuit_state from{};
    circuit_state to{};
    circuit_reason reason{};
    window_counts counts{};  ///< of the window that decided
    duration open_for{};
    bool only_would = false;  ///< metrics_only: it goes on as closed

    friend bool operator==(const circuit_change&, const circuit_change&) = default;
};

/// What survives a restart. Relative times only: it may be restored on another machine.
struct circuit_snapshot {
    circuit_state state = circuit_state::closed;
    duration open_left{};  ///< open: until it probes
    unsigned openings_in_a_row = 0;
    window_counts counts{};  ///< closed: what the window held

    friend bool operator==(const circuit_snapshot&, const circuit_snapshot&) = default;
};

class circuit_breaker_kernel {
public:
    explicit circuit_breaker_kernel(const circuit_breaker_options& options);

    struct admitted {
        std::optional<circuit_ticket> ticket{};  ///< nothing: refused
        duration retry_after{};
        std::optional<circuit_change> change{};
    };
    [[nodiscard]] admitted admit(instant now);

    /// How a call went. A neutral meaning (ignored, rejected, cancelled, abandoned) returns a lease and decides nothing.
    std::optional<circuit_change> settle(const circuit_ticket& ticket, circuit_verdict how, instant now,
                                         random_source& random);

    /// A verdict without a ticket, of a call that nobody asked admission for: in a half-open circuit it counts as a
    /// probe where there is room for one, in an open circuit it decides nothing.
    std::optional<circuit_change> record(circuit_verdict how, instant now, random_source& random);

    /// `n` clean successes of the current epoch, in a closed circuit.
    void add_successes(std::uint64_t n, instant now);

    void abandon(const circuit_ticket& ticket) noexcept;
    std::optional<circuit_change> set_mode(breaker_mode mode, instant now);
    std::optional<circuit_change> open(instant now, random_source& random);
    std::optional<circuit_change> close(instant now);
    /// Half-open at once: a closed circuit is to prove itself, an open one does not wait for its time.
    std::optional<circuit_change> probe(instant now);

    [[nodiscard]] circuit_state state(instant now) const noexcept;
    [[nodiscard]] breaker_mode mode() const noexcept { return mode_; }
    [[nodiscard]] window_counts counts(instant now) const noexcept;
    [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }
    [[nodiscard]] instant open_until() const noexcept { return open_until_; }  ///< of an open circuit
    [[nodiscard]] duration retry_after(instant now) const noexcept;
    [[nodiscard]] unsigned leases_taken() const noexcept { return round_ ? round_->taken() : 0; }

    /// What the lock-free paths may answer: that any call may pass; that none may until `open_until`; that one more
    /// clean success would change nothing.
    [[nodiscard]] bool admits_all() const noexcept;
    [[nodiscard]] bool refuses_all() const noexcept;
    [[nodiscard]] bool is_settled() const noexcept;

    /// Whether it differs in nothing from one that is new, now and later, to whoever holds no ticket of it: closed, in the mode
    /// that it was made in, with an empty window, and no opening behind it that would lengthen the next.
    [[nodiscard]] bool is_fresh(instant now) const noexcept;

    [[nodiscard]] circuit_snapshot snapshot(instant now) const noexcept;
    /// A snapshot comes from outside: what it says beyond the options' bounds is brought within them.
    void restore(const circuit_snapshot& kept, instant now);

    friend bool operator==(const circuit_breaker_kernel&, const circuit_breaker_kernel&) = default;

private:
    struct lease {
        std::uint32_t number = 0;
        instant expires{};

        friend bool operator==(const lease&, const lease&) = default;
    };
    /// What there is while the circuit is half-open.
    struct probe_round {
        std::vector<lease> leases;
        std::uint32_t last_lease = 0;
        unsigned successes = 0;
        unsigned failures = 0;

        [[nodiscard]] unsigned taken() const noexcept { return static_cast<unsigned>(leases.size()); }
        void expire(instant now) noexcept;
        [[nodiscard]] bool give_back(std::uint32_t number) noexcept;

        friend bool operator==(const probe_round&, const probe_round&) = default;
    };

    [[nodiscard]] bool is_healthy(instant now) const noexcept;
    [[nodiscard]] admitted admit_probe(instant now);
    [[nodiscard]] admitted admit_ramping(instant now);
    [[nodiscard]] circuit_ticket ticket(instant now) const noexcept { return {.epoch = epoch_, .started = now}; }
    std::optional<circuit_change> settle_probe(const circuit_ticket& t, bool failed, instant now,
                                               random_source& random);
    std::optional<circuit_change> mark(call_mark m, instant now, random_source& random);
    void add_mark(call_mark m, std::uint64_t n, instant now);
    void refill(const window_counts& kept, instant now);
    [[nodiscard]] std::optional<circuit_reason> verdict_of(const window_counts& seen) const noexcept;
    circuit_change enter(circuit_state next, circuit_reason why, instant now);
    circuit_change trip(circuit_reason why, const window_counts& seen, instant now, random_source& random);
    [[nodiscard]] duration next_open_time(random_source& random) const;

    const circuit_breaker_options* options_;
    breaker_mode mode_;
    circuit_state state_ = circuit_state::closed;  // closed in every mode but automatic
    bool ramping_ = false;
    std::uint32_t epoch_ = 1;  // never 0
    instant since_{};          // when the current state was entered
    instant open_until_{};
    unsigned openings_in_a_row_ = 0;
    unsigned ramp_credit_ = 0;  // in millionths of a call
    boxed<probe_round> round_;
    call_window window_;
};

}  // namespace cutwater
