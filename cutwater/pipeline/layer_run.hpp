// One layer of one call: how each family enters and leaves, in the same few words for all of them.
//
//     inward    go on to the next layer inside
//     outward   the outcome stands: leave to the next layer outside
//     pause     the driver waits until `pause_point::until` (or until woken), then calls `resume` or `interrupt`
//     answer    the outcome is as good as the callable's: it is judged, and this layer left; of a gate that tampers (tampering_run.hpp),
//               and of a frame that remembers (remembering_run.hpp)
//
// A `layer_run<Policy, T>` holds what the layer remembers between entering and leaving one call. What a policy's user
// code throws becomes the call's outcome: an error of that layer with `errc::callback_failed` and the exception kept.
#pragma once

#include <optional>
#include <utility>

#include "cutwater/core/family.hpp"
#include "cutwater/core/flow.hpp"
#include "cutwater/core/late.hpp"
#include "cutwater/pipeline/own_limit.hpp"

namespace cutwater {

namespace detail {

template <class T>
error& set_error(outcome_slot<T>& out, verdict meaning, errc reason, name layer, const call_context& call) {
    return out.emplace(meaning, std::unexpect, reason, layer, call.operation()).failure();
}

/// Runs one step of a layer; what it throws fails the call. Inlined, and so is what else nearly all calls do: a step that
/// is called has its captures written to memory and read back in other pieces, which costs more than the step.
template <class T, class Step>
[[gnu::always_inline]] inline flow guarded(name layer, call_context& call, outcome_slot<T>& out, Step&& step) noexcept {
    try {
        return step();
    } catch (...) {
        set_error(out, verdict::ignored, errc::callback_failed, layer, call).with_cause(std::current_exception());
        return flow::outward;
    }
}

template <class T>
flow cancelled(name layer, call_context& call, outcome_slot<T>& out) {
    set_error(out, verdict::cancelled, errc::cancelled, layer, call);
    return flow::outward;
}

template <class T>
flow refused(name layer, call_context& call, const refusal& why, outcome_slot<T>& out) {
    error& e = set_error(out, verdict::rejected, why.reason, layer, call);
    if (why.retry_after) e.with_retry_after(*why.retry_after);
    if (why.limit) e.with_limit(*why.limit);
    return flow::outward;
}

/// Has a permit stay taken until the attempts of this call that began under it, and that nobody waits for, have ended.
template <class P>
[[nodiscard]] bool stays_with_orphans(permit<P>& held, const observation& seen, call_context& call,
                                      unsigned entered_at) {
    const auto began_later = [&](const auto& work) { return work->of_attempt >= entered_at; };
    if (std::ranges::none_of(call.orphans, began_later)) return false;
    permit<P> bound = std::move(held);  // what throws below leaves nothing held for the call to hand out again
    const auto shared = std::make_shared<permit<P>>(std::move(bound));
    for (const std::shared_ptr<orphan_work>& work : call.orphans)
        if (began_later(work)) work->keep([shared] {});
    shared->tell_orphaned(seen, call, call.now);  // user code: the work has the permit, whatever this throws
    return true;
}

/// Which attempt a permit was taken for, where that matters later.
template <class P>
struct entry {
    void note(const call_context&) noexcept {}
};
template <class P>
    requires requires { requires P::holds_work; }
struct entry<P> {
    void note(const call_context& call) noexcept { attempt = call.attempt; }
    unsigned attempt = 0;
};

/// Settles the permit; one that is bound to the work stays with work that is still running.
template <class P, class T>
[[gnu::always_inline]] inline flow settle_permit(P& policy, permit<P>& held, call_context& call, outcome_slot<T>& out,
                                                 [[maybe_unused]] const entry<P>& entered) {
    return guarded(policy.layer_name(), call, out, [&] {
        if constexpr (requires { requires P::holds_work; })
            if (!call.orphans.empty() && stays_with_orphans(held, out->observed(), call, entered.attempt)) [[unlikely]]
                return flow::outward;
        held.settle(out->observed(), call, call.now);
        return flow::outward;
    });
}

/// The short way in, where a gate has one: the ticket is written where it stays.
template <class P>
[[gnu::always_inline]] inline bool try_admit(P& policy, permit<P>& held, entry<P>& entered,
                                             call_context& call) noexcept {
    if constexpr (quick_gate<P>) {
        if (!policy.try_admit(held.blank(), call, call.now)) return false;
        held.hold(policy);
        entered.note(call);
        return true;
    } else {
        return false;
    }
}

}  // namespace detail

template <class Policy, class T>
class layer_run;

template <gate P, class T>
    requires(!queueing_gate<P> && !tampering_gate<P>)
class layer_run<P, T> {
public:
    [[gnu::always_inline]] flow enter(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        if (detail::try_admit(policy, held_, entry_, call)) [[likely]]
            return flow::inward;
        return ask(policy, call, out);
    }

