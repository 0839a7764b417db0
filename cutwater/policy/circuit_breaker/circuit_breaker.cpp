#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"

namespace cutwater {

circuit_breaker::circuit_breaker(circuit_breaker_options options) {
    auto checked = std::make_shared<const circuit_breaker_options>(validated(kind, std::move(options)));
    const name layer{checked->name};
    shared_ = std::make_unique<shared_circuit>(std::move(checked), layer);
}

circuit_breaker::circuit_breaker(made, std::unique_ptr<shared_circuit> shared) noexcept : shared_{std::move(shared)} {}

circuit_breaker circuit_breaker::another(std::string_view called) const {
    return circuit_breaker{made{}, std::make_unique<shared_circuit>(shared_->options(), name{called})};
}

admission<circuit_ticket> circuit_breaker::admit_slowly(call_context& call, moment& now) {
    const auto [answer, state] = shared_->admit(now);
    if (answer.change) tell(call, *answer.change);
    if (answer.ticket) return *answer.ticket;
    return refuse(state, answer.retry_after, call);
}

void circuit_breaker::tell_refused(circuit_state state, duration wait, call_context& call) const {
    call.emit(layer_name(), [&] { return circuit_refused{.state = state, .retry_after = wait}; });
}

void circuit_breaker::settle_slowly(const ticket& t, const observation& seen, call_context& call, moment& now) {
    if (const auto change = shared_->settle(t, blame(seen), now, call.random())) tell(call, *change);
}

/// Whose fault it is where the caller's own deadline cut the attempt short is for the options to say.
verdict circuit_breaker::blame(const observation& seen) const {
    const bool cut_by_caller = seen.meaning() == verdict::ignored && seen.failure != nullptr &&
                               seen.failure->code() == errc::deadline_exceeded;
    return cut_by_caller && options().caller_deadline == deadline_blame::dependency ? verdict::transient
                                                                                    : seen.meaning();
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
    moment at{now};
    const auto asked = shared_->admit(at).answer;
    if (!asked.ticket) return {};
    return pass{*shared_, *asked.ticket, asked.change};
}

std::optional<circuit_change> circuit_breaker::pass::settle(verdict meaning, instant now) {
    std::optional<circuit_change> change;
    held_.settle(observation{.judged = {.meaning = meaning}, .failure = nullptr}, now, change);
    return change;
}

}  // namespace cutwater
