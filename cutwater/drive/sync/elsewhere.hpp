// A blocking call's attempt on a thread of a worker pool's: handed over, waited for, given up.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "cutwater/core/attribution.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/drive/pool/pool_work.hpp"
#include "cutwater/drive/sync/parker.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace cutwater::detail {

template <class T>
[[gnu::always_inline]] inline void attribute(outcome<T>& out, call_context& call) {
    if (out.is_success()) [[likely]]
        return;
    call.cancelled = call.said().stop.stop_requested();
    attribute_failure(out, call);
}

inline constexpr const char* cannot_be_copied =
    "cutwater::worker_pool: the callable is copied to another thread, and cannot be";

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

/// The work that an attempt is, handed to a thread of the runner's; null where copying the callable threw, which is how the attempt
/// failed then.
template <class T, class Run, class F>
std::shared_ptr<pool_work<T, std::decay_t<F>>> submit(call_runner& runner, Run& run, const F& f, waker& done) {
    std::shared_ptr<pool_work<T, std::decay_t<F>>> work;
    try {
        work = std::make_shared<pool_work<T, std::decay_t<F>>>(runner, run.call(), f);
    } catch (...) {
        store_exception(run.slot());
        run.judge();
        return nullptr;
    }
    runner.submit(work);
    work->tell(done);
    return work;
}

/// Nobody waits for it any more, or it is done: what the attempt came to.
template <class T, class Run, class F>
step end_elsewhere(call_runner& runner, Run& run, const std::shared_ptr<pool_work<T, F>>& work,
                   pool_work_base::left left) {
    call_context& call = run.call();
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

/// On a thread of the runner's: waits for it until the deadline or the caller's cancellation, and then gives up.
template <class T, class Run, class F>
step invoke_elsewhere(call_runner& runner, Run& run, const F& f, blocking_environment& waits) {
    parker done;
    const auto work = submit<T>(runner, run, f, done);
    if (work == nullptr) return run.settle();
    return end_elsewhere<T>(runner, run, work, wait_for(*work, done, run.call(), runner.max_wait(), waits));
}

}  // namespace cutwater::detail