    flow leave(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        return detail::settle_permit(policy, held_, call, out, entry_);
    }

    flow resume(P&, call_context&, outcome_slot<T>&, pause_point&) { return flow::inward; }
    flow interrupt(P&, call_context&, outcome_slot<T>&) { return flow::outward; }

private:
    flow ask(P& policy, call_context& call, outcome_slot<T>& out) {
        return detail::guarded(policy.layer_name(), call, out, [&] {
            auto answer = policy.admit(call, call.now);
            if (auto* ticket = std::get_if<typename P::ticket>(&answer)) {
                entry_.note(call);
                held_ = permit<P>{policy, std::move(*ticket)};
                return flow::inward;
            }
            const auto* const why = std::get_if<refusal>(&answer);
            if (why == nullptr) return detail::refused(policy.layer_name(), call, refusal{}, out);
            return detail::refused(policy.layer_name(), call, *why, out);
        });
    }

    permit<P> held_;
    [[no_unique_address]] detail::entry<P> entry_;
};

template <queueing_gate P, class T>
class layer_run<P, T> {
public:
    layer_run() = default;
    layer_run(const layer_run&) = delete;
    layer_run& operator=(const layer_run&) = delete;
    ~layer_run() {
        if (place_) queue_->leave(*place_);
    }

    [[gnu::always_inline]] flow enter(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        if (detail::try_admit(policy, held_, entry_, call)) [[likely]]
            return flow::inward;
        return ask(policy, call, out, at);
    }

    flow leave(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        return detail::settle_permit(policy, held_, call, out, entry_);
    }

    flow resume(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return or_leave(detail::guarded(policy.layer_name(), call, out, [&] {
            return accept(policy, policy.resume(*place_, call, call.now), call, out, at);
        }));
    }

    flow interrupt(P& policy, call_context& call, outcome_slot<T>& out) {
        if constexpr (requires { policy.cancelled(*place_, call); })
            (void)detail::guarded(policy.layer_name(), call, out,
                                  [&] { return policy.cancelled(*place_, call), flow::outward; });
        leave_queue();
        return detail::cancelled(policy.layer_name(), call, out);
    }

private:
    flow ask(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return or_leave(detail::guarded(policy.layer_name(), call, out, [&] {
            auto answer = policy.admit(call, call.now);
            if (std::holds_alternative<wait_until>(answer)) [[unlikely]] {
                queue_ = &policy;
                place_.emplace(call.parked());
                answer = policy.enqueue(*place_, call, call.now);
            }
            return accept(policy, std::move(answer), call, out, at);
        }));
    }

    /// Whoever does not wait is not in the queue, also where a step threw.
    flow or_leave(flow next) noexcept {
        if (next == flow::outward && place_) [[unlikely]]
            leave_queue();
        return next;
    }

    flow accept(P& policy, admission<typename P::ticket> answer, call_context& call, outcome_slot<T>& out,
                pause_point& at) {
        if (auto* wait = std::get_if<wait_until>(&answer)) {
            at.until = wait->until;
            return flow::pause;
        }
        if (place_) leave_queue();
        if (auto* why = std::get_if<refusal>(&answer)) return detail::refused(policy.layer_name(), call, *why, out);
        entry_.note(call);
        held_ = permit<P>{policy, std::move(std::get<typename P::ticket>(answer))};
        return flow::inward;
    }

    void leave_queue() noexcept {
        queue_->leave(*place_);
        place_.reset();
    }

    permit<P> held_;
    [[no_unique_address]] detail::entry<P> entry_;
    P* queue_ = nullptr;
    late<waiter> place_;
};

template <loop P, class T>
class layer_run<P, T> {
    using session = decltype(std::declval<P&>().begin(std::declval<call_context&>(), std::declval<moment&>()));

public:
    [[gnu::always_inline]] flow enter(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        if constexpr (late_loop<P>) {
            session_.reset();  // of an earlier way in, where an outer loop goes again
            if constexpr (requires { policy.entered(call); }) policy.entered(call);
            if (policy.begins_late()) [[likely]]
                return flow::inward;
        }
        return detail::guarded(policy.layer_name(), call, out, [&] {
            begin(policy, call);
            return flow::inward;
        });
    }

    [[gnu::always_inline]] flow leave(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        if constexpr (late_loop<P>)
            if (!session_ && out->meaning() == verdict::success) [[likely]] {
                if constexpr (requires { policy.succeeded_at_once(call); }) policy.succeeded_at_once(call);
                return flow::outward;
            }
        return look_back(policy, call, out, at);
    }

    flow resume(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        const instant now = call.now;
        if (now < at.until) return flow::pause;  // woken for nothing
        if (now >= call.deadline) [[unlikely]]   // slept longer than was asked for: nothing is to be sent
            return detail::guarded(policy.layer_name(), call, out, [&] {
                if constexpr (requires { session_->overslept(out->observed(), call); })
                    session_->overslept(out->observed(), call);
                return give_up(out);
            });
        ++call.attempt;
        out.reset();
        return flow::inward;
    }

