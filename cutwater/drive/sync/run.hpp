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

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "cutwater/core/attribution.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/drive/pool/pool_work.hpp"
#include "cutwater/drive/sync/parker.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace cutwater {

namespace detail {

template <class T>
[[gnu::always_inline]] inline void attribute(outcome<T>& out, call_context& call) {
    if (out.is_success()) [[likely]]
        return;
    call.cancelled = call.said().stop.stop_requested();
    attribute_failure(out, call);
}

template <class Run, class F>
void invoke_here(Run& run, F& f) {
    call_context& call = run.call();
    attempt a{call, call.surroundings(), call.said().stop};
    auto& slot = run.slot();
    capture_into(slot, [&]() -> decltype(auto) { return call_with(f, a); });
    run.judge();
    attribute(*slot, call);
}

/// Whether `F` can be copied to another thread; what is fixed at compile time is refused there, the rest when it runs.
template <class Run, class F>
consteval bool can_move_elsewhere() {
    constexpr bool copyable = std::copy_constructible<std::decay_t<F>>;
    static_assert(copyable || Run::chosen_at_run_time,
                  "cutwater::worker_pool: the callable is copied to another thread, and cannot be");
    return copyable;
}

/// Until it is done, until it has waited for a thread as long as it may, or until nobody wants it any more.
inline pool_work_base::left wait_for(pool_work_base& work, parker& done, const call_context& call,
                                     duration longest_in_queue, blocking_environment& waits) {
    for (instant queued_until = add(work.submitted(), longest_in_queue); !work.is_done();) {
        const wait_end end = waits.wait(done, std::min(call.deadline, queued_until), call.said().stop);
        if (end == wait_end::woken) continue;
        if (end == wait_end::cancelled || call.deadline <= queued_until) return work.give_up();
        if (work.withdraw()) return pool_work_base::left::withdrawn;
        queued_until = never;  // it runs
    }
    return pool_work_base::left::done;
}

/// What no thread took in time is refused, as by a bulkhead: rules see what was sent. With the limit that was reached.
template <class Run>
void refuse_queued(Run& run, const call_runner& runner, instant submitted) {
    call_context& call = run.call();
    error e{errc::wait_timed_out, runner.layer_name(), call.operation()};
    if (add(submitted, runner.max_wait()) < call.deadline) e.with_limit(runner.max_wait());
    run.slot().emplace(std::move(e)).judge({.meaning = verdict::rejected});
    call.cancelled = false;
    call.ran_out = false;
}

/// On a thread of the runner's: waits for it until the deadline or the caller's cancellation, and then gives up.
template <class T, class Run, class F>
step invoke_elsewhere(call_runner& runner, Run& run, const F& f, blocking_environment& waits) {
    call_context& call = run.call();
    parker done;
    std::shared_ptr<pool_work<T, std::decay_t<F>>> work;
    try {
        work = std::make_shared<pool_work<T, std::decay_t<F>>>(runner, call, f);
    } catch (...) {  // what copying it throws is how the attempt failed
        store_exception(run.slot());
        run.judge();
        return run.settle();
    }
    runner.submit(work);
    work->tell(done);
    const auto left = wait_for(*work, done, call, runner.max_wait(), waits);
    call.now.forget();
    work->report(call, left);
    auto& slot = run.slot();
    const bool cancelled = call.said().stop.stop_requested();
    if (left == pool_work_base::left::withdrawn) --call.sent;  // no thread had taken it
    if (left == pool_work_base::left::withdrawn && !cancelled) {
        refuse_queued(run, runner, work->submitted());
        return run.settle();
    }
    if (left == pool_work_base::left::done)
        slot.emplace(std::move(*work->out()));
    else
        slot.emplace(error{cancelled ? errc::cancelled : errc::timed_out});
    run.judge();
    attribute(*slot, call);
    if (left == pool_work_base::left::orphaned) call.leave_behind(work);
    return run.settle();
}

/// One attempt, wherever the layers say.
template <class T, class Run, class F>
step invoke(Run& run, F& f, [[maybe_unused]] blocking_environment& waits) {
    if constexpr (Run::may_run_elsewhere) {
        if (call_runner* const runner = run.runner()) {
            if constexpr (can_move_elsewhere<Run, F>())
                return invoke_elsewhere<T>(*runner, run, f, waits);
            else
                throw std::logic_error{
                    "cutwater::worker_pool: the callable is copied to another thread, and cannot be"};
        }
    }
    invoke_here(run, f);
    return run.settle();
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
            next = detail::invoke<T>(run, f, waits);
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
