// The driver of a simulated world: a call through a pipeline, as events.
//
//     cw::sim::send<int>(world, pipeline, {.operation = "get"}, callee, [&](const cw::result<int>& r) { ... });
//
// `callee(attempt, reply<T>)` is what the call is made to; `done(result)` hears how it went. What the layers decide is done in
// the world's time. As the coroutine driver it interrupts an attempt at its deadline, and when the caller cancels, and goes on at
// once: what comes later is an answer that nobody waits for. A pipeline with a worker pool has no meaning here.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "cutwater/core/attribution.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/pipeline/run_state.hpp"
#include "cutwater/sim/reply.hpp"
#include "cutwater/sim/world.hpp"

namespace cutwater::sim {

namespace detail {

/// Kept alive by its world from `begin` until it is done.
template <class T, class Pipeline, class Callee, class Done>
class simulated_call final : public awaiting<T>,
                             private waker,
                             private parking,
                             public std::enable_shared_from_this<simulated_call<T, Pipeline, Callee, Done>> {
public:
    simulated_call(world& in, Pipeline& through, call_options said, Callee callee, Done done)
        : world_{in}, said_{std::move(said)}, callee_{std::move(callee)}, done_{std::move(done)},
          run_{through.template start_run<T>(said_, in, *this)} {}

    void begin() {
        world_.adopt(this->shared_from_this());
        if (said_.stop.stop_possible())
            stop_.emplace(said_.stop, [this] { soon([](simulated_call& self) { self.cancel(); }); });
        go(run_.start());
    }

    bool answer(unsigned turn, std::expected<T, error> what) override {
        if (!awaits(turn)) return false;
        if (is_inside_callee_) {  // the callee has not returned yet
            doing_ = answered;
            soon([what = std::move(what)](simulated_call& self) mutable { self.end_with(std::move(what)); });
            return true;
        }
        end_with(std::move(what));
        return true;
    }
    [[nodiscard]] bool awaits(unsigned turn) const noexcept override { return doing_ == calling && turn == turn_; }

private:
    enum state : std::uint8_t { nothing, calling, answered, waiting };
    enum class ended : std::uint8_t { by_itself, interrupted };

    /// Has `what` happen if the call is still there then.
    template <class What>
    void when(instant t, What what) {
        world_.at(t, [weak = this->weak_from_this(), what = std::move(what)]() mutable {
            if (const auto self = weak.lock()) what(*self);
        });
    }
    template <class What>
    void soon(What what) {
        when(world_.now(), std::move(what));
    }

    void go(step next) {
        ++turn_;
        doing_ = nothing;
        switch (next) {
            case step::invoke: return call();
            case step::pause: return pause();
            case step::finish: return finish();
        }
    }

    void call() {
        doing_ = calling;
        call_context& about = run_.call();
        if (about.deadline != never)
            when(about.deadline, [turn = turn_](simulated_call& self) {
                // What comes together with the deadline is still an answer: it is due now, too.
                self.soon([turn](simulated_call& same) {
                    if (same.awaits(turn)) same.interrupt(errc::timed_out);
                });
            });
        is_inside_callee_ = true;
        try {
            attempt a{about, world_, said_.stop};
            callee_(a, reply<T>{this->shared_from_this(), turn_});
            is_inside_callee_ = false;
        } catch (...) {
            is_inside_callee_ = false;
            if (doing_ == answered) return;
            cutwater::store_exception(run_.slot());
            end_attempt(ended::by_itself);
        }
    }

    void end_with(std::expected<T, error> what) {
        store_returned(run_.slot(), std::move(what));
        end_attempt(ended::by_itself);
    }

    void interrupt(errc why) {
        run_.slot().emplace(error{why});
        end_attempt(ended::interrupted);
    }

    void end_attempt(ended how) {
        call_context& about = run_.call();
        run_.judge();
        if (!run_.slot()->is_success()) {
            about.cancelled = said_.stop.stop_requested();
            cutwater::detail::attribute_failure(*run_.slot(), about, how == ended::interrupted);
        }
        go(run_.settle());
    }

    [[nodiscard]] waker& prepare() override { return *this; }

    /// Called under a gate's lock, and perhaps before the pause has begun.
    void wake() noexcept override {
        woken_ = true;
        soon([](simulated_call& self) { self.look_again(); });
    }

    void pause() {
        doing_ = waiting;
        if (said_.stop.stop_requested()) return go(run_.interrupt());
        if (woken_) return soon([](simulated_call& self) { self.look_again(); });
        if (run_.pause_until() != never)
            when(run_.pause_until(), [turn = turn_](simulated_call& self) {
                if (self.turn_ == turn) self.resume();
            });
    }
    void look_again() {
        if (doing_ == waiting && woken_) resume();
    }
    void resume() {
        woken_ = false;
        go(run_.resume());
    }

    void cancel() {
        if (doing_ == calling) return interrupt(errc::cancelled);
        if (doing_ == waiting) go(run_.interrupt());
    }

    void finish() {
        const auto self = this->shared_from_this();
        stop_.reset();
        world_.let_go(self);
        const result<T> out = run_.take();
        done_(out);
    }

    world& world_;
    call_options said_;
    Callee callee_;
    Done done_;
    decltype(std::declval<Pipeline&>().template start_run<T>(said_, world_, std::declval<parking&>())) run_;
    std::optional<std::stop_callback<std::function<void()>>> stop_;
    unsigned turn_ = 0;  // of what is being awaited
    state doing_ = nothing;
    bool is_inside_callee_ = false;
    bool woken_ = false;
};

}  // namespace detail

template <class T, class Pipeline, class Callee, class Done>
void send(world& in, Pipeline& through, const call_options& said, Callee callee, Done done) {
    std::make_shared<detail::simulated_call<T, Pipeline, Callee, Done>>(in, through, said, std::move(callee),
                                                                        std::move(done))
        ->begin();
}

}  // namespace cutwater::sim
