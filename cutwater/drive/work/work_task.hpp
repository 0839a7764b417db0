// A task that runs on the thread that has it take a turn: a pipeline's machine, a callable, and whom to tell.
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "cutwater/core/capture.hpp"
#include "cutwater/core/late.hpp"
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/drive/work/work_desk.hpp"
#include "cutwater/pipeline/ref.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace cutwater {

/// For those who do not want to hear how it went.
struct tells_nobody {
    void operator()(const auto&) const noexcept {}
};

namespace detail {

/// What is not said of a call, but is what it goes through.
template <class Given>
concept not_call_options = !std::same_as<std::remove_cvref_t<Given>, call_options>;

template <class Given, class F, class Done>
consteval void check_posted() {
    static_assert(std::is_constructible_v<std::decay_t<Given>, Given>,
                  "cutwater::post: the pipeline cannot be copied, as a layer of it cannot; post cw::ref(pipeline)");
    static_assert(
        !requires { requires policy_of<std::decay_t<Given>>::races(); },
        "cutwater::post: a work queue makes one attempt of a task at a time, and the pipeline hedges; post a callable "
        "that runs it");
    check_callable<F>();
    static_assert(std::invocable<Done&, result<value_of<result_of<F>>>>,
                  "cutwater::post: whom to tell does not take the cw::result<T> of what the callable gives");
}

/// What a task has in common with others, however its attempts are run. `Guarded` is a pipeline, or a `ref` to one.
template <class T, class Guarded, class F, class Done>
class posted_call : public queued_task {
public:
    posted_call(work_desk& desk, const call_options& said, Guarded guarded, F f, Done done)
        : queued_task{desk, said}, guarded_{std::move(guarded)}, done_{std::move(done)} {
        if constexpr (requires { requires policy_of<Guarded>::may_race; })
            if (unwrap(guarded_).races())
                throw std::logic_error{
                    "cutwater::post: a work queue makes one attempt of a task at a time, and the pipeline hedges; post "
                    "a "
                    "callable that runs it"};
        f_.emplace(std::move(f));
    }

protected:
    using run_type =
        decltype(unwrap(std::declval<Guarded&>())
                     .template start_run<T>(nothing_said, std::declval<environment&>(), std::declval<parking&>()));
    ~posted_call() = default;

    [[nodiscard]] run_type& run() noexcept { return *run_; }
    [[nodiscard]] F& callable() noexcept { return *f_; }

    /// Whether a turn ends before anything has begun, as nobody wants it any more or its call cannot be made: `go` destroys it then.
    template <class Go>
    [[nodiscard]] bool leaves_unbegun(Go&& go) noexcept {
        if (run_) return false;
        work_desk& owner = desk();
        if (const auto why = owner.begin(*this)) {
            owner.pay_back(*this);
            end_unbegun(*why, std::forward<Go>(go));
        } else if (auto failed = make_run()) {
            owner.pay_back(*this);
            owner.tell_ended(*this, 0, {.judged = {.meaning = verdict::ignored}, .failure = &*failed});
            tell_end(result<T>{std::unexpect, std::move(*failed)}, std::forward<Go>(go));
        } else {
            return false;
        }
        owner.ended();
        return true;
    }

    /// The first step of a turn.
    [[nodiscard]] step begin_turn() {
        if (!has_started_) {
            has_started_ = true;
            return run_->start();
        }
        sent_before_ = run_->call().sent;
        return said().stop.stop_requested() ? run_->interrupt() : run_->resume();
    }

