// A call through layers that are known at compile time: everything is inlined, nothing is allocated.
#pragma once

#include <tuple>
#include <utility>

#include "cutwater/pipeline/ref.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace cutwater {

/// The layers of a pipeline that one machine is for: all of them, or those on one side of a layer that has several attempts
/// under way.
template <std::size_t Begin, std::size_t End>
struct layer_span {
    static constexpr std::size_t begin = Begin;
    static constexpr std::size_t end = End;
};

namespace detail {

template <class T, class Layers, std::size_t Begin, class Indices>
struct layer_runs;
template <class T, class Layers, std::size_t Begin, std::size_t... I>
struct layer_runs<T, Layers, Begin, std::index_sequence<I...>> {
    using type = std::tuple<layer_run<policy_of<std::tuple_element_t<Begin + I, Layers>>, T>...>;
    static constexpr bool may_run_elsewhere = (... || runs_calls<policy_of<std::tuple_element_t<Begin + I, Layers>>>);
};

}  // namespace detail

template <class T, class Rules, class Span, class... Layers>
class static_run : public run_state<T> {
    static constexpr std::size_t first = Span::begin;
    static constexpr std::size_t depth = Span::end;
    using parts = detail::layer_runs<T, std::tuple<Layers...>, first, std::make_index_sequence<depth - first>>;

public:
    static constexpr bool chosen_at_run_time = false;
    static constexpr bool may_run_elsewhere = parts::may_run_elsewhere;

    using layers = std::tuple<Layers...>;

    static_run(layers& stack, const Rules& rules, const call_options& said, environment& lent, parking& place) noexcept
        : run_state<T>{said, lent, place}, stack_{stack}, rules_{rules} {}

    /// Enters the layers, outermost first.
    [[nodiscard, gnu::always_inline]] step start() {
        if (this->is_too_late()) [[unlikely]]
            return tell_watchers<first>(), step::finish;
        return enter_at<first>();
    }

    /// The outcome is judged: leaves the layers, innermost first.
    [[nodiscard]] step settle() { return leave_at<depth>(); }

    /// The pause is over: by time, or because the call was woken.
    [[nodiscard]] step resume() {
        this->call_.now.forget();
        return at_paused_layer([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            return go_on<I>(run<I>().resume(layer<I>(), this->call_, this->out_, this->pause_));
        });
    }

    /// The caller cancelled during the pause.
    [[nodiscard]] step interrupt() {
        this->call_.now.forget();
        return at_paused_layer([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            return go_on<I>(run<I>().interrupt(layer<I>(), this->call_, this->out_));
        });
    }

    /// Where the callable runs; null: in the thread that calls.
    [[nodiscard]] call_runner* runner() noexcept {
        call_runner* found = nullptr;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (take_runner(layer<first + I>(), found), ...);
        }(std::make_index_sequence<depth - first>{});
        return found;
    }

    /// An attempt has ended, and its outcome is in `slot`: judges it.
    void judge() noexcept { this->judge_by(rules_); }

private:
    template <std::size_t I>
    static constexpr bool may_answer = tampering_gate<policy_of<std::tuple_element_t<I, layers>>> ||
                                       remembering_frame<policy_of<std::tuple_element_t<I, layers>>>;

    template <class Policy>
    static void take_runner(Policy& policy, call_runner*& found) noexcept {
        if constexpr (runs_calls<Policy>) found = &policy.runner();
    }

    template <std::size_t I>
    [[nodiscard]] auto& layer() noexcept {
        return unwrap(std::get<I>(stack_));
    }
    template <std::size_t I>
    [[nodiscard]] auto& run() noexcept {
        return std::get<I - first>(runs_);
    }

    /// Of a call that comes too late, which enters no other layer.
    template <std::size_t I>
    void tell_watchers() {
        if constexpr (I == depth) {
            return;
        } else if constexpr (watching_frame<policy_of<std::tuple_element_t<I, layers>>>) {
            const flow entered = run<I>().watch(layer<I>(), this->call_, this->out_);
            tell_watchers<I + 1>();
            if (entered == flow::inward) (void)run<I>().unwatch(layer<I>(), this->call_, this->out_);
        } else {
            tell_watchers<I + 1>();
        }
    }

    template <std::size_t I>
    [[nodiscard]] step enter_at() {
        if constexpr (I == depth)
            return ++this->call_.sent, step::invoke;
        else
            return go_on<I>(run<I>().enter(layer<I>(), this->call_, this->out_, this->pause_));
    }

    /// Leaves layer I - 1 and those around it.
    template <std::size_t I>
    [[nodiscard]] step leave_at() {
        if constexpr (I == first) {
            return step::finish;
        } else {
            const flow next = run<I - 1>().leave(layer<I - 1>(), this->call_, this->out_, this->pause_);
            if (next == flow::outward) [[likely]]
                return leave_at<I - 1>();
            if constexpr (may_answer<I - 1>)
                if (next == flow::answer) return this->judge_answer_by(rules_), leave_at<I>();
            paused_at_ = I - 1;
            return step::pause;
        }
    }

    template <std::size_t I>
    [[nodiscard]] step go_on(flow next) {
        if (next == flow::inward) [[likely]]
            return enter_at<I + 1>();
        if (next == flow::outward) return leave_at<I>();
        if constexpr (may_answer<I>)
            if (next == flow::answer) return this->judge_answer_by(rules_), leave_at<I + 1>();
        paused_at_ = I;
        return step::pause;
    }

    /// Calls `f` with the index of the layer that paused.
    template <class F>
    [[nodiscard]] step at_paused_layer(F&& f) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            step next = step::finish;
            (void)((paused_at_ == first + I && (next = f(std::integral_constant<std::size_t, first + I>{}), true)) ||
                   ...);
            return next;
        }(std::make_index_sequence<depth - first>{});
    }

    layers& stack_;
    const Rules& rules_;
    typename parts::type runs_;
    std::size_t paused_at_ = 0;
};

}  // namespace cutwater
