// Several attempts of one call at once, as coroutines.
//
// Each attempt is a coroutine thread of its own, so that it can be interrupted by itself. The call waits, as for a queue's permit, in an
// `asio_pause`: attempts that end wake it, and so does the time. Nothing here refers to the call's own coroutine but through `race_`,
// which that takes away with it: an attempt that has lost may go on, and end, when the call, its caller and its pipeline are gone.
//
// Thread safety: none; all of it runs on the call's executor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include "cutwater/drive/asio/call_thread.hpp"
#include "cutwater/drive/asio/frame_memory.hpp"
#include "cutwater/drive/asio/pause.hpp"
#include "cutwater/pipeline/race.hpp"

namespace cutwater::detail {

template <class T, class Pipeline, class F>
class asio_race;

/// The layers inside, as a pipeline.
template <class Core>
struct inner_layers {
    static constexpr bool may_race = false;
    template <class T>
    [[nodiscard]] auto start_run(const call_options& said, environment& lent, parking& place) {
        return core->template start_branch<T>(said, lent, place);
    }
    std::shared_ptr<Core> core;
};

/// One attempt.
template <class T, class Race>
class asio_branch final : public call_thread, public orphan_work {
public:
    asio_branch(std::shared_ptr<Race> in, const branch_start& as)
        : call_thread{in->executor()}, race_{std::move(in)}, began_{as}, layers_{race_->core()} {}

    [[nodiscard]] boost::asio::awaitable<void> go() { return race_->drive_inner(layers_, *this); }
    void inherit(call_context& inner) const noexcept { began_.inherit(inner); }
    void put_ended(run_state<T>& inner) { end_.emplace(inner); }

    static void complete(std::shared_ptr<asio_branch> self, const std::exception_ptr& thrown) {
        self->finish();
        self->done_ = true;
        if (thrown || !self->end_) self->end_.emplace(error::from_exception(thrown), self->began_.attempt);
        const std::shared_ptr<Race> race = std::exchange(self->race_, nullptr);
        auto release = std::exchange(self->kept_, {});
        const branch_start began = self->began_;
        branch_end<T> end = taken_out(*self->end_, [&](std::exception_ptr why) {
            return branch_end<T>{error::from_exception(std::move(why)), began.attempt};
        });
        self.reset();
        for (auto& each : release) each();
        race->ended(began, end);
    }

    void keep(std::move_only_function<void()> release) override {
        if (!done_) return kept_.push_back(std::move(release));
        release();
    }
    [[nodiscard]] bool is_done() const override { return done_; }

private:
    std::shared_ptr<Race> race_;
    branch_start began_;
    inner_layers<typename Race::core_type> layers_;
    std::optional<branch_end<T>> end_;
    std::vector<std::move_only_function<void()>> kept_;
    bool done_ = false;
};

template <class T, class Pipeline, class F>
class asio_race final : public std::enable_shared_from_this<asio_race<T, Pipeline, F>> {
    using racer = std::remove_reference_t<decltype(std::declval<Pipeline&>().racer())>;
    using branch = asio_branch<T, asio_race>;

public:
    using core_type = typename std::remove_cvref_t<decltype(std::declval<Pipeline&>().share())>::element_type;

    asio_race(Pipeline& guarded, call_context& outer, std::shared_ptr<F> f, boost::asio::any_io_executor executor)
        : executor_{std::move(executor)}, core_{guarded.share()}, f_{std::move(f)}, options_{outer},
          pause_{std::make_shared<asio_pause>(executor_)} {
        race_.emplace(guarded.racer(), outer, options_);
    }
    asio_race(const asio_race&) = delete;
    asio_race& operator=(const asio_race&) = delete;
    ~asio_race() = default;

    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] const std::shared_ptr<core_type>& core() const noexcept { return core_; }
    [[nodiscard]] asio_pause& pause() noexcept { return *pause_; }
    [[nodiscard]] race<T, racer>& state() noexcept { return *race_; }

    [[nodiscard]] boost::asio::awaitable<void> drive_inner(inner_layers<core_type>& layers, branch& in);

    void begin() {
        const auto made =
            std::allocate_shared<branch>(frame_allocator<branch>{}, this->shared_from_this(), race_->begin());
        branches_.push_back(made);
        boost::asio::co_spawn(executor_, made->go(), spawned_completion<branch>{made});
    }

    /// Where one cannot be begun, as for want of memory, the call ends with what was thrown, and nobody waits for the others.
    void begin_or_cancel() {
        try {
            begin();
        } catch (...) {
            cancel_all();
            throw;
        }
    }

    void ended(const branch_start& which, branch_end<T>& end) {
        if (!race_) return (void)options_.charges().settle(which.attempt, end.sent);  // it has lost
        race_->ended(which, end);
        if (race_->is_decided()) cancel_all();  // at once: a permit that has come free is for others now
        pause_->wake();
    }

    /// Nobody waits for any of them any more.
    void cancel_all() {
        options_.stop();
        for (const std::weak_ptr<branch>& each : branches_)
            if (const auto alive = each.lock()) alive->cancel(boost::asio::cancellation_type::terminal);
    }

    /// The call has its outcome. What is still under way is cancelled, and is work of the call's that outlasts it.
    void finish(run_state<T>& outer) {
        race_->finish(outer);
        race_.reset();
        for (const std::weak_ptr<branch>& each : branches_)
            if (const auto alive = each.lock(); alive && !alive->is_done()) outer.call().leave_behind(alive);
        if (!options_.stopped()) cancel_all();
    }

    /// The call is gone, without an outcome.
    void leave() noexcept { race_.reset(); }

private:
    boost::asio::any_io_executor executor_;
    std::shared_ptr<core_type> core_;
    std::shared_ptr<F> f_;
    branch_options options_;
    std::shared_ptr<asio_pause> pause_;
    std::optional<race<T, racer>> race_;  // what belongs to the call; nothing once that has ended
    std::vector<std::weak_ptr<branch>> branches_;
};

/// Has the attempts made, puts into `run` what they come to, and leaves the layers outside with it. `is_cancelled`: whether the caller
/// has.
template <class T, class Pipeline, class Run, class F, class IsCancelled>
boost::asio::awaitable<step> race_attempts(frame_memory, Pipeline& guarded, Run& run, std::shared_ptr<F> f,
                                           IsCancelled is_cancelled) {
    if (is_cancelled(co_await boost::asio::this_coro::cancellation_state)) {
        set_error(run.slot(), verdict::cancelled, errc::cancelled, {}, run.call());
        run.call().cancelled = true;
        co_return run.settle();
    }
    using race_type = asio_race<T, Pipeline, F>;
    const auto race =
        std::make_shared<race_type>(guarded, run.call(), std::move(f), co_await boost::asio::this_coro::executor);
    struct leaving {
        race_type& from;
        ~leaving() { from.leave(); }
    } const left{*race};
    for (race_step next = race->state().next(); next.what != race_step::kind::finish; next = race->state().next()) {
        if (next.what == race_step::kind::begin) {
            race->begin_or_cancel();
            continue;
        }
        const pause_end end = co_await pause_quietly(race->pause(), next.at);
        run.call().now.forget();
        const bool cancelled =
            end == pause_end::cancelled || is_cancelled(co_await boost::asio::this_coro::cancellation_state);
        if (cancelled && !race->state().is_stopped()) {
            race->state().stop();
            race->cancel_all();
        }
    }
    race->finish(run);
    co_return run.settle();
}

}  // namespace cutwater::detail
