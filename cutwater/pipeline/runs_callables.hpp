// The verbs of a pipeline, for both kinds of it: `run`, `run_or_throw`, `async_run`.
//
//     cw::pipeline guarded{cw::retry{}};
//     auto result = guarded.run({.operation = "get", .deadline = cw::in(1s)}, f);   // in this thread; result<T>
//     stock found = guarded.run_or_throw(f);                                        // the value, or an exception
//     auto later = co_await guarded.async_run([]() -> asio::awaitable<stock> { co_return f(); });   // or any token
//
// Each comes with `call_options` and without. The drivers do the work: include `cutwater/cutwater.hpp`, and for
// `async_run` `cutwater/asio.hpp`.
#pragma once

#include <type_traits>
#include <utility>

#include "cutwater/core/call.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/pipeline/check.hpp"

namespace cutwater {

/// Defined by the driver for coroutines, so that one that was forgotten can be named.
template <class Pipeline>
struct coroutine_driver;

template <class Pipeline>
class runs_callables {
public:
    /// Runs `f` now, in this thread. See `drive/sync/run.hpp`.
    template <class F>
    auto run(F&& f) {
        return run_blocking(self(), nothing_said, std::forward<F>(f));
    }
    template <class F>
    auto run(const call_options& said, F&& f) {
        return run_blocking(self(), said, std::forward<F>(f));
    }

    /// As `run`, but gives the value or throws: the original exception, or `call_error`.
    template <class F>
    auto run_or_throw(F&& f) {
        return run_or_throw(nothing_said, std::forward<F>(f));
    }
    template <class F>
    auto run_or_throw(const call_options& said, F&& f) {
        auto result = run_blocking(self(), said, std::forward<F>(f));
        if (!result) result.error().raise();
        if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return std::move(*result);
    }

    /// Runs the coroutine that `f` gives, for `co_await` or any completion token. See `drive/asio/run.hpp`.
    template <class F, class... Token>
    auto async_run(F f, Token&&... token) {
        check_async<F>();
        return run_async(self(), nothing_said, std::move(f), std::forward<Token>(token)...);
    }
    template <class F, class... Token>
    auto async_run(const call_options& said, F f, Token&&... token) {
        check_async<F>();
        return run_async(self(), said, std::move(f), std::forward<Token>(token)...);
    }

private:
    friend Pipeline;
    runs_callables() = default;

    template <class F>
    static consteval void check_async() {
        static_assert(
            requires { sizeof(coroutine_driver<Pipeline>); }, "cutwater::async_run: include cutwater/asio.hpp");
        check_callable<F>();
    }

    [[nodiscard]] Pipeline& self() noexcept { return static_cast<Pipeline&>(*this); }
};

}  // namespace cutwater
