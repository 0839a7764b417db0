// How a gate that tampers with attempts enters and leaves: it may have them wait, answer in the callable's place, or change what came back.
//
// A wait that the deadline ends is the deadline's, as with a dependency that is too slow: its timeout says so, outside of this layer. What is
// answered counts as sent, so that limiters do not give back what the dependency would have used.
#pragma once

#include "cutwater/pipeline/layer_run.hpp"

namespace cutwater {

template <tampering_gate P, class T>
class layer_run<P, T> {
public:
    layer_run() = default;
    layer_run(const layer_run&) = delete;
    layer_run& operator=(const layer_run&) = delete;
    ~layer_run() {
        if (place_) queue_->leave(*place_);
    }

    [[gnu::always_inline]] flow enter(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        altered_ = false;
        if (detail::try_admit(policy, held_, entry_, call)) [[likely]]
            return flow::inward;
        return ask(policy, call, out, at);
    }

    /// Twice, where it alters what came back: that is judged in between.
    flow leave(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        if constexpr (requires { policy.alter(held_.blank(), *out, call); })
            if (!altered_ && held_) {
                const flow next = detail::guarded(policy.layer_name(), call, out, [&] {
                    altered_ = policy.alter(held_.blank(), *out, call);
                    return altered_ ? flow::answer : flow::inward;
                });
                if (next == flow::answer) return next;
            }
        return detail::settle_permit(policy, held_, call, out, entry_);
    }

    flow resume(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return or_leave(detail::guarded(policy.layer_name(), call, out, [&] {
            if (call.now.get() >= call.deadline) return cut_short(policy, call, out);
            if (policy.held(*place_, held_.blank(), call.now)) return wait(call, at);
            leave_queue();
            return pass(policy, call, out);
        }));
    }

    flow interrupt(P& policy, call_context& call, outcome_slot<T>& out) {
        leave_queue();
        held_.abandon();
        return detail::cancelled(policy.layer_name(), call, out);
    }

private:
    flow ask(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return or_leave(detail::guarded(policy.layer_name(), call, out, [&] {
            auto answer = policy.admit(call, call.now);
            auto* const ticket = std::get_if<typename P::ticket>(&answer);
            if (ticket == nullptr) {
                const auto* const why = std::get_if<refusal>(&answer);
                return detail::refused(policy.layer_name(), call, why != nullptr ? *why : refusal{}, out);
            }
            entry_.note(call);
            held_ = permit<P>{policy, std::move(*ticket)};
            if (!policy.delays(held_.blank())) return pass(policy, call, out);
            queue_ = &policy;
            place_.emplace(call.parked());
            until_ = policy.hold(*place_, held_.blank(), call, call.now);
            return wait(call, at);
        }));
    }

    flow wait(const call_context& call, pause_point& at) const noexcept {
        at.until = until_ < call.deadline ? until_ : call.deadline;
        return flow::pause;
    }

    flow pass(P& policy, call_context& call, outcome_slot<T>& out) {
        std::optional<error> failure = policy.answers(held_.blank(), call);
        if (!failure) return flow::inward;
        ++call.sent;
        out.emplace(std::move(*failure));
        return flow::answer;
    }

    /// By the deadline, which says so itself; the words are the layer's.
    flow cut_short(P& policy, call_context& call, outcome_slot<T>& out) {
        std::optional<error> failure = policy.answers(held_.blank(), call);
        error& e = detail::set_error(out, call.deadline_is_ours ? verdict::transient : verdict::ignored,
                                     errc::deadline_exceeded, {}, call);
        if (failure) e.with_text(failure->words());
        ++call.sent;
        call.ran_out = true;
        held_.abandon();
        return flow::outward;
    }

    /// Whoever does not wait is not in the queue, also where a step threw.
    flow or_leave(flow next) noexcept {
        if (next != flow::pause && place_) [[unlikely]]
            leave_queue();
        return next;
    }

    void leave_queue() noexcept {
        if (place_) queue_->leave(*place_);
        place_.reset();
    }

    permit<P> held_;
    [[no_unique_address]] detail::entry<P> entry_;
    P* queue_ = nullptr;
    instant until_ = never;
    late<waiter> place_;
    bool altered_ = false;
};

}  // namespace cutwater