    /// Its last step was a pause. It may be gone when this returns.
    void pause() noexcept {
        pay();
        desk().pause(*this, run_->pause_until());
    }
    /// It has ended: `go` destroys it. What its callable owns is gone when its end is told, and everything when its place is free.
    template <class Go>
    void end(Go&& go) noexcept {
        pay();
        work_desk& owner = desk();
        const unsigned sent = run_->call().sent;
        const bool had_value = run_->slot()->has_value();
        const verdict meaning = run_->slot()->meaning();
        {
            result<T> out = take();
            run_.reset();
            if (out)
                owner.tell_ended(*this, sent, {.judged = {.meaning = meaning}});
            else
                owner.tell_ended(
                    *this, sent,
                    {.judged = {.meaning = had_value ? verdict::ignored : meaning}, .failure = &out.error()});
            tell_end(std::move(out), std::forward<Go>(go));
        }
        owner.ended();
    }
    template <class Go>
    void end_unbegun(errc why, Go&& go) noexcept {
        tell_end(result<T>{std::unexpect, left_out(why)}, std::forward<Go>(go));
    }

private:
    template <class Go>
    void tell_end(result<T>&& out, Go&& go) noexcept {
        Done done = std::move(done_);
        f_.reset();
        go();
        done(std::move(out));
    }

    /// Nothing, where there is one now; a pipeline that was chosen at run time may find no memory for it.
    [[nodiscard]] std::optional<error> make_run() noexcept {
        try {
            run_.emplace_from([&] { return unwrap(guarded_).template start_run<T>(said(), desk().lent(), *this); });
            return std::nullopt;
        } catch (...) {
            return failed_with(std::current_exception());
        }
    }

    /// Its value, which may be one that throws when it is moved.
    [[nodiscard]] result<T> take() noexcept {
        try {
            return run_->take();
        } catch (...) {
            return result<T>{std::unexpect, failed_with(std::current_exception())};
        }
    }

    [[nodiscard]] error failed_with(std::exception_ptr thrown) const noexcept {
        error e = error::from_exception(std::move(thrown));
        if (e.operation().empty()) e.with_operation(said().operation);
        if (!said().id.empty()) e.with_call_id(said().id);
        return e;
    }

    /// An attempt that was not sent is not paid for.
    void pay() noexcept {
        if (run_->call().sent == sent_before_) desk().pay_back(*this);
    }

    Guarded guarded_;
    late<F> f_;
    Done done_;
    late<run_type> run_;
    unsigned sent_before_ = 0;
    bool has_started_ = false;
};

}  // namespace detail

template <class T, class Guarded, class F, class Done>
class work_task final : public detail::posted_call<T, Guarded, F, Done> {
public:
    using detail::posted_call<T, Guarded, F, Done>::posted_call;

    void turn() noexcept override {
        if (this->leaves_unbegun([this] { delete this; })) return;
        step next = this->begin_turn();
        while (next == step::invoke) next = attempt_here();
        if (next == step::pause) return this->pause();
        this->end([this] { delete this; });
    }
    void dismiss(errc why) noexcept override {
        this->end_unbegun(why, [this] { delete this; });
    }
    void drop() noexcept override { delete this; }

private:
    step attempt_here() {
        auto& run = this->run();
        try {
            return detail::invoke<T>(run, this->callable(), this_thread);
        } catch (...) {  // a pool, in a pipeline made at run time, and a callable that cannot be copied to its threads
            store_exception(run.slot());
            run.judge();
            return run.settle();
        }
    }
};

/// Waits for a place as long as the queue's options let one.
[[nodiscard]] std::expected<work_place, error> place_for(work_desk& desk, const call_options& said,
                                                         blocking_environment& waits);

template <class Guarded, class F, class Done>
[[nodiscard]] task_handle make_work_task(work_desk& desk, const call_options& said, Guarded&& guarded, F f, Done done) {
    detail::check_posted<Guarded, F, Done>();
    using task = work_task<value_of<result_of<F>>, std::decay_t<Guarded>, F, Done>;
    return task_handle{new task{desk, said, std::forward<Guarded>(guarded), std::move(f), std::move(done)}};
}

/// Puts what `make` gives at the desk, if there is a place.
template <class Make>
[[nodiscard]] std::expected<void, error> enter_at(work_desk& desk, const call_options& said,
                                                  std::expected<work_place, error> place, Make&& make) {
    if (!place) return std::unexpected{std::move(place).error()};
    return desk.enter(make(), std::move(*place), said);
}

}  // namespace cutwater
