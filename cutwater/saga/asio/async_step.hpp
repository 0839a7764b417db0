// A step of a saga of coroutines, and its undo: coroutines or plain callables.
//
//     cw::pipeline bank{cw::timeout{5s}, cw::retry{}};
//     cw::async_saga_step<std::string> paid{"charge", [](std::string& o) -> asio::awaitable<void> { charge(o); co_return; },
//         [&](std::string&, cw::instant deadline) { return bank.async_run({.deadline = deadline}, []() -> asio::awaitable<int> { co_return 1; }); }};
//
// The same as those of a `saga_step`; they are kept as long as a coroutine of theirs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/saga/step.hpp"

namespace cutwater {

namespace detail {

template <class R>
consteval void check_awaited_result() {
    if constexpr (is_awaitable<std::remove_cvref_t<R>>)
        check_saga_result<typename std::remove_cvref_t<R>::value_type>();
    else
        check_saga_result<R>();
}

/// Why it failed; nothing where it did not.
template <class Context, class F>
boost::asio::awaitable<std::optional<error>> await_in_saga(std::shared_ptr<F> f, Context& context, instant deadline) {
    using R = decltype(call_in_saga(*f, context, deadline));
    check_awaited_result<R>();
    outcome_slot<value_of<R>> slot;
    try {
        if constexpr (!is_awaitable<std::remove_cvref_t<R>>) {
            capture_into(slot, [&]() -> decltype(auto) { return call_in_saga(*f, context, deadline); });
        } else if constexpr (std::is_void_v<typename R::value_type>) {
            co_await call_in_saga(*f, context, deadline);
            slot.emplace(std::in_place);
        } else {
            store_returned(slot, co_await call_in_saga(*f, context, deadline));
        }
    } catch (...) {
        store_exception(slot);
    }
    if (slot->has_value()) co_return std::nullopt;
    co_return std::move(slot->failure());
}

}  // namespace detail

template <class Context>
class async_saga_step {
public:
    using callable = std::function<boost::asio::awaitable<std::optional<error>>(Context&, instant)>;

    template <saga_callable<Context> Do, saga_callable<Context> Undo>
    async_saga_step(std::string called, Do act, Undo reverse)
        : name{std::move(called)}, does{wrapped(std::move(act))}, undoes{wrapped(std::move(reverse))} {}
    template <saga_callable<Context> Do>
    async_saga_step(std::string called, Do act, no_undo_t) : name{std::move(called)}, does{wrapped(std::move(act))} {}

    [[nodiscard]] bool has_undo() const noexcept { return static_cast<bool>(undoes); }

    std::string name;
    callable does;
    callable undoes;

private:
    template <class F>
    static callable wrapped(F f) {
        return [kept = std::make_shared<F>(std::move(f))](Context& context, instant deadline) {
            return detail::await_in_saga(kept, context, deadline);
        };
    }
};

}  // namespace cutwater
