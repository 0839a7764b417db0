// What surrounds a coroutine, wherever it goes on.
//
//     cw::kept_scope of_request{cw::call_options{.deadline = cw::in(1s)}};
//     auto work = []() -> asio::awaitable<void> { co_return; };
//     cw::spawn_in(of_request, io.get_executor(), work, asio::detached);          // all of it is inside of the request
//     cw::spawn_in(cw::surrounding(), io.get_executor(), work, asio::detached);   // a part of what surrounds this
//     cw::spawn_in(cw::no_scope, io.get_executor(), work, asio::detached);        // background: outside of it
//
// A `call_scope` belongs to a thread, and a coroutine that waits has none. So the scope is with its executor: `scoped_executor` runs each
// handler inside of it, and a coroutine that was spawned there is inside of it after each suspension, on whichever thread, and so is what
// it awaits. Two that take turns on one thread never see each other's.
//
// Two things of Asio's to know. `co_spawn` begins a coroutine at once where it is on its context's thread already; where something
// completes, whoever waited may go on at once. On an executor without a scope, it is in the scope of whoever that was until its next
// suspension: a task that was spawned by `asio::co_spawn` inherits a little. `spawn_in` lets neither happen: what is spawned is
// in its scope from its first line on, and its completion runs in the scope of who spawned it. Background work is spawned in `no_scope`.
//
// `scoped(f)` for `async_run`, where `f` gives an awaitable: each attempt is spawned in its scope, an allocation or two more for each.
//
// A strand: `scoped_executor{strand, scope}`, so that those who share it have a scope each. In a strand that is made of a scoped executor
// all are in that scope. Cost: a handler more is wrapped; who has no scope pays nothing. What is asked of it, required of it or preferred is
// the inner executor's to answer. Thread safety: as `any_io_executor`.
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/core/call_scope.hpp"

namespace cutwater {

/// Runs handlers where `inner` does, inside of `scope` and of nothing else.
class scoped_executor {
public:
    scoped_executor(boost::asio::any_io_executor inner, kept_scope scope) noexcept
        : inner_{std::move(inner)}, scope_{std::move(scope)} {}

    [[nodiscard]] const boost::asio::any_io_executor& inner() const noexcept { return inner_; }
    [[nodiscard]] const kept_scope& scope() const noexcept { return scope_; }

    template <class F>
    void execute(F f) const {
        inner_.execute([scope = scope_, f = std::move(f)]() mutable {
            const call_scope here{std::move(scope)};
            std::move(f)();
        });
    }

    // for asio::query, asio::require and asio::prefer
    template <class Property>
        requires(boost::asio::can_query_v<const boost::asio::any_io_executor&, Property>)
    [[nodiscard]] auto query(const Property& p) const -> decltype(auto) {
        return boost::asio::query(inner_, p);
    }
    template <class Property>
        requires(boost::asio::can_require_v<const boost::asio::any_io_executor&, Property>)
    [[nodiscard]] scoped_executor require(const Property& p) const {
        return {boost::asio::require(inner_, p), scope_};
    }
    template <class Property>
        requires(boost::asio::can_prefer_v<const boost::asio::any_io_executor&, Property>)
    [[nodiscard]] scoped_executor prefer(const Property& p) const {
        return {boost::asio::prefer(inner_, p), scope_};
    }

    friend bool operator==(const scoped_executor&, const scoped_executor&) noexcept = default;

private:
    boost::asio::any_io_executor inner_;
    kept_scope scope_;
};

/// `executor` without the scope that it has, if it has one: for what outlives the request that it was made for.
[[nodiscard]] boost::asio::any_io_executor unscoped(const boost::asio::any_io_executor& executor);

namespace detail {

template <class T>
struct spawned_signature {
    using type = void(std::exception_ptr, T);
};
template <>
struct spawned_signature<void> {
    using type = void(std::exception_ptr);
};

template <class F>
struct awaited_of : std::invoke_result<F&> {};
template <class T, class Executor>
struct awaited_of<boost::asio::awaitable<T, Executor>> {
    using type = boost::asio::awaitable<T, Executor>;
};

}  // namespace detail

/// As `asio::co_spawn`, of a callable that gives an awaitable, or of an awaitable: it runs on `executor` and in `scope`; the completion
/// in what surrounds whoever begins it.
template <class F, class Token>
auto spawn_in(kept_scope scope, const boost::asio::any_io_executor& executor, F f, Token&& token) {
    using signature = typename detail::spawned_signature<typename detail::awaited_of<F>::type::value_type>::type;
    return boost::asio::async_initiate<Token, signature>(
        [](auto handler, scoped_executor in, F spawned) {
            auto back = boost::asio::get_associated_executor(handler, in.inner());
            boost::asio::co_spawn(
                in, std::move(spawned),
                boost::asio::bind_executor(scoped_executor{std::move(back), surrounding()}, std::move(handler)));
        },
        token, scoped_executor{unscoped(executor), std::move(scope)}, std::move(f));
}

namespace detail {

/// An attempt that is a coroutine: a coroutine thread of its own, in its scope.
template <class T, class Executor>
struct in_scope_of_attempt<boost::asio::awaitable<T, Executor>> {
    template <class F>
    static boost::asio::awaitable<T> run(F& f, attempt& a) {
        std::conditional_t<std::is_void_v<T>, bool, std::optional<T>> given{};
        std::exception_ptr thrown;
        // what it gives need not be one that `co_spawn` can make up where there is none
        const auto begins = [&]() -> boost::asio::awaitable<void> {
            try {
                if constexpr (std::is_void_v<T>)
                    co_await call_with(f, a);
                else
                    given.emplace(co_await call_with(f, a));
            } catch (...) {
                thrown = std::current_exception();
            }
            co_await boost::asio::this_coro::throw_if_cancelled(false);  // co_spawn awaits once more, to complete
        };
        co_await spawn_in(kept_scope{a}, co_await boost::asio::this_coro::executor, begins(),
                          boost::asio::use_awaitable);
        if (thrown) std::rethrow_exception(std::move(thrown));
        if constexpr (!std::is_void_v<T>) co_return std::move(*given);
    }
};

}  // namespace detail

}  // namespace cutwater
