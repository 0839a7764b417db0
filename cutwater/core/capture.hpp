// From whatever a callable does to an outcome: returns a value, `void` or `std::expected`, or throws.
#pragma once

#include <concepts>
#include <exception>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cutwater/core/call.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/core/result.hpp"

namespace cutwater {

namespace detail {

template <class R>
struct returned_value {
    using type = R;
};
template <class T, class E>
struct returned_value<std::expected<T, E>> {
    using type = T;
};
template <class T>
struct returned_value<result<T>> {  // another pipeline's
    using type = T;
};
template <>
struct returned_value<void> {
    using type = void;
};

/// What is moved out of there; where moving it throws, what `instead` makes of that.
template <class Value, class Instead>
[[nodiscard]] Value taken_out(Value& there, Instead&& instead) noexcept(std::is_nothrow_move_constructible_v<Value>) {
    if constexpr (std::is_nothrow_move_constructible_v<Value>) {
        return std::move(there);
    } else {
        try {
            return std::move(there);
        } catch (...) {
            return instead(std::current_exception());
        }
    }
}

/// Moves `from` into the optional `to`; where that throws, `to` holds what `instead` makes of it.
template <class Optional, class Value, class Instead>
void move_into(Optional& to, Value& from, Instead&& instead) noexcept(std::is_nothrow_move_constructible_v<Value>) {
    if constexpr (std::is_nothrow_move_constructible_v<Value>) {
        to.emplace(std::move(from));
    } else {
        try {
            to.emplace(std::move(from));
        } catch (...) {
            to.emplace(instead(std::current_exception()));
        }
    }
}

}  // namespace detail

/// The `T` of the `outcome<T>` that a callable returning `R` makes.
template <class R>
using value_of = typename detail::returned_value<std::remove_cvref_t<R>>::type;

/// A callable that takes the attempt, or nothing.
template <class F>
concept attempt_callable = std::invocable<F&, attempt&> || std::invocable<F&>;

namespace detail {

/// `std::future` and its like: has the value later, by `get()`, after a `wait()`.
template <class Given>
concept is_future = requires(Given given) {
    given.wait();
    given.get();
    { given.valid() } -> std::same_as<bool>;
};

}  // namespace detail

template <class F>
decltype(auto) call_with(F& f, attempt& a) {
    if constexpr (std::invocable<F&, attempt&>)
        return std::invoke(f, a);
    else
        return std::invoke(f);
}

/// Says so in plain words before anything else is looked at.
template <class F>
consteval void check_callable() {
    static_assert(
        attempt_callable<F> || !(std::invocable<F, attempt&> || std::invocable<F>),
        "cutwater: the callable can be called only once, and each attempt calls it; keep what is sent, so that it can "
        "be sent again");
    static_assert(attempt_callable<F>,
                  "cutwater: the callable takes neither a cw::attempt& nor nothing; capture what it needs");
    if constexpr (attempt_callable<F>)
        static_assert(
            !detail::is_future<decltype(call_with(std::declval<F&>(), std::declval<attempt&>()))>,
            "cutwater: the callable gives a future, whose outcome nobody has seen yet; wait for it inside, or "
            "write a coroutine");
}

template <attempt_callable F>
using result_of = decltype(call_with(std::declval<F&>(), std::declval<attempt&>()));

/// The error in an `std::unexpected`: ours as it is, a code as a code, anything else kept whole. Its words are its own, or
/// those of a `to_string` beside its type.
template <class E>
[[nodiscard]] error to_error(E&& e) {
    using original = std::remove_cvref_t<E>;
    if constexpr (std::same_as<original, error>)
        return std::forward<E>(e);
    else if constexpr (std::same_as<original, std::error_code>)
        return error{e};
    else if constexpr (std::convertible_to<const original&, std::error_code>)
        return error::from_original<original>(std::error_code{e}, std::forward<E>(e));
    else if constexpr (requires { std::error_code{make_error_code(e)}; })  // error enumerations, std::errc among them
        return error::from_original<original>(make_error_code(e), std::forward<E>(e));
    else if constexpr (std::convertible_to<const original&, std::string_view>)  // a text: it is what there is to say
        return error::from_original<original>(errc::failed, e).with_text(std::string{std::string_view{e}});
    else if constexpr (requires { std::string{to_string(e)}; })
        return error::from_original<original>(errc::failed, e).with_text(std::string{to_string(e)});
    else if constexpr (std::is_enum_v<original>)
        return error::from_original<original>(errc::failed, e)
            .with_text("error " + std::to_string(std::to_underlying(e)));
    else
        return error::from_original<original>(errc::failed, std::forward<E>(e));
}

/// Puts into `slot` what a callable returned: a value, an `std::expected`, or what another pipeline gave.
template <class T, class R>
void store_returned(outcome_slot<T>& slot, R&& returned) {
    if constexpr (std::same_as<std::remove_cvref_t<R>, T>) {
        slot.emplace(std::in_place, std::forward<R>(returned));
    } else {
        origin from;
        if constexpr (requires {
                          { returned.from() } -> std::convertible_to<origin>;
                      })
            from = returned.from();
        if (!returned)
            slot.emplace(to_error(std::forward<R>(returned).error()));
        else if constexpr (std::is_void_v<T>)
            slot.emplace(std::in_place);
        else
            slot.emplace(std::in_place, *std::forward<R>(returned));
        slot->mark(from);
    }
}

/// Puts into `slot` the exception that is being handled.
template <class T>
void store_exception(outcome_slot<T>& slot) noexcept {
    slot.emplace(error::from_exception(std::current_exception()));
}

/// Runs `produce` and puts whatever it does into `slot`; judged later. What moving a value throws is kept as well.
template <class T, class Produce>
void capture_into(outcome_slot<T>& slot, Produce&& produce) {
    using R = std::invoke_result_t<Produce&>;
    try {
        if constexpr (std::is_void_v<R>) {
            produce();
            slot.emplace(std::in_place);
        } else {
            store_returned(slot, produce());
        }
    } catch (...) {
        store_exception(slot);
    }
}

/// As `capture_into`, for those who keep no slot.
template <class Produce>
[[nodiscard]] auto capture(Produce&& produce) {
    outcome_slot<value_of<std::invoke_result_t<Produce&>>> slot;
    capture_into(slot, produce);
    return std::move(*slot);
}

}  // namespace cutwater
