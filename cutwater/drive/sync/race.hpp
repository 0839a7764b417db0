// Several attempts of a blocking call at once: the callables run on the threads of a worker pool; the calling thread takes each attempt
// through its layers, and waits for all of them together.
//
// What has lost is given up as anything on a pool is: asked to stop, and an orphan until it ends.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <stdexcept>
#include <utility>

#include "cutwater/drive/sync/elsewhere.hpp"
#include "cutwater/pipeline/race.hpp"

namespace cutwater::detail {

template <class T, class Pipeline, class F>
class blocking_race {
    using outer_run = decltype(std::declval<Pipeline&>().template start_run<T>(
        std::declval<const call_options&>(), std::declval<environment&>(), std::declval<parking&>()));
    using inner_run = decltype(std::declval<Pipeline&>().share()->template start_branch<T>(
        std::declval<const call_options&>(), std::declval<environment&>(), std::declval<parking&>()));
    using racer = std::remove_reference_t<decltype(std::declval<Pipeline&>().racer())>;
    static_assert(inner_run::may_run_elsewhere,
                  "cutwater::hedge: blocking calls are hedged on threads; put a cw::worker_pool inside of the hedge");

public:
    blocking_race(Pipeline& guarded, outer_run& outer, const F& f, blocking_environment& waits)
        : guarded_{guarded}, outer_{outer}, f_{f}, waits_{waits}, options_{outer.call()},
          race_{guarded.racer(), outer.call(), options_} {
        static_assert(can_move_elsewhere<inner_run, F>() || inner_run::chosen_at_run_time);
    }
    blocking_race(const blocking_race&) = delete;
    blocking_race& operator=(const blocking_race&) = delete;
    ~blocking_race() { abandon(); }

    [[nodiscard]] step go() {
        for (;;) {
            const race_step next = race_.next();
            if (next.what == race_step::kind::finish) break;
            if (next.what == race_step::kind::begin)
                begin();
            else
                wait(next.at);
        }
        stop_all();
        race_.finish(outer_);
        return outer_.settle();
    }

private:
    enum class state : std::uint8_t { running, paused, over };

    /// One attempt. It is woken under locks of others', and only says so.
    struct branch final : waker, parking {
        branch(blocking_race& in, const branch_start& as)
            : owner{in}, began{as},
              run{in.guarded_.share()->template start_branch<T>(in.options_.said(), in.waits_.lent(), *this)} {
            began.inherit(run.call());
        }
        branch(const branch&) = delete;
        branch& operator=(const branch&) = delete;
        ~branch() = default;

        void wake() noexcept override {
            woken.store(true, std::memory_order_release);
            owner.place_.wake();
        }
        [[nodiscard]] waker& prepare() override { return *this; }

        blocking_race& owner;
        branch_start began;
        state doing = state::over;
        instant until = never;  // running: how long it may wait for a thread; paused: how long the pause is
        std::atomic<bool> woken{false};
        std::shared_ptr<pool_work<T, F>> work;
        inner_run run;
    };

    void begin() {
        branch& made = branches_.emplace_back(*this, race_.begin());
        advance(made, made.run.start());
    }

    void advance(branch& b, step next) {
        b.doing = state::over;  // what throws leaves it so
        while (next == step::invoke) {
            b.work = nullptr;
            call_runner& runner = runner_of(b);
            if constexpr (std::copy_constructible<F>)
                b.work = submit<T>(runner, b.run, f_, b);
            else
                throw std::logic_error{cannot_be_copied};
            if (b.work != nullptr) {
                b.doing = state::running;
                b.until = add(b.work->submitted(), runner.max_wait());
                return;
            }
            next = b.run.settle();  // copying the callable threw
        }
        b.doing = next == step::pause ? state::paused : state::over;
        if (next == step::pause) b.until = b.run.pause_until();
        if (next == step::finish) end(b);
    }

    [[nodiscard]] static call_runner& runner_of(branch& b) {
        if (call_runner* const runner = b.run.runner()) return *runner;
        throw std::logic_error{
            "cutwater::hedge: blocking calls are hedged on threads; put a cw::worker_pool inside of the hedge"};
    }

    void end(branch& b) {
        for (std::shared_ptr<orphan_work>& work : b.run.call().orphans) outer_.call().leave_behind(std::move(work));
        branch_end<T> how{b.run};
        race_.ended(b.began, how);
    }

    void wait(instant until) {
        for (branch& b : branches_)
            if (b.doing != state::over) until = std::min({until, b.until, time_of(b)});
        const wait_end how = waits_.wait(place_, until, outer_.call().said().stop);
        outer_.call().now.forget();
        if (how == wait_end::cancelled || outer_.call().said().stop.stop_requested()) {
            race_.stop();
            return stop_all();
        }
        for (branch& b : branches_)
            if (!race_.is_decided()) look_at(b, outer_.call().now);
    }

    /// What runs is given up at the deadline of its attempt; a pause never reaches it.
    [[nodiscard]] static instant time_of(branch& b) {
        return b.doing == state::running ? b.run.call().deadline : never;
    }

    void look_at(branch& b, instant now) {
        if (b.doing == state::paused) {
            if (!b.woken.exchange(false, std::memory_order_acquire) && now < b.until) return;
            b.doing = state::over;
            advance(b, b.run.resume());
            return;
        }
        if (b.doing != state::running) return;
        b.run.call().now.forget();
        if (b.work->is_done()) return end_work(b, pool_work_base::left::done);
        if (now >= b.run.call().deadline) return end_work(b, b.work->give_up());
        if (now < b.until) return;
        if (b.work->withdraw()) return end_work(b, pool_work_base::left::withdrawn);
        b.until = never;  // it runs
    }

    void end_work(branch& b, pool_work_base::left how) {
        b.doing = state::over;
        const auto work = std::move(b.work);
        b.woken.store(false, std::memory_order_relaxed);
        advance(b, end_elsewhere<T>(runner_of(b), b.run, work, how));
    }

    /// Nobody waits for what is still under way.
    void stop_all() {
        options_.stop();
        for (branch& b : branches_) {
            while (b.doing != state::over) {
                if (std::exchange(b.doing, state::over) == state::running)
                    end_work(b, b.work->give_up());
                else
                    advance(b, b.run.interrupt());
            }
        }
    }

    /// Something threw that no layer has caught, as where there is no memory. Of what is under way nothing refers to this any more, even if
    /// there is no memory for that either; it owns itself, as all work on a pool does.
    void abandon() noexcept {
        try {
            stop_all();
        } catch (...) {
            for (branch& b : branches_)
                if (b.work != nullptr) (void)b.work->give_up();
        }
    }

    Pipeline& guarded_;
    outer_run& outer_;
    const F& f_;
    blocking_environment& waits_;
    parker place_;
    branch_options options_;
    race<T, racer> race_;
    std::deque<branch> branches_;
};

}  // namespace cutwater::detail
