// The blocking driver: does, in the calling thread, what the layers decide.
//
//     std::expected<stock, cw::error> result = inventory.run({.operation = "get", .stop = token}, f);
//
// Cancellation: `call_options::stop` ends a sleep or a place in a queue at once; the callable sees it as
// `attempt::stop_token()` and ends when it sees fit. Timeouts: the callable sees its deadline; a value that comes late
// is still the value, an error that comes at or after the deadline is the timeout's. Code that can neither be told its
// deadline nor interrupted runs on a `worker_pool`.
//
// Thread safety: any number of threads at once on one pipeline. Allocation: none, but for errors with a history.
#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/drive/sync/elsewhere.hpp"
#include "cutwater/drive/sync/race.hpp"

namespace cutwater {

namespace detail {

template <class Run, class F>
void invoke_here(Run& run, F& f) {
    call_context& call = run.call();
    attempt a{call, call.surroundings(), call.said().stop};
    auto& slot = run.slot();
    capture_into(slot, [&]() -> decltype(auto) { return call_with(f, a); });
    run.judge();
    attribute(*slot, call);
}

/// One attempt, wherever the layers say.
template <class T, class Run, class F>
step invoke(Run& run, F& f, [[maybe_unused]] blocking_environment& waits) {
    if constexpr (Run::may_run_elsewhere) {
        if (call_runner* const runner = run.runner()) {
            if constexpr (can_move_elsewhere<Run, F>())
                return invoke_elsewhere<T>(*runner, run, f, waits);
            else
                throw std::logic_error{cannot_be_copied};
        }
    }
    invoke_here(run, f);
    return run.settle();
}

/// The callable, or a pointer to it where it is a function.
template <class F>
[[nodiscard]] decltype(auto) callable_object(F& f) noexcept {
    if constexpr (std::is_function_v<F>)
        return &f;
    else
        return (f);
}

/// One attempt; or several, where a layer hedges.
template <class T, class Pipeline, class Run, class F>
[[gnu::always_inline]] inline step invoke_or_race(Pipeline& guarded, Run& run, F& f, blocking_environment& waits) {
    if constexpr (Pipeline::may_race) {
        const auto& kept = callable_object(f);
        if (guarded.races()) return blocking_race<T, Pipeline, std::decay_t<F>>{guarded, run, kept, waits}.go();
    }
    return invoke<T>(run, f, waits);
}

}  // namespace detail

/// Runs `f` through `guarded`, waiting as `waits` does; what `pipeline::run` does in this thread.
template <class Pipeline, class F>
auto run_blocking(Pipeline& guarded, const call_options& said, F&& f, blocking_environment& waits = this_thread) {
    check_callable<F>();
    static_assert(
        !requires { std::declval<result_of<F>>().await_ready(); },
        "cutwater::run: the callable is a coroutine; use async_run");
    using T = value_of<result_of<F>>;
    blocking_parking place;
    auto run = guarded.template start_run<T>(said, waits.lent(), place);
    for (step next = run.start();;) {
        if (next == step::invoke) [[likely]] {
            next = detail::invoke_or_race<T>(guarded, run, f, waits);
        } else if (next == step::finish) {
            return run.take();
        } else {
            const wait_end end = waits.wait(place.get(), run.pause_until(), said.stop);
            const bool cancelled = end == wait_end::cancelled || said.stop.stop_requested();
            next = cancelled ? run.interrupt() : run.resume();
        }
    }
}

}  // namespace cutwater
