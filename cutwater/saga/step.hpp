// A step of a saga, and its undo: callables of the user's.
//
//     cw::pipeline bank{cw::timeout{5s}, cw::retry{}};
//     cw::saga_step<std::string> paid{"charge", [&](std::string& o) { return bank.run([&] { charge(o); }); },
//                                     [&](std::string&, cw::instant deadline) { return bank.run({.deadline = deadline}, [] { return 1; }); }};
//
// They take the context, which they may change, and, where they want it, the instant at which the lease ends. What they return as a value is not
// looked at; they fail by an `std::unexpected` of any type (a pipeline's result is one), or by an exception. So what would be a failure that nobody looks at,
// a `bool`, an error code, an error, does not compile. They are copied.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "cutwater/core/capture.hpp"

namespace cutwater {

/// In the place of an undo: there is none. Only of the last step, since all others may have to be undone.
struct no_undo_t {};
inline constexpr no_undo_t no_undo{};

template <class F, class Context>
concept saga_callable = std::invocable<F&, Context&, instant> || std::invocable<F&, Context&>;

namespace detail {

/// What tells by its value whether it went well.
template <class R>
concept tells_by_value =
    std::same_as<R, bool> || std::same_as<R, std::error_code> || std::same_as<R, std::error_condition> ||
    std::same_as<R, error> || std::is_error_code_enum_v<R> || std::is_error_condition_enum_v<R>;

template <class R>
consteval void check_saga_result() {
    static_assert(!tells_by_value<std::remove_cvref_t<R>>,
                  "cutwater::saga: a step or an undo gives a bool, an error code or an error as its value, at which "
                  "nobody looks; give void and throw, or an expected (std::expected, cw::result), or another value");
    static_assert(!is_future<std::remove_cvref_t<R>>,
                  "cutwater::saga: a step or an undo gives a future, whose outcome nobody has seen yet; wait for it");
}

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
        detail::check_saga_result<decltype(detail::call_in_saga(f, std::declval<Context&>(), instant{}))>();
        return [f = std::move(f)](Context& context, instant deadline) mutable {
            return detail::failure_of([&]() -> decltype(auto) { return detail::call_in_saga(f, context, deadline); });
        };
    }
};

}  // namespace cutwater
