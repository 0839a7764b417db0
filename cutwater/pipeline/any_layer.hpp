// A layer chosen at run time: the same `layer_run` as in a pipeline fixed at compile time, behind virtual calls.
#pragma once

#include <memory>
#include <new>
#include <string>

#include "cutwater/pipeline/check.hpp"
#include "cutwater/pipeline/describe.hpp"
#include "cutwater/pipeline/layer_run.hpp"
#include "cutwater/pipeline/ref.hpp"

namespace cutwater {

/// Enters and leaves as `layer_run` does, on state that it makes in memory of the call's.
template <class T>
class any_layer {
public:
    enum class bounds : std::uint8_t { nothing, time };

    any_layer(std::size_t state_size, bounds what) noexcept : state_size_{state_size}, bounds_{what} {}
    any_layer(const any_layer&) = delete;
    any_layer& operator=(const any_layer&) = delete;
    virtual ~any_layer() = default;

    /// Makes the state at `state`, and enters. What is made is ended by `finish`, whatever else is called in between.
    virtual flow enter(void* state, call_context& call, outcome_slot<T>& out, pause_point& at) = 0;
    virtual flow leave(void* state, call_context& call, outcome_slot<T>& out, pause_point& at) = 0;
    virtual flow resume(void* state, call_context& call, outcome_slot<T>& out, pause_point& at) = 0;
    virtual flow interrupt(void* state, call_context& call, outcome_slot<T>& out) = 0;
    virtual void finish(void* state) noexcept = 0;
    /// For a frame that watches, of a call that goes no further: makes the state. Others do nothing, and say `outward`.
    virtual flow watch(void* state, call_context& call, outcome_slot<T>& out) = 0;
    /// Ends what `watch` began, and the state with it.
    virtual void unwatch(void* state, call_context& call, outcome_slot<T>& out) = 0;
    [[nodiscard]] virtual std::string describe() = 0;
    virtual void gauges(instant now, gauge_visitor& seen) = 0;
    /// The gate that this layer is or refers to; null where it is none.
    [[nodiscard]] virtual const void* gate() noexcept = 0;
    /// Where the callable runs, where this layer says so.
    [[nodiscard]] virtual call_runner* runner() noexcept = 0;
    /// Waits for the layer's own threads, if it owns any.
    virtual void stop() noexcept = 0;

    [[nodiscard]] std::size_t state_size() const noexcept { return state_size_; }
    [[nodiscard]] bool bounds_time() const noexcept { return bounds_ == bounds::time; }

private:
    std::size_t state_size_;
    bounds bounds_;
};

/// `Layer` is a policy, or a reference to one.
template <class T, class Layer>
class any_layer_of final : public any_layer<T> {
    using policy_type = policy_of<Layer>;
    using state_type = layer_run<policy_type, T>;
    static_assert(alignof(state_type) <= alignof(std::max_align_t));

public:
    explicit any_layer_of(Layer layer)
        : any_layer<T>{sizeof(state_type),
                       bounds_time_of_calls<policy_type> ? any_layer<T>::bounds::time : any_layer<T>::bounds::nothing},
          layer_{std::move(layer)} {}

    flow enter(void* state, call_context& call, outcome_slot<T>& out, pause_point& at) override {
        return (new (state) state_type)->enter(unwrap(layer_), call, out, at);
    }
    flow leave(void* state, call_context& call, outcome_slot<T>& out, pause_point& at) override {
        return at_work(state).leave(unwrap(layer_), call, out, at);
    }
    flow resume(void* state, call_context& call, outcome_slot<T>& out, pause_point& at) override {
        return at_work(state).resume(unwrap(layer_), call, out, at);
    }
    flow interrupt(void* state, call_context& call, outcome_slot<T>& out) override {
        return at_work(state).interrupt(unwrap(layer_), call, out);
    }
    void finish(void* state) noexcept override { std::destroy_at(&at_work(state)); }
    flow watch([[maybe_unused]] void* state, [[maybe_unused]] call_context& call,
               [[maybe_unused]] outcome_slot<T>& out) override {
        if constexpr (watching_frame<policy_type>) {
            const flow next = (new (state) state_type)->watch(unwrap(layer_), call, out);
            if (next != flow::inward) finish(state);
            return next;
        } else {
            return flow::outward;
        }
    }
    void unwatch([[maybe_unused]] void* state, [[maybe_unused]] call_context& call,
                 [[maybe_unused]] outcome_slot<T>& out) override {
        if constexpr (watching_frame<policy_type>) {
            (void)at_work(state).unwatch(unwrap(layer_), call, out);
            finish(state);
        }
    }
    [[nodiscard]] std::string describe() override { return describe_layer(unwrap(layer_)); }
    void gauges(instant now, gauge_visitor& seen) override { visit_gauges(unwrap(layer_), now, seen); }
    [[nodiscard]] const void* gate() noexcept override { return gate_behind(layer_); }
    [[nodiscard]] call_runner* runner() noexcept override {
        if constexpr (runs_calls<policy_type>)
            return &unwrap(layer_).runner();
        else
            return nullptr;
    }
    void stop() noexcept override {
        if constexpr (owns_threads<Layer>) layer_.stop();
    }

private:
    static state_type& at_work(void* state) noexcept { return *std::launder(static_cast<state_type*>(state)); }

    Layer layer_;
};

}  // namespace cutwater
