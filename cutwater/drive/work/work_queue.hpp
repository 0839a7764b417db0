// A work queue: takes tasks as fast as they come, up to a bound, and does them as fast as is good for what they call.
//
//     cw::work_queue orders{{.name = "orders", .workers = 2, .max_length = 100, .rate = 50}};
//     cw::pipeline charge_it{cw::retry{}, cw::ref(inventory_health), cw::timeout{500ms}};
//
//     auto taken = orders.post({.operation = "charge", .deadline = cw::in(30s)}, cw::ref(charge_it), [order] { charge(order); },
//                              [](const cw::result<void>& went) { if (!went) log_failure(went.error()); });
//     if (!taken) log(taken.error().message());      // orders: charge: the queue is full
//     const unsigned left = orders.drain(10s);       // before the program ends
//
// Contract. A task goes through its pipeline on one of `workers` threads. Where a layer has it wait, for the time of its next attempt or for
// a gate's permit, it goes back into the queue and its thread does something else; given that permit it goes before all others. It keeps
// its place, so `max_length` bounds what waits, what has paused and what runs, and a retry never finds the queue full. What matters more
// (`call_options::importance`) is next, and then what was posted first. `rate` bounds the attempts that begin: one that a layer refuses
// costs nothing; one that a gate let wait begins at once, and those after it wait for what it owes.
//
// Ends. Either `post` gives an error and nobody is told anything, or `done` is told a `cw::result<T>`, exactly once: on a worker; of a
// task that is displaced, or is past its deadline and in the way of another, in the thread that posted that one. It may post: see the page.
// What `done` throws ends the program, and so does what moving it throws, or moving a value into its parameter. Else a value that
// cannot be moved, and a call for which there is no memory, are told as `errc::failed`, with the exception. A task whose deadline passes,
// or whose caller cancels, before a worker takes it never runs, and leaves first. Of what never began the error says so: its layer is the
// queue's name, and it is `condition::never_sent`. Of what had begun, a pause included, it is the pipeline's, and something may have been
// sent.
//
// `drain` takes no more and waits; when its time is over what is held goes on. `stop` takes no more and cancels; the destructor stops, and waits for what runs. A task that blocks for a
// place in its own full queue waits `max_wait` for what cannot come; one that drains its own queue waits for itself.
//
// Lifetime: a pipeline is copied, or outlives the queue where it is posted by `cw::ref`, and so does what the callable refers to; texts of the
// options are copied. Thread safety: every member, from any thread. Allocation: one for each task.
// Errors: `errc::queue_full`, `queue_closed`, `wait_timed_out` and `cancelled` of `post` (in vain it waited for a place); of a task that never began
// `displaced`, `expired`, `withdrawn` (by its caller) and `queue_closed` (by `stop`); of any other its pipeline's. The constructor throws
// `invalid_options`, or `std::system_error` where threads cannot be had.
#pragma once

#include <future>
#include <memory>

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/drive/work/work_crew.hpp"
#include "cutwater/drive/work/work_task.hpp"

namespace cutwater {

namespace detail {

/// What moving it throws is kept in its place.
template <class T>
void keep(std::promise<result<T>>& told, result<T>&& went) {
    try {
        told.set_value(std::move(went));
    } catch (...) {
        told.set_value(result<T>{std::unexpect, error::from_exception(std::current_exception())});
    }
}

}  // namespace detail

class work_queue {
public:
    explicit work_queue(work_queue_options options = {});
    /// The listener outlives the queue. It hears what becomes of tasks here; what their pipelines decide is told there.
    work_queue(work_queue_options options, listener& hears);
    work_queue(work_queue_options options, listener&& hears) = delete;
    work_queue(const work_queue&) = delete;
    work_queue& operator=(const work_queue&) = delete;
    ~work_queue();

    [[nodiscard]] name layer_name() const noexcept { return crew_->layer_name(); }
    [[nodiscard]] const work_queue_options& options() const noexcept { return crew_->options(); }

    /// Has `f` run through `guarded`, a pipeline or a `cw::ref` to one, and `done` told how it went.
    template <class Guarded, class F, class Done = tells_nobody>
    [[nodiscard]] std::expected<void, error> post(const call_options& said, Guarded&& guarded, F f, Done done = {}) {
        return enter_at(*crew_, said, place_for(*crew_, said, this_thread), [&] {
            return make_work_task(*crew_, said, std::forward<Guarded>(guarded), std::move(f), std::move(done));
        });
    }
    template <detail::not_call_options Guarded, class F, class Done = tells_nobody>
    [[nodiscard]] std::expected<void, error> post(Guarded&& guarded, F f, Done done = {}) {
        return post(nothing_said, std::forward<Guarded>(guarded), std::move(f), std::move(done));
    }

    /// The same, for one who comes for the result later.
    template <class Guarded, class F>
    [[nodiscard]] auto submit(const call_options& said, Guarded&& guarded, F f) {
        check_callable<F>();
        using given = result<value_of<result_of<F>>>;
        std::promise<given> told;
        std::expected<std::future<given>, error> later{told.get_future()};
        auto taken = post(said, std::forward<Guarded>(guarded), std::move(f),
                          [told = std::move(told)](given&& went) mutable { detail::keep(told, std::move(went)); });
        if (!taken) later = std::unexpected{std::move(taken).error()};
        return later;
    }
    template <detail::not_call_options Guarded, class F>
    [[nodiscard]] auto submit(Guarded&& guarded, F f) {
        return submit(nothing_said, std::forward<Guarded>(guarded), std::move(f));
    }

    /// Takes no more, and waits until nothing is held, pauses included, but not longer than `within`. How many are left.
    unsigned drain(duration within = forever);
    /// Takes no more; what waits or has paused is cancelled, what runs is asked to stop (`attempt::stop_token`). Waits for neither: see `drain`.
    void stop() noexcept { crew_->stop(); }

    /// For gauges, each for itself: all that are held, and those of them that wait, and that run.
    [[nodiscard]] unsigned held() const noexcept { return crew_->held(); }
    [[nodiscard]] unsigned waiting() const noexcept { return crew_->waiting(); }
    [[nodiscard]] unsigned running() const noexcept { return crew_->running(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::calls_in_flight, running());
        seen(metrics::queue_length, waiting());
    }

private:
    work_queue(work_queue_options options, listener* hears);

    std::shared_ptr<work_crew> crew_;
};

}  // namespace cutwater
