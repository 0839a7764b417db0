#include "cutwater/policy/circuit_quorum/circuit_quorum.hpp"

#include <utility>

namespace cutwater {

circuit_quorum::circuit_quorum(cell_store& store, circuit_breaker& breaker, circuit_quorum_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      desk_{std::make_shared<quorum_desk>(store, breaker, options_)} {}

admission<circuit_quorum::ticket> circuit_quorum::admit(call_context& call, moment& now) {
    tell_news(call);
    if (now.get() >= desk_->due()) desk_->exchange(now, call.surroundings());
    return ticket{};
}

/// What was heard between calls is told by whoever comes next.
void circuit_quorum::tell_news(call_context& call) {
    const quorum_desk::news heard = desk_->take_news();
    if (heard.advice) {
        const auto& [advice, others] = *heard.advice;
        const unsigned agree = advice == circuit_advice::others_open ? others.open : others.closed;
        call.emit(layer_, [&] { return circuit_quorum_heeded{advice, agree, others.all()}; });
    }
    if (heard.unreadable > 0) call.emit(layer_, [&] { return circuit_quorum_unreadable{heard.unreadable}; });
    if (heard.full) call.emit(layer_, [&] { return circuit_quorum_full{*heard.full}; });
    if (heard.store.failure) call.emit(layer_, [&] { return circuit_quorum_store_failed{*heard.store.failure}; });
    if (heard.store.back_after) call.emit(layer_, [&] { return circuit_quorum_store_back{*heard.store.back_after}; });
}

}  // namespace cutwater
