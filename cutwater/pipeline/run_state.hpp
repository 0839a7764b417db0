// What drivers work with: a call on its way through the layers, as a machine without I/O.
//
//     for (step next = run.start();;) {
//         switch (next) {
//             case step::invoke: capture_into(run.slot(), f), run.judge();
//                                next = run.settle(); break;
//             case step::pause:  next = slept_until(run.pause_until()) ? run.resume() : run.interrupt(); break;
//             case step::finish: return run.take();
//         }
//     }
//
// The machine never blocks, sleeps, or asks for the time except through the call's `moment`.
#pragma once

#include "cutwater/core/attribution.hpp"
#include "cutwater/core/result.hpp"
#include "cutwater/pipeline/layer_run.hpp"
#include "cutwater/pipeline/remembering_run.hpp"
#include "cutwater/pipeline/tampering_run.hpp"

namespace cutwater {

/// What the driver is to do next.
enum class step : std::uint8_t { invoke, pause, finish };

/// The parts of a call that do not depend on how its layers are stored.
template <class T>
class run_state {
public:
    run_state(const call_options& said, environment& lent, parking& place) noexcept : call_{said, lent, place} {}
    run_state(const run_state&) = delete;
    run_state& operator=(const run_state&) = delete;

    [[nodiscard]] call_context& call() noexcept { return call_; }
    [[nodiscard]] outcome_slot<T>& slot() noexcept { return out_; }  ///< for the driver to put outcomes into
    [[nodiscard]] instant pause_until() const noexcept { return pause_.until; }

    /// The result, once `finish` was said.
    [[nodiscard]] result<T> take() {
        if (!out_->has_value()) [[unlikely]]
            complete(out_->failure());
        return {std::move(out_->result()), out_->from()};
    }

protected:
    ~run_state() = default;

    /// Nothing is sent for a call that nobody waits for: its caller has cancelled, or its deadline has passed.
    [[nodiscard, gnu::always_inline]] bool is_too_late() {
        if (call_.said().stop.stop_requested()) [[unlikely]] {
            detail::set_error(out_, verdict::cancelled, errc::cancelled, {}, call_);
            return true;
        }
        if (call_.deadline == never || call_.deadline > call_.now.get()) [[likely]]
            return false;
        detail::set_error(out_, verdict::ignored, errc::deadline_exceeded, {}, call_);
        return true;
    }

    /// An attempt has ended: has `rules` judge the outcome in the slot. What they throw is then what happened.
    template <class Rules>
    void judge_by(const Rules& rules) noexcept {
        call_.now.forget();
        try {
            out_->judge(rules(*out_));
        } catch (...) {
            detail::set_error(out_, verdict::ignored, errc::callback_failed, "classify", call_)
                .with_cause(std::current_exception());
        }
    }

    /// The same of an outcome that a layer has put in the slot: for the layers outside the callable has failed so.
    template <class Rules>
    void judge_answer_by(const Rules& rules) noexcept {
        judge_by(rules);
        call_.cancelled = call_.said().stop.stop_requested();
        detail::attribute_failure(*out_, call_);
    }

    call_context call_;
    outcome_slot<T> out_;
    pause_point pause_;

private:
    void complete(error& e) const {
        if (e.operation().empty()) e.with_operation(call_.operation());
        if (!call_.said().id.empty()) e.with_call_id(call_.said().id);
    }
};

}  // namespace cutwater
