#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"

namespace cutwater {

namespace {

/// Jitter for verdicts given by hand, where no call lends its dice: differs between instances and instants.
random_source dice_of(const void* self, instant now) {
    return random_source{static_cast<std::uint64_t>(now.time_since_epoch().count()) ^
                         std::bit_cast<std::uintptr_t>(self)};
}

}  // namespace

circuit_breaker::circuit_breaker(circuit_breaker_options options)
    : shared_{std::make_unique<shared_circuit>(std::move(options))} {}

circuit_state circuit_breaker::state(instant now) const {
    return shared_->with_kernel(now, [&](auto& kernel) { return kernel.state(now); });
}

window_counts circuit_breaker::counts(instant now) const {
    return shared_->with_kernel(now, [&](auto& kernel) {
        window_counts seen = kernel.counts(now);
        seen.calls += shared_->striped_successes(now);
        return seen;
    });
}

refusal circuit_breaker::refuse(call_context& call, moment& now) const {
    const instant until = shared_->open_until();
    const duration wait = until == never ? options().open_for : between(now, until);
    call.emit(layer_name(), [&] { return circuit_refused{.state = circuit_state::open, .retry_after = wait}; });
    return {.reason = errc::circuit_open, .retry_after = wait};
}

admission<circuit_ticket> circuit_breaker::admit_slowly(call_context& call, moment& now) {
    circuit_state state{};
    const auto answer = shared_->with_kernel(now, [&](auto& kernel) {
        auto asked = kernel.admit(now);
        state = kernel.state(now);
        return asked;
    });
    if (answer.change) tell(call, *answer.change);
    if (answer.ticket) return *answer.ticket;
    call.emit(layer_name(), [&] { return circuit_refused{.state = state, .retry_after = answer.retry_after}; });
    return refusal{.reason = errc::circuit_open, .retry_after = answer.retry_after};
}

void circuit_breaker::settle_slowly(const ticket& t, const observation& seen, call_context& call, moment& now) {
    circuit_verdict how{.meaning = seen.meaning(), .slow = false};
    const bool cut_by_caller =
        how.meaning == verdict::ignored && seen.failure != nullptr && seen.failure->code() == errc::deadline_exceeded;
    if (cut_by_caller && options().caller_deadline == deadline_blame::dependency) how.meaning = verdict::transient;
    if (!judges_dependency(how.meaning)) {
        if (t.lease != 0) {
            ticket held = t;
            shared_->abandon(held);
        }
        return;
    }
    how.slow = shared_->is_slow(t, now);
    const auto change = shared_->with_kernel(
        now, [&](auto& kernel) { return kernel.settle(t, how, now, call.random(), shared_->striped_successes(now)); });
    if (change) tell(call, *change);
}

void circuit_breaker::tell(call_context& call, const circuit_change& change) const {
    const window_counts& seen = change.counts;
    if (change.only_would)
        return call.emit(layer_name(), [&] {
            return circuit_would_open{change.reason, seen.failure_rate(), seen.slow_rate(), seen.calls};
        });
    switch (change.to) {
        case circuit_state::open:
            return call.emit(layer_name(), [&] {
                return circuit_opened{change.reason, seen.failure_rate(), seen.slow_rate(), seen.calls,
                                      change.open_for};
            });
        case circuit_state::half_open:
            return call.emit(layer_name(), [&] { return circuit_half_opened{options().probes}; });
        case circuit_state::closed: return call.emit(layer_name(), [&] { return circuit_closed{change.reason}; });
    }
}

std::optional<circuit_breaker::pass> circuit_breaker::acquire(instant now) {
    const auto asked = shared_->with_kernel(now, [&](auto& kernel) { return kernel.admit(now); });
    if (!asked.ticket) return {};
    return pass{*this, *asked.ticket};
}

void circuit_breaker::pass::settle(verdict meaning, instant now) {
    held_.settle(observation{.judged = {.meaning = meaning}, .failure = nullptr}, now);
}

void shared_circuit::settle(ticket& t, const observation& seen, instant now) {
    moment at{now};
    const circuit_verdict how{.meaning = seen.meaning(), .slow = is_slow(t, at)};
    random_source dice = dice_of(this, now);
    (void)with_kernel(now, [&](auto& kernel) { return kernel.settle(t, how, now, dice, striped_successes(now)); });
}

std::optional<circuit_change> circuit_breaker::record_success(instant now) {
    random_source dice = dice_of(shared_.get(), now);
    return shared_->with_kernel(now,
                                [&](auto& kernel) { return kernel.record({.meaning = verdict::success}, now, dice); });
}

std::optional<circuit_change> circuit_breaker::record_failure(instant now) {
    random_source dice = dice_of(shared_.get(), now);
    return shared_->with_kernel(now, [&](auto& kernel) {
        return kernel.record({.meaning = verdict::transient}, now, dice, shared_->striped_successes(now));
    });
}

std::optional<circuit_change> circuit_breaker::open(instant now) {
    random_source dice = dice_of(shared_.get(), now);
    return shared_->with_kernel(now, [&](auto& kernel) { return kernel.open(now, dice); });
}

std::optional<circuit_change> circuit_breaker::close(instant now) {
    return shared_->with_kernel(now, [&](auto& kernel) { return kernel.close(now); });
}

std::optional<circuit_change> circuit_breaker::set_mode(breaker_mode mode, instant now) {
    return shared_->with_kernel(now, [&](auto& kernel) { return kernel.set_mode(mode, now); });
}

circuit_snapshot circuit_breaker::snapshot(instant now) const {
    return shared_->with_kernel(now, [&](auto& kernel) {
        circuit_snapshot kept = kernel.snapshot(now);
        if (kept.state == circuit_state::closed) kept.counts.calls += shared_->striped_successes(now);
        return kept;
    });
}

void circuit_breaker::restore(const circuit_snapshot& kept, instant now) {
    (void)shared_->with_kernel(now, [&](auto& kernel) { return kernel.restore(kept, now), 0; });
}

}  // namespace cutwater
