// The coroutine driver: does, on the caller's executor, what the layers decide.
//
//     std::expected<stock, cw::error> result =
//         co_await inventory.async_run([&](cw::attempt& a) -> asio::awaitable<stock> { co_return co_await client.get(sku); });
//     inventory.async_run(f, asio::bind_executor(io, asio::use_future));   // or any completion token with an executor
//
// Interruption: when an attempt's deadline passes, the operation that it awaits is cancelled (`cancellation_type::all`;
// Asio's default filter lets `terminal` through). The call goes on when the attempt has ended: what ignores cancellation
// is waited for. A value that arrives together with the deadline is still the value; a failure at or after it is the
// deadline's where it is about time.
//
// Cancellation: the caller's cancellation slot (`terminal` only: the request may have left), and `call_options::stop` from
// any thread, cancel the attempt and end a sleep or a place in a queue at once. They are told from a timeout by who asked,
// not by the error that comes out.
//
// Executor: as for Asio's own awaitable operators, a call runs on one thread or strand; a multi-threaded `io_context`
// needs a strand round it. Lifetime: `f` is kept in the call's own frame; the pipeline and what `f` refers to outlive it.
// Frames: a call without a deadline adds one coroutine frame; with one, it is spawned once, however many attempts it makes.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/core/attribution.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/core/late.hpp"
#include "cutwater/drive/asio/boost_codes.hpp"
#include "cutwater/drive/asio/call_thread.hpp"
#include "cutwater/drive/asio/frame_memory.hpp"
#include "cutwater/drive/asio/pause.hpp"
#include "cutwater/drive/asio/race.hpp"
#include "cutwater/drive/asio/scoped_executor.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace boost::asio::detail {
template <typename T, typename Blocking>
class promise_executor;
}

