// Which limit a frame that bounds the time has for a call: its own, or the one that `before` has chosen for this call.
#pragma once

#include "cutwater/core/family.hpp"
#include "cutwater/core/late.hpp"

namespace cutwater::detail {

/// `kept`: what `before` gave, where the frame watches.
template <deadline_frame P, class Memory>
[[nodiscard]] duration own_limit(P& policy, [[maybe_unused]] late<Memory>& kept) {
    if constexpr (varying_deadline_frame<P>)
        return policy.limit_of(*kept);
    else
        return policy.limit();
}

template <deadline_frame P, class Memory>
[[nodiscard]] instant own_deadline(P& policy, [[maybe_unused]] late<Memory>& kept, call_context& call) {
    if constexpr (varying_deadline_frame<P>)
        return add(call.now, policy.limit_of(*kept));
    else
        return policy.deadline_for(call, call.now);
}

template <deadline_frame P, class Memory>
void tell_timeout(P& policy, [[maybe_unused]] late<Memory>& kept, call_context& call) {
    if constexpr (requires { policy.on_timeout(*kept, call); })
        policy.on_timeout(*kept, call);
    else if constexpr (requires { policy.on_timeout(call); })
        policy.on_timeout(call);
}

}  // namespace cutwater::detail
