// A task of a work queue, as the queue knows it: something that takes turns until it has ended.
//
// Whoever serves the line has it take a `turn`, which ends in one of two ways: `work_desk::pause`, after which it may be
// anywhere, or its end, told to whoever posted it, and `work_desk::ended`. A task owns what its caller said of it, texts included.
//
// Cancellation: the stop token that its attempts see is requested by the caller's, and by the queue's when that is stopped.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cutwater/core/call.hpp"
#include "cutwater/core/late.hpp"
#include "cutwater/core/trace_context.hpp"
#include "cutwater/drive/work/kernel.hpp"
#include "cutwater/policy/rate_limiter/rate_limiter.hpp"

namespace cutwater {

class work_desk;
class queued_task;

/// Tasks that are on their way out: first in, first out.
class leaving_tasks {
public:
    void push(queued_task& task) noexcept;
    /// The oldest; null: nobody.
    [[nodiscard]] queued_task* pop() noexcept;

private:
    queued_task* first_ = nullptr;
    queued_task* last_ = nullptr;
};

class queued_task : public work_item, public waker, public parking {
public:
    /// Runs until it has ended, or pauses; it may be gone then.
    virtual void turn() noexcept = 0;
    /// It has never begun and never will: tells its end.
    virtual void dismiss(errc why) noexcept = 0;
    /// It goes, and nobody is told.
    virtual void drop() noexcept = 0;

    void wake() noexcept override;
    [[nodiscard]] waker& prepare() noexcept override { return *this; }

    [[nodiscard]] const call_options& said() const noexcept { return said_; }
    [[nodiscard]] instant posted() const noexcept { return posted_; }

protected:
    queued_task(work_desk& desk, const call_options& said);
    ~queued_task();

    [[nodiscard]] work_desk& desk() const noexcept { return desk_; }
    [[nodiscard]] error left_out(errc why) const;

private:
    friend work_desk;
    friend leaving_tasks;

    /// For one whose caller may cancel it: a token of its own.
    class either_stop {
    public:
        either_stop(queued_task& task, const std::stop_token& caller, const std::stop_token& queue)
            : of_caller_{caller, asks{*this, task}}, of_queue_{queue, asks{*this, task}} {}
        [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }

    private:
        struct asks {
            either_stop& stop;
            queued_task& task;
            void operator()() const noexcept;
        };
        std::stop_source source_;
        std::stop_callback<asks> of_caller_;
        std::stop_callback<asks> of_queue_;
    };

    void own(const call_options& said);

    work_desk& desk_;
    std::string texts_;  // what is said of it, one after the other
    kept_trace trace_;
    call_options said_;
    instant posted_ = never;                         // where somebody listens
    instant began_ = never;                          // the same
    errc leaves_for_{};                              // one that makes room for another
    queued_task* leaves_before_ = nullptr;           // the next of those
    std::optional<rate_limiter::reservation> paid_;  // for this turn
    bool woken_ = false;                             // before it had paused
    late<either_stop> stop_;                         // last made, first gone: it calls the rest
};

struct drops_task {
    void operator()(queued_task* task) const noexcept { task->drop(); }
};
using task_handle = std::unique_ptr<queued_task, drops_task>;

}  // namespace cutwater