namespace cutwater {

namespace detail {

/// What `use_future` brings along: the system's executor, of any number of threads, on all of which a call would run.
template <class Executor>
inline constexpr bool is_of_a_future = false;
template <class T, class Blocking>
inline constexpr bool is_of_a_future<boost::asio::detail::promise_executor<T, Blocking>> = true;

template <class T, class Executor>
struct returned_value<boost::asio::awaitable<T, Executor>> : returned_value<T> {};

template <class R>
inline constexpr bool is_awaitable = false;
template <class T, class Executor>
inline constexpr bool is_awaitable<boost::asio::awaitable<T, Executor>> = true;

/// Most calls never wait: the pause is made when the first one is about to.
class asio_parking final : public parking {
public:
    explicit asio_parking(const boost::asio::any_io_executor& executor) noexcept : executor_{executor} {}
    [[nodiscard]] waker& prepare() override { return get(); }
    [[nodiscard]] asio_pause& get() {
        if (!pause_) pause_ = std::make_shared<asio_pause>(executor_);
        return *pause_;
    }

private:
    const boost::asio::any_io_executor& executor_;
    std::shared_ptr<asio_pause> pause_;
};

/// In place of a `call_thread`, for a call that nothing but its awaiter interrupts: no deadline, no stop token.
struct no_thread {
    struct stop_watch {};
    void watch(std::optional<stop_watch>&, const std::stop_token&) const noexcept {}
    void begin_attempt(instant) const noexcept {}
    [[nodiscard]] bool end_attempt() const noexcept { return false; }
    [[nodiscard]] bool is_cancelled(const boost::asio::cancellation_state& state) const noexcept {
        return state.cancelled() != boost::asio::cancellation_type::none;
    }
};

/// The whole call, in one frame: gives a `result<T>`, or, where `Out` is void, puts it into `thread`. `thread`: what can
/// interrupt it. `Fn` is the callable, `Said` its options, or references to what outlives the frame.
template <class Out, class T, class Pipeline, class Said, class Fn, class Thread>
boost::asio::awaitable<Out> drive(frame_memory, Pipeline& guarded, Said said, Fn f, Thread thread) {
    namespace asio = boost::asio;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio_parking place{executor};
    std::optional<typename std::remove_cvref_t<Thread>::stop_watch> watch;
    thread.watch(watch, said.stop);
    auto run = guarded.template start_run<T>(said, asio_timing::of(executor).lent(), place);
    call_context& call = run.call();
    if constexpr (requires { thread.inherit(call); }) thread.inherit(call);
    for (step next = run.start(); next != step::finish;) {
        if (next == step::invoke) [[likely]] {
            attempt a{call, call.surroundings(), said.stop};
            const auto calls = [&]() -> decltype(auto) { return call_with(f, a); };
            thread.begin_attempt(call.deadline);
            try {
                using R = result_of<std::remove_reference_t<Fn>>;
                if constexpr (!is_awaitable<R>) {
                    capture_into(run.slot(), calls);
                } else if constexpr (std::is_void_v<typename R::value_type>) {
                    co_await calls();
                    run.slot().emplace(std::in_place);
                } else {
                    store_returned(run.slot(), co_await calls());
                }
            } catch (...) {
                store_exception(run.slot());
            }
            const bool interrupted = thread.end_attempt();
            if (interrupted) co_await asio::this_coro::reset_cancellation_state();
            run.judge();
            if (!run.slot()->is_success()) [[unlikely]] {
                call.cancelled = thread.is_cancelled(co_await asio::this_coro::cancellation_state);
                attribute_failure(*run.slot(), call, interrupted);
            }
            next = run.settle();
        } else if (thread.is_cancelled(co_await asio::this_coro::cancellation_state)) {
            next = run.interrupt();
        } else {
            const pause_end end = co_await pause_quietly(place.get(), run.pause_until());
            const bool cancelled = end == pause_end::cancelled || said.stop.stop_requested() ||
                                   thread.is_cancelled(co_await asio::this_coro::cancellation_state);
            next = cancelled ? run.interrupt() : run.resume();
        }
    }
    // co_spawn awaits once more to complete; cancelled meanwhile, that would throw out of the io_context's own run
    if constexpr (!std::same_as<Thread, no_thread>) co_await asio::this_coro::throw_if_cancelled(false);
    if constexpr (requires { thread.put_ended(run); })
        thread.put_ended(run);
    else if constexpr (std::is_void_v<Out>)
        thread.put(run.take());
    else
        co_return run.take();
}

/// As `drive`, where a layer has several attempts under way at once: each is driven in a coroutine thread of its own.
template <class Out, class T, class Pipeline, class Said, class Fn, class Thread>
boost::asio::awaitable<Out> drive_race(frame_memory, Pipeline& guarded, Said said, Fn f, Thread thread) {
    namespace asio = boost::asio;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio_parking place{executor};
    std::optional<typename std::remove_cvref_t<Thread>::stop_watch> watch;
    thread.watch(watch, said.stop);
    const auto shared = std::make_shared<std::remove_reference_t<Fn>>(std::move(f));
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);  // a cancellation is waited for
    auto run = guarded.template start_run<T>(said, asio_timing::of(executor).lent(), place);
    for (step next = run.start(); next != step::finish;) {
        const auto is_cancelled = [&](const asio::cancellation_state& state) {
            return said.stop.stop_requested() || thread.is_cancelled(state);
        };
        if (next == step::invoke) {
            next = co_await race_attempts<T>({}, guarded, run, shared, is_cancelled);
        } else {
            const pause_end end = co_await pause_quietly(place.get(), run.pause_until());
            const bool cancelled =
                end == pause_end::cancelled || is_cancelled(co_await asio::this_coro::cancellation_state);
            next = cancelled ? run.interrupt() : run.resume();
        }
    }
    if constexpr (std::same_as<Thread, no_thread>) co_await asio::this_coro::throw_if_cancelled(throws);
    if constexpr (std::is_void_v<Out>)
        thread.put(run.take());
    else
        co_return run.take();
}

/// The one or the other.
template <class Out, class T, class Said, class Fn, class Thread, class Pipeline, class... Args>
boost::asio::awaitable<Out> drive_call(Pipeline& guarded, Args&&... args) {
    if constexpr (Pipeline::may_race)
        if (guarded.races())
            return drive_race<Out, T, Pipeline, Said, Fn, Thread>({}, guarded, std::forward<Args>(args)...);
    return drive<Out, T, Pipeline, Said, Fn, Thread>({}, guarded, std::forward<Args>(args)...);
}

/// A call in a coroutine thread of its own: what it needs, and what completes with it, in one piece of memory.
template <class T, class F, class Handler>
class spawned_call final : public call_thread {
public:
    spawned_call(boost::asio::any_io_executor executor, call_options said, F f, Handler handler)
        : call_thread{std::move(executor)}, said_{std::move(said)}, f_{std::move(f)}, handler_{std::move(handler)} {}

