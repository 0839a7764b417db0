// What is right for a circuit breaker, without threads: the specification that the concurrent one is held against.
//
//     closed ── a failure brings a rate to its threshold, with enough calls ──► open
//     open ── open_for has passed ──► half_open, where up to `probes` calls hold a lease
//     half_open ── probe_successes succeeded ──► closed      half_open ── too many failed for that ──► open
//
// - Only a failure or a slow call can open the circuit: a success that happens to fill `minimum_calls` does not.
// - Each entry into a state is an epoch. A ticket carries the epoch that it was issued in; its verdict decides nothing
//   in another one.
// - A lease is returned by a neutral outcome and by an abandoned ticket, and expires; an expired lease's late verdict
//   decides nothing. Verdicts and leases together never exceed `probes`.
// - State is a function of the time asked about: an open circuit whose time is over is half-open without any traffic.
#pragma once

#include <array>
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
    bool only_would = false;  ///< metrics_only: nothing changed
};

/// What survives a restart. Relative times only: it may be restored on another machine.
struct circuit_snapshot {
    circuit_state state = circuit_state::closed;
    duration open_left{};  ///< open: until it probes
    unsigned openings_in_a_row = 0;
    window_counts counts{};  ///< closed: what the window held
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
    /// `elsewhere`: clean successes of the time window that somebody else has counted.
    std::optional<circuit_change> settle(const circuit_ticket& ticket, circuit_verdict how, instant now,
                                         random_source& random, std::uint64_t elsewhere = 0);

    /// A verdict without a ticket, of a call that nobody asked admission for.
    std::optional<circuit_change> record(circuit_verdict how, instant now, random_source& random,
                                         std::uint64_t elsewhere = 0);

    /// `n` successes that were counted elsewhere in the current epoch.
    void add_successes(std::uint64_t n, instant now);

    void abandon(const circuit_ticket& ticket) noexcept;
    std::optional<circuit_change> set_mode(breaker_mode mode, instant now);
    std::optional<circuit_change> open(instant now, random_source& random);
    std::optional<circuit_change> close(instant now);

    [[nodiscard]] circuit_state state(instant now) const noexcept;
    [[nodiscard]] breaker_mode mode() const noexcept { return mode_; }
    [[nodiscard]] window_counts counts(instant now) const noexcept;
    [[nodiscard]] std::uint32_t epoch() const noexcept { return epoch_; }
    [[nodiscard]] instant open_until() const noexcept { return open_until_; }
    [[nodiscard]] duration retry_after(instant now) const noexcept;
    [[nodiscard]] unsigned leases_taken() const noexcept { return taken_; }

    /// Closed, with all traffic let through: what the lock-free path may admit.
    [[nodiscard]] bool is_open() const noexcept { return state_ == circuit_state::open; }
    [[nodiscard]] bool admits_all() const noexcept { return state_ == circuit_state::closed && !ramping_; }
    /// Whether a clean success would change nothing.
    [[nodiscard]] bool is_settled() const noexcept;

    [[nodiscard]] circuit_snapshot snapshot(instant now) const noexcept;
    void restore(const circuit_snapshot& kept, instant now);

private:
    struct lease {
        std::uint32_t number = 0;  // 0: free
        instant expires{};
    };

    std::optional<circuit_change> mark(call_mark m, instant now, std::uint64_t elsewhere, random_source& random);
    void add_mark(call_mark m, instant now);
    circuit_change enter(circuit_state next, circuit_reason why, instant now);
    circuit_change trip(circuit_reason why, const window_counts& seen, instant now, random_source& random);
    [[nodiscard]] duration next_open_time(random_source& random) const;
    [[nodiscard]] std::optional<circuit_reason> verdict_of(const window_counts& seen) const noexcept;
    std::optional<circuit_change> settle_probe(const circuit_ticket& t, bool failed, instant now,
                                               random_source& random);
    [[nodiscard]] lease* find_lease(std::uint32_t number) noexcept;
    void release(lease& l) noexcept;
    [[nodiscard]] admitted admit_probe(instant now);
    [[nodiscard]] admitted admit_ramping(instant now);
    void expire_leases(instant now) noexcept;
    void clear_window() noexcept;

    const circuit_breaker_options& options_;
    breaker_mode mode_;
    circuit_state state_ = circuit_state::closed;
    bool ramping_ = false;
    std::uint32_t epoch_ = 1;
    instant since_{};  // when the current state was entered
    instant open_until_{};
    unsigned openings_in_a_row_ = 0;
    double ramp_credit_ = 0;

    count_window by_count_;
    time_window by_time_;
    unsigned in_a_row_ = 0;

    std::vector<lease> leases_;  // made when it first half-opens
    std::uint32_t next_lease_ = 1;
    unsigned taken_ = 0;
    unsigned probe_successes_ = 0;
    unsigned probe_failures_ = 0;
};

}  // namespace cutwater
