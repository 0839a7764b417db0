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
// success writes nothing while the count window is clean, else one word that threads do not share. A refusal writes
// nothing. Failures, slow calls and everything half-open take the lock.
//
// Exactness: calls decide, and are counted, as by the kernel in some order in which none comes before another that had
// ended when it began. Verdicts of calls that began in an earlier epoch are dropped.
//
// Time: instants come from one monotonic clock; those of concurrent calls may be a little out of order. Thread safety:
// every member, from any thread; user code never runs under the lock. Cancellation and other neutral outcomes return a
// probe's lease and count for nothing. A refusal is `errc::circuit_open` with `retry_after`, never negative: until it
// probes; half-open, until a probe's lease ends; ramping, until all may pass.
//
// Formulas: failures / calls >= failure_rate, with calls >= minimum_calls; open time min(open_for · growth^n, open_max),
// plus uniform(0, jitter · that). Memory: a few hundred bytes, and options that `another` shares; a window takes more when
// calls come, and 1 KB when threads contend.
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
    circuit_breaker(const circuit_breaker&) = delete;  // one for all who call the dependency: cw::ref(breaker)
    circuit_breaker(circuit_breaker&&) noexcept = default;
    circuit_breaker& operator=(const circuit_breaker&) = delete;
    circuit_breaker& operator=(circuit_breaker&&) noexcept = default;
    ~circuit_breaker() = default;

    /// A breaker of its own, with the same options (one object for all of them) under another name: one for each host,
    /// tenant or route.
    [[nodiscard]] circuit_breaker another(std::string_view called) const;

    [[nodiscard]] name layer_name() const noexcept { return shared_->layer(); }
    [[nodiscard]] const circuit_breaker_options& options() const noexcept { return *shared_->options(); }

    [[nodiscard]] bool try_admit(ticket& t, call_context&, moment& now) noexcept { return shared_->try_admit(t, now); }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        if (ticket t; try_admit(t, call, now)) [[likely]]
            return t;
        if (const auto wait = shared_->refusal(shared_->word(), now)) return refuse(circuit_state::open, *wait, call);
        return admit_slowly(call, now);
    }

    void settle(ticket& t, const observation& seen, call_context& call, moment& now) {
        if (seen.meaning() == verdict::success && shared_->count_success(t, now)) [[likely]]
            return;
        settle_slowly(t, seen, call, now);
    }

    void abandon(ticket& t) noexcept { shared_->abandon(t); }

    /// Right without traffic: an open circuit whose time is over is half-open.
    [[nodiscard]] circuit_state state(instant now) const { return shared_->state(now); }
    [[nodiscard]] bool is_open(instant now) const { return state(now) == circuit_state::open; }
    /// What a refusal would carry; zero where a call may pass.
    [[nodiscard]] duration retry_after(instant now) const { return shared_->retry_after(now); }
    [[nodiscard]] window_counts counts(instant now) const { return shared_->counts(now); }
    /// Whether it differs in nothing from one that is new, now and later: closed, with an empty window, in the mode that it was made
    /// in, and no opening behind it that would lengthen the next. With a count window no breaker that saw a call is.
    [[nodiscard]] bool is_fresh(instant now) const noexcept { return shared_->is_fresh(now); }

    /// Admission by hand: what comes back is settled by `succeeded` or `failed`, or abandoned when it goes. The breaker
    /// outlives it.
    class pass {
    public:
        /// The change of state that this verdict made, if any.
        std::optional<circuit_change> succeeded(instant now) { return settle(verdict::success, now); }
        std::optional<circuit_change> failed(instant now) { return settle(verdict::transient, now); }

        /// The change that this admission made: the circuit is half-open now.
        [[nodiscard]] const std::optional<circuit_change>& change() const noexcept { return change_; }

    private:
        friend circuit_breaker;
        pass(shared_circuit& owner, ticket t, std::optional<circuit_change> made) noexcept
            : held_{owner, t}, change_{std::move(made)} {}
        std::optional<circuit_change> settle(verdict meaning, instant now);

        permit<shared_circuit> held_;
        std::optional<circuit_change> change_;
    };
    [[nodiscard]] std::optional<pass> acquire(instant now);

    /// Verdicts of calls that nobody asked admission for. Half-open they are probes; open they are dropped.
    std::optional<circuit_change> record_success(instant now) { return shared_->record(verdict::success, now); }
    std::optional<circuit_change> record_failure(instant now) { return shared_->record(verdict::transient, now); }

    /// By hand: opens for the open time, closes at once, is half-open at once (a closed circuit is to prove itself, an open one does not wait for its
    /// time), forces or frees. They give the change, if there was one.
    std::optional<circuit_change> open(instant now) { return shared_->open(now); }
    std::optional<circuit_change> close(instant now) { return shared_->close(now); }
    std::optional<circuit_change> probe(instant now) { return shared_->probe(now); }
    std::optional<circuit_change> set_mode(breaker_mode mode, instant now) { return shared_->set_mode(mode, now); }
    [[nodiscard]] breaker_mode mode() const { return shared_->mode(); }

    /// State to keep across a restart; relative times only. The mode is not in it: that is for the options to say.
    [[nodiscard]] circuit_snapshot snapshot(instant now) const { return shared_->snapshot(now); }
    void restore(const circuit_snapshot& kept, instant now) { shared_->restore(kept, now); }

private:
    struct made {};  // else `circuit_breaker{{}}` could mean either
    circuit_breaker(made, std::unique_ptr<shared_circuit> shared) noexcept;

    [[nodiscard]] admission<ticket> admit_slowly(call_context& call, moment& now);
    /// Made in its place: a refusal that is copied about costs more than finding out.
    [[nodiscard]] admission<ticket> refuse(circuit_state state, duration wait, call_context& call) const {
        if (call.audience != nullptr) [[unlikely]]
            tell_refused(state, wait, call);
        return admission<ticket>{std::in_place_type<refusal>, errc::circuit_open, wait};
    }
    void tell_refused(circuit_state state, duration wait, call_context& call) const;
    void settle_slowly(const ticket& t, const observation& seen, call_context& call, moment& now);
    [[nodiscard]] verdict blame(const observation& seen) const;
    void tell(call_context& call, const circuit_change& change) const;

    std::unique_ptr<shared_circuit> shared_;
};

}  // namespace cutwater
