// A store with a pipeline of our own around it, for coroutines: nobody is blocked, whoever asks.
//
//     cw::pipeline care{cw::timeout{500ms}, cw::retry{{.max_attempts = 2, .base_delay = 5ms}}, cw::circuit_breaker{{.name = "cells"}}};
//     boost::asio::io_context context;
//     cw::memory_store cells;                                                  // or Redis on this same executor
//     cw::async_guarded_store guarded{cells, care, context.get_executor()};
//     cw::idempotency_guard<int> payments{guarded};                            // in pipelines of coroutines
//
// Contract. As of a `guarded_store`: each question is a call, what it does not know to have been made is not known. `begin` only hands over; questions go through
// the pipeline by `async_run`, all at once, on a strand of the executor, and `done` is called there. A question ends with its limit, or the pipeline's, whatever the store behind
// it does; the answer that comes later is not heard. Without either it waits for as long as the store does. How many are under way is for a bulkhead in the pipeline to bound.
//
// The store behind it must not block in `begin`: SQLite's and PostgreSQL's belong into an `offloaded_store`, and that into this. Nor may whoever waits for this one
// block the executor's last thread, with `cw::ask` for instance: nothing is answered there meanwhile, and no limit passes.
//
// Lifetime: the store behind it outlives this one. So does the pipeline, with what it refers to, and it outlives the context, or the calls that are under way when this one goes: they
// end with the context's next turns. What is open when this is destroyed is told that it is cancelled (`errc::cancelled`), in the thread that destroys it; a completion that has begun
// in another thread may outlast the store. So it is where the context is destroyed first: from then on it refuses, with `errc::withdrawn`. The two are not destroyed at once by two threads. Completions may ask again, and
// destroy the store. Thread safety: every member, from any thread.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "cutwater/store/async_guarded/guard_desk.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater {

template <class Pipeline>
class async_guarded_store final : public cell_store {
public:
    async_guarded_store(cell_store& behind, Pipeline& through, const boost::asio::any_io_executor& executor)
        : name_{behind.store_name()},
          desk_{std::make_shared<detail::guarding_desk<Pipeline>>(behind, through, executor)} {}
    async_guarded_store(const async_guarded_store&) = delete;
    async_guarded_store& operator=(const async_guarded_store&) = delete;
    ~async_guarded_store() override { desk_->shut(); }

    [[nodiscard]] name store_name() const noexcept override { return name_; }
    void begin(cell_request asked, cell_completion done) noexcept override {
        desk_->ask(std::move(asked), std::move(done));
    }

private:
    name name_;
    std::shared_ptr<detail::guard_desk> desk_;
};

}  // namespace cutwater
