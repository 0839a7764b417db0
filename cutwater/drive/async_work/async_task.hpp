// A task whose attempts are coroutines, each in a coroutine thread of its own, so that its deadline and its caller can interrupt it.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "cutwater/core/capture.hpp"
#include "cutwater/drive/asio/run.hpp"
#include "cutwater/drive/async_work/async_desk.hpp"
#include "cutwater/drive/work/work_task.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace cutwater {

template <class T, class Guarded, class F, class Done>
class async_task final : public detail::posted_call<T, Guarded, F, Done>, public call_thread {
    using base = detail::posted_call<T, Guarded, F, Done>;
    using returned = result_of<F>;

public:
    async_task(async_desk& desk, const call_options& said, Guarded guarded, F f, Done done)
        : base{desk, said, std::move(guarded), std::move(f), std::move(done)}, call_thread{desk.executor()},
          desk_{desk} {}

    /// The queue has it now.
    [[nodiscard]] static task_handle own(std::shared_ptr<async_task> made) noexcept {
        async_task& task = *made;
        task.self_ = std::move(made);
        return task_handle{&task};
    }

    void turn() noexcept override {
        if (this->leaves_unbegun([this] { leave(); })) return;
        if (!watch_) this->watch(watch_, this->said().stop);
        go_on(this->begin_turn());
    }
    void dismiss(errc why) noexcept override {
        this->end_unbegun(why, [this] { leave(); });
    }
    void drop() noexcept override { leave(); }

private:
    void go_on(step what) noexcept {
        if constexpr (!detail::is_awaitable<returned>)
            while (what == step::invoke) {
                detail::invoke_here(this->run(), this->callable());
                what = this->run().settle();
            }
        else if (what == step::invoke)
            return begin_attempt_of_its_own();
        if (what == step::pause) return this->pause();
        this->end([this] { leave(); });
    }

    /// While an attempt runs this is its own, not the queue's: where its context goes, both go. One that cannot be begun has failed.
    void begin_attempt_of_its_own() noexcept {
        std::shared_ptr<async_task> self = std::move(self_);
        std::exception_ptr thrown;
        try {
            spawn(self);
        } catch (...) {
            thrown = std::current_exception();
        }
        if (thrown) ended(std::move(self), thrown);
    }
    void spawn(const std::shared_ptr<async_task>& self) {
        boost::asio::co_spawn(
            this->executor(), attempt_of_its_own(),
            boost::asio::bind_cancellation_slot(
                this->slot(), [self, desk = desk_.shared_from_this()](const std::exception_ptr& thrown) mutable {
                    async_task& task = *self;
                    task.ended(std::move(self), thrown);
                }));
    }
    void ended(std::shared_ptr<async_task> self, const std::exception_ptr& thrown) noexcept {
        self_ = std::move(self);
        auto& run = this->run();
        if (thrown) {
            run.slot().emplace(error::from_exception(thrown));
            run.judge();
        }
        go_on(run.settle());
    }

    boost::asio::awaitable<void> attempt_of_its_own() {
        auto& run = this->run();
        call_context& call = run.call();
        attempt a{call, call.surroundings(), call.said().stop};
        this->begin_attempt(call.deadline);
        try {
            if constexpr (std::is_void_v<typename returned::value_type>) {
                co_await call_with(this->callable(), a);
                run.slot().emplace(std::in_place);
            } else {
                store_returned(run.slot(), co_await call_with(this->callable(), a));
            }
        } catch (...) {
            store_exception(run.slot());
        }
        const bool interrupted = this->end_attempt();
        run.judge();
        if (!run.slot()->is_success()) {
            call.cancelled = this->is_cancelled(co_await boost::asio::this_coro::cancellation_state);
            detail::attribute_failure(*run.slot(), call, interrupted);
        }
        co_await boost::asio::this_coro::throw_if_cancelled(false);  // co_spawn awaits once more, to complete
    }

    /// What is still on its way to it finds that it has ended.
    void leave() noexcept {
        const std::shared_ptr<async_task> last = std::move(self_);
        watch_.reset();
        this->finish();
    }

    async_desk& desk_;
    std::shared_ptr<async_task> self_;  // while the queue has it
    std::optional<call_thread::stop_watch> watch_;
};

template <class Guarded, class F, class Done>
[[nodiscard]] task_handle make_async_task(async_desk& desk, const call_options& said, Guarded&& guarded, F f,
                                          Done done) {
    detail::check_posted<Guarded, F, Done>();
    using task = async_task<value_of<result_of<F>>, std::decay_t<Guarded>, F, Done>;
    return task::own(std::make_shared<task>(desk, said, std::forward<Guarded>(guarded), std::move(f), std::move(done)));
}

}  // namespace cutwater
