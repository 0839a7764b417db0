// How a frame that remembers enters and leaves: its session says (core/family.hpp).
#pragma once

#include "cutwater/pipeline/layer_run.hpp"

namespace cutwater {

template <remembering_frame P, class T>
class layer_run<P, T> {
    static_assert(P::template gives<T>,
                  "cutwater::pipeline: a layer remembers values of another type than the call gives");
    using session = typename P::template session<T>;

public:
    flow enter(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return step(policy, call, out, [&] {
            session_.emplace();
            return session_->enter(policy, call, out, at);
        });
    }
    flow leave(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return step(policy, call, out, [&] { return session_->leave(policy, call, out, at); });
    }
    flow resume(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return step(policy, call, out, [&] { return session_->resume(policy, call, out, at); });
    }
    flow interrupt(P& policy, call_context& call, outcome_slot<T>& out) {
        return step(policy, call, out, [&] { return session_->interrupt(policy, call, out); });
    }

private:
    template <class Step>
    flow step(P& policy, call_context& call, outcome_slot<T>& out, Step&& one) {
        const flow next = detail::guarded(policy.layer_name(), call, out, one);
        if (next == flow::outward) session_.reset();
        return next;
    }

    late<session> session_;
};

}  // namespace cutwater
