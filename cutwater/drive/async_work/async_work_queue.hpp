// A work queue for coroutines: what `work_queue` does with threads, on an executor.
//
//     cw::async_work_queue orders{io.get_executor(), {.name = "orders", .workers = 20, .max_length = 1000}};
//     auto taken = orders.post({.operation = "get"}, cw::ref(inventory),
//                              [&]() -> asio::awaitable<stock> { co_return co_await client.get(sku); },
//                              [](const cw::result<stock>& found) { show(found); });
//     const unsigned left = co_await orders.async_drain(10s);
//
// Contract. As `work_queue`, with `workers` attempts at once: a task that waits, for the time of its next attempt or for a gate's permit,
// counts for none. Attempts are interrupted as in the coroutine driver; one that cannot be spawned has failed. `done` is told on the
// executor, also of a task that made room for one that was posted elsewhere: as many of those may be untold as there are places, and
// then nobody makes room. Where the queue is full, `queue_overflow::block` makes `async_post` wait; `post` never waits, and is refused
// then. After some turns in a row the queue goes behind whatever else is ready.
//
// Executor: everything runs there, one thing at a time; a multi-threaded `io_context` needs a strand. `post`, `stop` and the gauges are for any
// thread. Lifetime: the queue goes before its context; pipelines and what callables refer to outlive that. The destructor stops: what is
// held is told on the executor, if that still runs. Where a context is destroyed with tasks in it, they go without being told.
// Errors: as `work_queue`. Allocation: one for each task, and what `co_spawn` needs for an attempt.
#pragma once

#include <memory>

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/drive/async_work/async_task.hpp"

namespace cutwater {

class async_work_queue {
public:
    explicit async_work_queue(const boost::asio::any_io_executor& executor, work_queue_options options = {})
        : desk_{std::make_shared<async_desk>(executor, std::move(options), nullptr)} {}
    /// The listener outlives the executor's last turn.
    async_work_queue(const boost::asio::any_io_executor& executor, work_queue_options options, listener& hears)
        : desk_{std::make_shared<async_desk>(executor, std::move(options), &hears)} {}
    async_work_queue(const boost::asio::any_io_executor&, work_queue_options, listener&&) = delete;
    async_work_queue(const async_work_queue&) = delete;
    async_work_queue& operator=(const async_work_queue&) = delete;
    ~async_work_queue() { desk_->stop(); }

    [[nodiscard]] name layer_name() const noexcept { return desk_->layer_name(); }
    [[nodiscard]] const work_queue_options& options() const noexcept { return desk_->options(); }

    /// Has `f` run through `guarded`, a pipeline or a `cw::ref` to one, and `done` told how it went.
    template <class Guarded, class F, class Done = tells_nobody>
    [[nodiscard]] std::expected<void, error> post(const call_options& said, Guarded&& guarded, F f, Done done = {}) {
        auto place = desk_->find_place(said);
        if (!place) return std::unexpected{desk_->refuse(errc::queue_full, said)};
        return enter_at(*desk_, said, std::move(*place), [&] {
            return make_async_task(*desk_, said, std::forward<Guarded>(guarded), std::move(f), std::move(done));
        });
    }
    template <detail::not_call_options Guarded, class F, class Done = tells_nobody>
    [[nodiscard]] std::expected<void, error> post(Guarded&& guarded, F f, Done done = {}) {
        return post(nothing_said, std::forward<Guarded>(guarded), std::move(f), std::move(done));
    }

    /// As `post`, but waits for a place where the options say so: until `max_wait`, the deadline, or its cancellation.
    template <class Guarded, class F, class Done = tells_nobody>
    [[nodiscard]] boost::asio::awaitable<std::expected<void, error>> async_post(call_options said, Guarded guarded, F f,
                                                                                Done done = {}) {
        const std::shared_ptr<async_desk> desk = desk_;
        auto place = co_await async_place_for(desk, said);
        co_return enter_at(*desk, said, std::move(place), [&] {
            return make_async_task(*desk, said, std::move(guarded), std::move(f), std::move(done));
        });
    }

    /// Takes no more, and waits until nothing is held, but not longer than `within`. How many are left.
    [[nodiscard]] boost::asio::awaitable<unsigned> async_drain(duration within = forever) {
        return async_drain_of(desk_, within);
    }
    /// Takes no more; what waits or has paused is cancelled, and so is what runs.
    void stop() noexcept { desk_->stop(); }

    /// For gauges, each for itself: all that are held, and those of them that wait, and that run.
    [[nodiscard]] unsigned held() const noexcept { return desk_->held(); }
    [[nodiscard]] unsigned waiting() const noexcept { return desk_->waiting(); }
    [[nodiscard]] unsigned running() const noexcept { return desk_->running(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::calls_in_flight, running());
        seen(metrics::queue_length, waiting());
    }

private:
    std::shared_ptr<async_desk> desk_;
};

}  // namespace cutwater
