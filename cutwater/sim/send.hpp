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
#include "cutwater/pipeline/race.hpp"
#include "cutwater/pipeline/run_state.hpp"
#include "cutwater/sim/reply.hpp"
#include "cutwater/sim/world.hpp"

namespace cutwater::sim {

namespace detail {

template <class T, class Pipeline, class Callee>
class simulated_race;

/// Kept alive by its world from `begin` until it is done.
template <class T, class Pipeline, class Callee, class Done>
class simulated_call final : public awaiting<T>,
                             private waker,
                             private parking,
                             public std::enable_shared_from_this<simulated_call<T, Pipeline, Callee, Done>> {
public:
    simulated_call(world& in, Pipeline& through, call_options said, Callee callee, Done done)
        : world_{in}, through_{through}, said_{std::move(said)}, callee_{std::move(callee)}, done_{std::move(done)},
          run_{through.template start_run<T>(said_, in, *this)} {}

    void begin() {
        world_.adopt(this->shared_from_this());
        if constexpr (requires { done_.inherit(run_.call()); }) done_.inherit(run_.call());  // one of several attempts
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
    enum state : std::uint8_t { nothing, calling, answered, waiting, racing };
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
            case step::invoke: return call_or_race();
            case step::pause: return pause();
            case step::finish: return finish();
        }
    }

    void call_or_race() {
        if constexpr (Pipeline::may_race)
            if (through_.races()) return race();
        call();
    }

    /// Has several attempts made, each a simulated call through the layers inside.
    void race() {
        doing_ = racing;
        if (!shared_callee_) shared_callee_ = std::make_shared<Callee>(std::move(callee_));
        race_ =
            std::make_shared<race_type>(world_, through_, run_.call(), shared_callee_, [weak = this->weak_from_this()] {
                if (const auto self = weak.lock()) self->race_on();
            });
        race_on();
    }
    void race_on() {
        if (doing_ != racing) return;
        ++turn_;
        run_.call().now.forget();
        const std::optional<instant> wait = race_->go_on();
        if (!wait) {
            std::exchange(race_, nullptr)->finish(run_);
            return go(run_.settle());
        }
        if (*wait != never)
            when(*wait, [turn = turn_](simulated_call& self) {
                if (self.turn_ == turn) self.race_on();
            });
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
        go(said_.stop.stop_requested() ? run_.interrupt() : run_.resume());
    }

    void cancel() {
        if (doing_ == calling) return interrupt(errc::cancelled);
        if (doing_ == waiting) return go(run_.interrupt());
        if constexpr (Pipeline::may_race) {
            if (doing_ != racing) return;
            race_->stop();
            race_on();
        }
    }

    void finish() {
        const auto self = this->shared_from_this();
        stop_.reset();
        world_.let_go(self);
        if constexpr (requires { done_.ended(run_); }) {
            done_.ended(run_);
        } else {
            const result<T> out = run_.take();
            done_(out);
        }
    }

    struct no_race {};
    template <bool Races, class P>
    struct race_of {
        using type = no_race;
    };
    template <class P>
    struct race_of<true, P> {
        using type = simulated_race<T, P, Callee>;
    };
    using race_type = typename race_of<Pipeline::may_race, Pipeline>::type;

    world& world_;
    Pipeline& through_;
    call_options said_;
    Callee callee_;
    std::shared_ptr<Callee> shared_callee_;  // with attempts that have lost
    std::shared_ptr<race_type> race_;
    Done done_;
    decltype(std::declval<Pipeline&>().template start_run<T>(said_, world_, std::declval<parking&>())) run_;
    std::optional<std::stop_callback<std::function<void()>>> stop_;
    unsigned turn_ = 0;  // of what is being awaited
    state doing_ = nothing;
    bool is_inside_callee_ = false;
    bool woken_ = false;
};

/// The layers inside, as a pipeline.
template <class Core>
struct layers_inside {
    static constexpr bool may_race = false;
    template <class T>
    [[nodiscard]] auto start_run(const call_options& said, environment& lent, parking& place) {
        return core->template start_branch<T>(said, lent, place);
    }
    std::shared_ptr<Core> core;
};

/// Several attempts of one call. It is kept by those that are under way; what belongs to the call goes with `finish`.
template <class T, class Pipeline, class Callee>
class simulated_race : public std::enable_shared_from_this<simulated_race<T, Pipeline, Callee>> {
    using racer = std::remove_reference_t<decltype(std::declval<Pipeline&>().racer())>;
    using core = typename std::remove_cvref_t<decltype(std::declval<Pipeline&>().share())>::element_type;

    struct inner_callee {
        void operator()(const attempt& a, const reply<T>& answer) const { (*shared)(a, answer); }
        std::shared_ptr<Callee> shared;
    };
    struct branch {
        void inherit(call_context& inner) const noexcept { began.inherit(inner); }
        void ended(run_state<T>& inner) {
            branch_end<T> how{inner};
            in->ended(began, how);
        }
        std::shared_ptr<simulated_race> in;
        branch_start began;
    };

public:
    simulated_race(world& in, Pipeline& through, call_context& outer, std::shared_ptr<Callee> callee,
                   std::function<void()> something_ended)
        : world_{in}, layers_{through.share()}, callee_{std::move(callee)}, options_{outer},
          something_ended_{std::move(something_ended)} {
        race_.emplace(through.racer(), outer, options_);
    }

    /// Does what is to be done now; gives until when to wait, nothing where the call has its outcome.
    [[nodiscard]] std::optional<instant> go_on() {
        is_going_on_ = true;
        race_step next = race_->next();
        for (; next.what == race_step::kind::begin; next = race_->next()) begin();
        is_going_on_ = false;
        if (next.what == race_step::kind::finish) return std::nullopt;
        return next.at;
    }
    /// The caller cancels.
    void stop() {
        race_->stop();
        options_.stop();
    }
    void finish(run_state<T>& outer) {
        race_->finish(outer);
        race_.reset();
        options_.stop();
    }

private:
    void begin() {
        using call_type = simulated_call<T, layers_inside<core>, inner_callee, branch>;
        std::make_shared<call_type>(world_, layers_, options_.said(), inner_callee{callee_},
                                    branch{this->shared_from_this(), race_->begin()})
            ->begin();
    }
    void ended(const branch_start& which, branch_end<T>& end) {
        if (!race_) return (void)options_.charges().settle(which.attempt, end.sent);  // it has lost
        race_->ended(which, end);
        if (race_->is_decided()) options_.stop();  // at once: a permit that has come free is for others now
        if (!is_going_on_) something_ended_();
    }

    world& world_;
    layers_inside<core> layers_;
    std::shared_ptr<Callee> callee_;
    branch_options options_;
    std::function<void()> something_ended_;
    std::optional<cutwater::race<T, racer>> race_;
    bool is_going_on_ = false;
};

}  // namespace detail

template <class T, class Pipeline, class Callee, class Done>
void send(world& in, Pipeline& through, const call_options& said, Callee callee, Done done) {
    std::make_shared<detail::simulated_call<T, Pipeline, Callee, Done>>(in, through, said, std::move(callee),
                                                                        std::move(done))
        ->begin();
}

}  // namespace cutwater::sim
