#include "cutwater/policy/hedge/hedge.hpp"

#include <algorithm>

namespace cutwater {

namespace {

hedge_kernel::may may_hedge(const hedge_options& o, const call_context& call) {
    const idempotency stated = call.said().idempotent;
    const idempotency means = stated == idempotency::unstated ? o.unstated_means : stated;
    return means == idempotency::idempotent ? hedge_kernel::may::hedge : hedge_kernel::may::not_hedge;
}

}  // namespace

hedge::session::session(const hedge& owner, call_context& call, moment& now)
    : owner_{&owner}, kernel_{owner.options_, may_hedge(owner.options_, call)}, started_{now} {}

race_step hedge::session::next(call_context& call, moment& now) {
    const race_step said = kernel_.next(now, call.deadline);
    if (said.what == race_step::kind::finish) tell_ended(call);
    return said;
}

void hedge::session::begun(call_context& call, moment& now) {
    const hedge_cause why = kernel_.cause();
    kernel_.begun(now, delay());
    if (kernel_.attempts() == 1) return;
    call.emit(owner_->layer_, [&] { return hedge_begun{kernel_.under_way(), why, between(started_, now)}; });
}

bool hedge::session::ended(const observation& seen, call_context& call, moment& now) {
    last_ = seen.meaning();
    const bool stands = kernel_.ended(seen, now);
    if (stands) tell_ended(call);
    return stands;
}

duration hedge::session::delay() const {
    const hedge_options& o = owner_->options_;
    return std::max(o.min_delay, o.delay_by ? o.delay_by() : o.delay);
}

void hedge::session::tell_ended(call_context& call) const {
    if (kernel_.attempts() > 1)
        call.emit(owner_->layer_, [&] { return hedge_ended{kernel_.attempts(), kernel_.under_way(), last_}; });
}

}  // namespace cutwater
