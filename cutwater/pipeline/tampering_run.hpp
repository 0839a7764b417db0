// How a gate that tampers with attempts enters and leaves: it may have them wait, answer in the callable's place, or change what came back.
//
// A wait that the deadline ends is the deadline's, as with a dependency that is too slow: its timeout says so, outside of this layer. What is
// answered counts as sent, so that limiters do not give back what the dependency would have used.
#pragma once

#include "cutwater/pipeline/layer_run.hpp"

namespace cutwater {

namespace detail {

/// What is done to one attempt. Whoever ends it leaves the gate's queue, and gives the permit back.
template <class P>
struct tampering {
    explicit tampering(P& by) noexcept : gate{&by} {}
    tampering(const tampering&) = delete;
    tampering& operator=(const tampering&) = delete;
    ~tampering() { go_on(); }

    [[nodiscard]] typename P::ticket& ticket() noexcept { return held.blank(); }
    void go_on() noexcept {
        if (place) gate->leave(*place);
        place.reset();
    }

    P* gate;
    permit<P> held;
    [[no_unique_address]] entry<P> entered;
    late<waiter> place;
    instant until = never;
    bool is_altered = false;
};

}  // namespace detail

/// Nothing but a flag where nothing is done.
template <tampering_gate P, class T>
class layer_run<P, T> {
public:
    [[gnu::always_inline]] flow enter(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        if (policy.idles()) [[likely]]
            return flow::inward;
        return or_end(detail::guarded(policy.layer_name(), call, out, [&] { return ask(policy, call, out, at); }));
    }

    [[gnu::always_inline]] flow leave(P& policy, call_context& call, outcome_slot<T>& out, pause_point&) {
        if (!work_) [[likely]]
            return flow::outward;
        return or_end(look_back(policy, call, out));
    }

    flow resume(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        return or_end(detail::guarded(policy.layer_name(), call, out, [&] {
            if (call.now.get() >= call.deadline) return cut_short(policy, call, out);
            if (policy.held(*work_->place, work_->ticket(), call.now)) return wait(call, at);
            work_->go_on();
            return pass(policy, call, out);
        }));
    }

    flow interrupt(P& policy, call_context& call, outcome_slot<T>& out) {
        return or_end(detail::cancelled(policy.layer_name(), call, out));
    }

private:
    flow ask(P& policy, call_context& call, outcome_slot<T>& out, pause_point& at) {
        auto answer = policy.admit(call, call.now);
        auto* const ticket = std::get_if<typename P::ticket>(&answer);
        if (ticket == nullptr) {
            const auto* const why = std::get_if<refusal>(&answer);
            return detail::refused(policy.layer_name(), call, why != nullptr ? *why : refusal{}, out);
        }
        work_.emplace(policy);
        work_->entered.note(call);
        work_->held = permit<P>{policy, std::move(*ticket)};
        if (!policy.delays(work_->ticket())) return pass(policy, call, out);
        work_->place.emplace(call.parked());
        work_->until = policy.hold(*work_->place, work_->ticket(), call, call.now);
        return wait(call, at);
    }

    flow wait(const call_context& call, pause_point& at) noexcept {
        at.until = work_->until < call.deadline ? work_->until : call.deadline;
        return flow::pause;
    }

    flow pass(P& policy, call_context& call, outcome_slot<T>& out) {
        std::optional<error> failure = policy.answers(work_->ticket(), call);
        if (!failure) return flow::inward;
        ++call.sent;
        out.emplace(std::move(*failure));
        return flow::answer;
    }

    /// By the deadline, which says so itself; the words are the layer's.
    flow cut_short(P& policy, call_context& call, outcome_slot<T>& out) {
        const std::optional<error> failure = policy.answers(work_->ticket(), call);
        const verdict meaning = call.deadline_is_ours ? verdict::transient : verdict::ignored;
        error& e = detail::set_error(out, meaning, errc::deadline_exceeded, {}, call);
        if (failure) e.with_text(failure->words());
        ++call.sent;
        call.ran_out = true;
        return flow::outward;
    }

    /// Twice, where it alters what came back: that is judged in between.
    flow look_back(P& policy, call_context& call, outcome_slot<T>& out) {
        if constexpr (requires { policy.alter(work_->ticket(), *out, call); }) {
            const auto alter = [&] {
                work_->is_altered = policy.alter(work_->ticket(), *out, call);
                return work_->is_altered ? flow::answer : flow::inward;
            };
            if (!work_->is_altered && detail::guarded(policy.layer_name(), call, out, alter) == flow::answer)
                return flow::answer;
        }
        return detail::settle_permit(policy, work_->held, call, out, work_->entered);
    }

    /// What has been left is over.
    flow or_end(flow next) noexcept {
        if (next == flow::outward) work_.reset();
        return next;
    }

    late<detail::tampering<P>> work_;
};

}  // namespace cutwater
