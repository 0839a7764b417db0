// A step of a saga, and its undo: callables of the user's.
//
//     cw::pipeline bank{cw::timeout{5s}, cw::retry{}};
//     cw::saga_step<std::string> paid{"charge", [&](std::string& o) { return bank.run([&] { charge(o); }); },
//                                     [&](std::string&, cw::instant deadline) { return bank.run({.deadline = deadline}, [] { return 1; }); }};
//
// They take the context, which they may change, and, where they want it, the instant at which the lease ends. What they return as a value is not
// looked at; they fail by an `std::unexpected` of any type (a pipeline's result is one), or by an exception. They are copied.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "cutwater/core/capture.hpp"

namespace cutwater {

/// In the place of an undo: there is none. Only of the last step, since all others may have to be undone.
struct no_undo_t {};
inline constexpr no_undo_t no_undo{};

template <class F, class Context>
concept saga_callable = std::invocable<F&, Context&, instant> || std::invocable<F&, Context&>;

namespace detail {

template <class Context, class F>
decltype(auto) call_in_saga(F& f, Context& context, instant deadline) {
    if constexpr (std::invocable<F&, Context&, instant>)
        return std::invoke(f, context, deadline);
    else
        return std::invoke(f, context);
}

/// Why it failed; nothing where it did not.
template <class Produce>
[[nodiscard]] std::optional<error> failure_of(Produce&& produce) {
    auto out = capture(produce);
    if (out.has_value()) return std::nullopt;
    return std::move(out.failure());
}

}  // namespace detail

template <class Context>
class saga_step {
public:
    using callable = std::function<std::optional<error>(Context&, instant)>;

    template <saga_callable<Context> Do, saga_callable<Context> Undo>
    saga_step(std::string called, Do act, Undo reverse)
        : name{std::move(called)}, does{wrapped(std::move(act))}, undoes{wrapped(std::move(reverse))} {}
    template <saga_callable<Context> Do>
    saga_step(std::string called, Do act, no_undo_t) : name{std::move(called)}, does{wrapped(std::move(act))} {}

    [[nodiscard]] bool has_undo() const noexcept { return static_cast<bool>(undoes); }

    std::string name;
    callable does;
    callable undoes;

private:
    template <class F>
    static callable wrapped(F f) {
        return [f = std::move(f)](Context& context, instant deadline) mutable {
            return detail::failure_of([&]() -> decltype(auto) { return detail::call_in_saga(f, context, deadline); });
        };
    }
};

}  // namespace cutwater
