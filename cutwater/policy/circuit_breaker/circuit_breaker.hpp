// A circuit breaker: stops calling a dependency that is failing, and finds out gently when it is well again.
//
//     cw::circuit_breaker inventory_health{{.name = "inventory", .failure_rate = 0.5, .open_for = 20s}};
//     cw::pipeline reads{cw::retry{}, cw::ref(inventory_health)};
//
//     if (inventory_health.is_open(cw::now())) ...                  // by hand, without a pipeline:
//     if (auto pass = inventory_health.acquire(cw::now())) ...      // pass->succeeded(cw::now()), pass->failed(cw::now())
//
// One instance for each dependency, shared by everything that calls it.
//
// Contract. What is right is written down in `kernel.hpp`; this class is that kernel behind a lock, with a lock-free path
// for what nearly all calls are: admitted by a closed circuit, and successful. A closed circuit admits with one load. A
// success writes nothing while the count window is clean, else one atomic increment (in the time window to a stripe of
// the thread's own). A refusal writes nothing. Failures, slow calls and everything half-open take the lock.
//
// Exactness: decisions are those of the kernel for some order of the calls that overlap. One exception, of one call: a
// success that is being counted at the very instant in which the circuit changes its state may count in the new window.
//
// Thread safety: every member, from any thread; user code never runs under the lock. Cancellation and other neutral
// outcomes return a probe's lease and count for nothing. A refusal is `errc::circuit_open` with `retry_after`.
// Formulas: failures / calls >= failure_rate, with calls >= minimum_calls; open time min(open_for · growth^n, open_max),
// plus uniform(0, jitter · that).
#pragma once

#include <memory>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/policy/circuit_breaker/kernel.hpp"
#include "cutwater/policy/circuit_breaker/shared_circuit.hpp"

namespace cutwater {

class circuit_breaker : public works_alone<circuit_breaker> {
public:
    static constexpr std::string_view kind = "circuit_breaker";
    using ticket = circuit_ticket;

    /// Throws `invalid_options`.
    explicit circuit_breaker(circuit_breaker_options options = {});

    [[nodiscard]] name layer_name() const noexcept { return shared_->layer; }
    [[nodiscard]] const circuit_breaker_options& options() const noexcept { return shared_->options; }

    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        const std::uint64_t word = shared_->word();
        if ((word & shared_circuit::admits_all) != 0) [[likely]]
            return ticket{.epoch = shared_circuit::epoch_of(word), .started = shared_->start_of_call(now)};
        if ((word & shared_circuit::refuses) != 0 && now.get() < shared_->open_until()) return refuse(call, now);
        return admit_slowly(call, now);
    }

    void settle(ticket& t, const observation& seen, call_context& call, moment& now) {
        if (seen.meaning() == verdict::success && shared_->count_success(t, now)) [[likely]]
            return;
        settle_slowly(t, seen, call, now);
    }

    void abandon(ticket& t) noexcept {
        if (t.lease != 0) shared_->abandon(t);
    }

    /// Right without traffic: an open circuit whose time is over is half-open.
    [[nodiscard]] circuit_state state(instant now) const;
    [[nodiscard]] bool is_open(instant now) const { return state(now) == circuit_state::open; }
    [[nodiscard]] window_counts counts(instant now) const;

    /// Admission by hand: what comes back is settled by `succeeded` or `failed`, or abandoned when it goes.
    class pass {
    public:
        void succeeded(instant now) { settle(verdict::success, now); }
        void failed(instant now) { settle(verdict::transient, now); }

    private:
        friend circuit_breaker;
        pass(circuit_breaker& owner, ticket t) noexcept : owner_{&owner}, held_{*owner.shared_, t} {}
        void settle(verdict meaning, instant now);

        circuit_breaker* owner_;
        permit<shared_circuit> held_;
    };
    [[nodiscard]] std::optional<pass> acquire(instant now);

    /// Verdicts of calls that nobody asked admission for.
    std::optional<circuit_change> record_success(instant now);
    std::optional<circuit_change> record_failure(instant now);

    /// By hand: opens for the open time, closes at once, forces or frees. They give the change, if there was one.
    std::optional<circuit_change> open(instant now);
    std::optional<circuit_change> close(instant now);
    std::optional<circuit_change> set_mode(breaker_mode mode, instant now);

    /// State to keep across a restart; relative times only.
    [[nodiscard]] circuit_snapshot snapshot(instant now) const;
    void restore(const circuit_snapshot& kept, instant now);

private:
    [[nodiscard]] refusal refuse(call_context& call, moment& now) const;
    [[nodiscard]] admission<ticket> admit_slowly(call_context& call, moment& now);
    void settle_slowly(const ticket& t, const observation& seen, call_context& call, moment& now);
    void tell(call_context& call, const circuit_change& change) const;

    std::unique_ptr<shared_circuit> shared_;
};

}  // namespace cutwater