    /// The last failure is replaced by the cancellation, and stays in its history.
    flow interrupt(P& policy, call_context& call, outcome_slot<T>& out) {
        return detail::guarded(policy.layer_name(), call, out, [&] {
            detail::cancelled(policy.layer_name(), call, out);
            return give_up(out);
        });
    }

private:
    void begin(P& policy, call_context& call) {
        session_.emplace_from([&] { return policy.begin(call, call.now); });
    }

    flow look_back(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return detail::guarded(policy.layer_name(), call, out, [&] {
            if (!session_) begin(policy, call);
            const loop_step next = session_->after(out->observed(), call, call.now);
            if (next.what == loop_step::kind::again && next.at < call.deadline) {
                at.until = next.at;
                return flow::pause;
            }
            return next.what == loop_step::kind::finish ? flow::outward : give_up(out);
        });
    }

    flow give_up(outcome_slot<T>& out) {
        if constexpr (requires { session_->explain(out->failure()); })
            if (!out->has_value()) session_->explain(out->failure());
        return flow::outward;
    }

    late<session> session_;
};

/// Frames: each of the three abilities costs nothing where the policy lacks it.
template <frame P, class T>
class layer_run<P, T> {
public:
    flow enter(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        return detail::guarded(policy.layer_name(), call, out, [&] {
            if constexpr (watching_frame<P>) remembered_.emplace_from([&] { return policy.before(call); });
            if constexpr (deadline_frame<P>) return bound(policy, call, out);
            return flow::inward;
        });
    }

    flow leave(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        return detail::guarded(policy.layer_name(), call, out, [&] {
            if constexpr (deadline_frame<P>) unbind(policy, call, out);
            if constexpr (substituting_frame<P>)
                if (policy.handles(out->observed())) policy.substitute(*out, call);
            if constexpr (watching_frame<P>) policy.after(*remembered_, out->observed(), call);
            return flow::outward;
        });
    }

    flow resume(P&, call_context&, outcome_slot<T>&, pause_point&) { return flow::inward; }
    flow interrupt(P&, call_context&, outcome_slot<T>&) { return flow::outward; }

    /// Tells it of a call that goes no further than this, in place of `enter` and `leave`.
    flow watch(P& policy, call_context& call, outcome_slot<T>& out)
        requires watching_frame<P>
    {
        return detail::guarded(policy.layer_name(), call, out, [&] {
            remembered_.emplace_from([&] { return policy.before(call); });
            return flow::inward;
        });
    }
    flow unwatch(P& policy, call_context& call, outcome_slot<T>& out)
        requires watching_frame<P>
    {
        return detail::guarded(policy.layer_name(), call, out, [&] {
            policy.after(*remembered_, out->observed(), call);
            return flow::outward;
        });
    }

private:
    flow bound(P& policy, call_context& call, outcome_slot<T>& out) {
        outer_.deadline = call.deadline;
        outer_.is_ours = call.deadline_is_ours;
        const instant own = detail::own_deadline(policy, remembered_, call);
        tightened_ = own < call.deadline;
        if (tightened_) {
            call.deadline = own;
            call.deadline_is_ours = true;
        }
        if (call.deadline == never || call.deadline > call.now.get()) return flow::inward;
        detail::set_error(out, call.deadline_is_ours ? verdict::transient : verdict::ignored, errc::deadline_exceeded,
                          {}, call);
        call.ran_out = true;
        unbind(policy, call, out);
        return flow::outward;
    }

    /// The innermost frame that tightened the deadline is the one that spoke.
    void unbind(P& policy, call_context& call, outcome_slot<T>& out) {
        call.deadline = outer_.deadline;
        call.deadline_is_ours = outer_.is_ours;
        if (!tightened_ || out->has_value()) return;
        error& failure = out->failure();
        if (!call.ran_out || failure.code() != errc::deadline_exceeded || !failure.layer().empty()) return;
        failure.with_code(errc::timed_out)
            .with_layer(policy.layer_name())
            .with_limit(detail::own_limit(policy, remembered_));
        detail::tell_timeout(policy, remembered_, call);
    }

    struct outer_deadline {
        instant deadline = never;
        bool is_ours = false;
    };
    struct nothing {};
    template <class Q>
    struct memory_of {
        using type = nothing;
    };
    template <watching_frame Q>
    struct memory_of<Q> {
        using type = decltype(std::declval<Q&>().before(std::declval<call_context&>()));
    };

    outer_deadline outer_;
    bool tightened_ = false;
    [[no_unique_address]] late<typename memory_of<P>::type> remembered_;
};

}  // namespace cutwater