    template <class Pipeline>
    [[nodiscard]] boost::asio::awaitable<void> go(Pipeline& guarded) {
        return drive_call<void, T, const call_options&, F&, spawned_call&>(guarded, said_, f_, *this);
    }

    [[nodiscard]] Handler& handler() noexcept { return handler_; }
    void put(result<T> out) { out_.emplace(std::move(out)); }

    /// The handler may start the next call, or destroy what this one used: everything leaves this memory first.
    static void complete(std::shared_ptr<spawned_call> self, const std::exception_ptr& thrown) {
        if (auto slot = boost::asio::get_associated_cancellation_slot(self->handler_); slot.is_connected())
            slot.clear();
        self->finish();
        if (thrown) self->out_.emplace(std::unexpect, error::from_exception(thrown));
        result<T> out = taken_out(*self->out_, [](std::exception_ptr why) {
            return result<T>{std::unexpect, error::from_exception(std::move(why))};
        });
        Handler handler = std::move(self->handler_);
        self.reset();
        std::move(handler)(std::move(out));
    }

private:
    call_options said_;
    F f_;
    Handler handler_;
    late<result<T>> out_;
};

template <class T, class Pipeline, class F>
boost::asio::awaitable<void> asio_race<T, Pipeline, F>::drive_inner(inner_layers<core_type>& layers, branch& in) {
    return drive<void, T, inner_layers<core_type>, const call_options&, F&, branch&>({}, layers, options_.said(), *f_,
                                                                                     in);
}

template <class T, class Pipeline, class F, class Handler>
void spawn_call(Handler handler, Pipeline& guarded, const call_options& said, F f) {
    namespace asio = boost::asio;
    static_assert(
        !requires { typename asio::associated_executor<Handler>::asio_associated_executor_is_unspecialised; },
        "cutwater::async_run: the completion token has no executor; use asio::bind_executor(executor, token)");
    static_assert(
        !is_of_a_future<asio::associated_executor_t<Handler>>,
        "cutwater::async_run: use_future has no executor; use asio::bind_executor(executor, asio::use_future)");
    using call_type = spawned_call<T, F, Handler>;
    asio::any_io_executor executor = asio::get_associated_executor(handler);
    auto call = std::allocate_shared<call_type>(frame_allocator<call_type>{}, std::move(executor), said, std::move(f),
                                                std::move(handler));
    if (auto slot = asio::get_associated_cancellation_slot(call->handler()); slot.is_connected())
        slot.assign([weak = std::weak_ptr{call}](asio::cancellation_type type) {
            if ((type & asio::cancellation_type::terminal) == asio::cancellation_type::none) return;
            if (const auto alive = weak.lock())  // Asio's own part of this dispatches, too: it must find itself there
                asio::dispatch(alive->executor(), [alive, type] { alive->cancel(type); });
        });
    call_type& going = *call;
    asio::co_spawn(going.executor(), going.go(guarded), spawned_completion<call_type>{std::move(call)});
}

}  // namespace detail

/// There is one.
template <class Pipeline>
struct coroutine_driver {};

/// Runs `f` through `guarded`; what `pipeline::async_run` does. Completes with `result<T>`.
template <class Pipeline, attempt_callable F, class Token>
auto run_async(Pipeline& guarded, const call_options& said, F f, Token&& token) {
    using T = value_of<result_of<F>>;
    return boost::asio::async_initiate<Token, void(result<T>)>(
        [](auto handler, Pipeline* through, const call_options& options, F callable) {
            detail::spawn_call<T>(std::move(handler), *through, options, std::move(callable));
        },
        token, &guarded, said, std::move(f));
}

/// The same, to be awaited. Only a call that has something to interrupt it with needs a coroutine thread of its own.
template <class Pipeline, attempt_callable F>
boost::asio::awaitable<result<value_of<result_of<F>>>> run_async(Pipeline& guarded, const call_options& said, F f) {
    using T = value_of<result_of<F>>;
    if (said.deadline == never && !guarded.bounds_time() && !said.stop.stop_possible())
        return detail::drive_call<result<T>, T, call_options, F, detail::no_thread>(guarded, said, std::move(f),
                                                                                    detail::no_thread{});
    return run_async(guarded, said, std::move(f), boost::asio::use_awaitable);
}

}  // namespace cutwater
