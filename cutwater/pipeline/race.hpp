// What all drivers share of a call that has several attempts under way: who is to begin, who has won, what the call comes to.
//
// A driver asks a `race` what is `next`: `begin` another attempt, wait until a time or until one has ended (`ended`), or `finish`.
//
// Each attempt is a machine of its own through the layers inside (`start_branch`), with a call of its own, which inherits from the
// call that it is an attempt of. Thread safety: none; a race belongs to the thread or strand of its call.
#pragma once

#include <algorithm>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cutwater/pipeline/run_state.hpp"

namespace cutwater {

/// What the calls of the attempts have in common, kept by each: it may outlast the call.
class branch_options {
public:
    explicit branch_options(call_context& outer)
        : said_{outer.said()}, tried_{outer.tried()}, id_{said_.id}, tenant_{said_.tenant}, target_{said_.target} {
        said_.id = id_;
        said_.tenant = tenant_;
        said_.target = target_;
        said_.deadline = outer.deadline;
        said_.stop = nobody_waits_.get_token();
    }
    branch_options(const branch_options&) = delete;
    branch_options& operator=(const branch_options&) = delete;
    ~branch_options() = default;

    [[nodiscard]] const call_options& said() const noexcept { return said_; }
    /// Nobody waits for any of them any more.
    void stop() noexcept { nobody_waits_.request_stop(); }
    [[nodiscard]] bool stopped() const noexcept { return nobody_waits_.stop_requested(); }
    /// Where any of them has gone, and where the call had before: none goes where another has.
    [[nodiscard]] tried_targets& tried() noexcept { return tried_; }

    /// When one of them became the call's outcome while others were under way; `never` where none has, or where the caller had cancelled
    /// before.
    [[nodiscard]] const instant& decided_at() const noexcept { return decided_at_; }
    void decide(instant at) noexcept { decided_at_ = at; }

private:
    call_options said_;
    tried_targets tried_;
    instant decided_at_ = never;
    std::string id_;
    std::string tenant_;
    std::string target_;
    std::stop_source nobody_waits_;
};

/// One attempt of a race: what it was begun as.
struct branch_start {
    unsigned attempt = 1;                 ///< its number among the call's
    listener* audience = nullptr;         ///< who hears its layers
    bool deadline_is_ours = false;        ///< whether a timeout outside of the race set its deadline
    std::string_view target{};            ///< what a gate outside of the race chose, else what the caller says
    tried_targets* tried = nullptr;       ///< where all of them have gone
    const instant* decided_at = nullptr;  ///< when another of them has won

    void inherit(call_context& inner) const noexcept {
        if (tried != nullptr) inner.share_tried(*tried);
        if (decided_at != nullptr) inner.share_lost_at(*decided_at);
        inner.attempt = attempt;
        inner.audience = audience;
        inner.target = target;
        inner.deadline_is_ours = deadline_is_ours;
        inner.is_retried = true;  // further attempts are the race's to make
    }
};

/// How one ended.
template <class T>
struct branch_end {
    outcome<T> out;
    unsigned last_attempt = 1;  ///< its number, where layers inside went again
    unsigned sent = 0;
    bool ran_out = false;

    explicit branch_end(run_state<T>& inner)
        : out{std::move(*inner.slot())}, last_attempt{inner.call().attempt}, sent{inner.call().sent},
          ran_out{inner.call().ran_out} {}
    /// Of one that could not be driven to its end.
    branch_end(error failure, unsigned attempt) : out{std::move(failure), verdict::ignored}, last_attempt{attempt} {}
};

template <class T, class Racer>
class race {
    using session = decltype(std::declval<Racer&>().begin_race(std::declval<call_context&>(), std::declval<moment&>()));

public:
    race(Racer& racer, call_context& outer, branch_options& common)
        : racer_{racer}, outer_{outer}, common_{common}, session_{racer.begin_race(outer, outer.now)},
          first_{outer.attempt} {}
    race(const race&) = delete;
    race& operator=(const race&) = delete;
    ~race() = default;

    /// What is to be done next. What the policy's user code throws ends the race.
    [[nodiscard]] race_step next() {
        if (decided_ || (stopped_ && under_way_ == 0)) return race_step::finish();
        if (stopped_) return race_step::wait(never);
        return guarded([&] {
            const race_step said = session_.next(outer_, outer_.now);
            // nothing is begun for a call that has its outcome, or whose time is over
            return said.what == race_step::kind::finish && under_way_ > 0 ? race_step::wait(never) : said;
        });
    }

    /// Another attempt begins.
    [[nodiscard]] branch_start begin() {
        const branch_start made{
            .attempt = last_ = begun_ == 0 ? first_ : last_ + 1,
            .audience = outer_.audience,
            .deadline_is_ours = outer_.deadline_is_ours,
            .target = is_chosen(outer_) ? outer_.target : common_.said().target,
            .tried = &common_.tried(),
            .decided_at = &common_.decided_at(),
        };
        ++begun_;
        ++under_way_;
        outer_.attempt = last_;  // what is told of it carries its number
        (void)guarded([&] {
            session_.begun(outer_, outer_.now);
            return race_step::begin();
        });
        return made;
    }

    /// One has ended.
    void ended(const branch_start& which, branch_end<T> end) {
        --under_way_;
        outer_.now.forget();
        outer_.sent += end.sent;
        if (end.last_attempt > which.attempt) last_ += end.last_attempt - which.attempt;
        if (decided_) return;
        outer_.tried() = common_.tried();  // with the wish of who has failed last
        (void)guarded([&] {
            decided_ = session_.ended(end.out.observed(), outer_, outer_.now);
            return race_step::finish();
        });
        if (decided_ && under_way_ > 0 && !stopped_) common_.decide(outer_.now);
        if (decided_ || is_better(end)) take(which, std::move(end));
    }

    /// The caller has cancelled: nothing is begun any more, and what is under way is waited for.
    void stop() noexcept { stopped_ = true; }
    [[nodiscard]] bool is_stopped() const noexcept { return stopped_; }
    /// Whether the call has its outcome.
    [[nodiscard]] bool is_decided() const noexcept { return decided_; }
    [[nodiscard]] unsigned under_way() const noexcept { return under_way_; }

    /// Puts into `outer` what the call comes to.
    void finish(run_state<T>& outer) {
        outer_.attempt = last_;
        outer_.tried() = common_.tried();
        if (failed_) {
            detail::set_error(outer.slot(), verdict::ignored, errc::callback_failed, racer_.layer_name(), outer_)
                .with_cause(failed_);
            return;
        }
        outer.slot().emplace(std::move(best_->out));
        outer_.ran_out = best_->ran_out;
        const bool failed_before = stopped_ && !decided_ && !outer.slot()->has_value() &&
                                   outer.slot()->meaning() != verdict::cancelled;  // and then the caller cancelled
        if (failed_before) end_cancelled(outer);
        outer_.cancelled = outer.slot()->meaning() == verdict::cancelled;
        if (outer.slot()->has_value() || history_.size() < (failed_before ? 1U : 2U)) return;
        std::ranges::sort(history_, {}, &attempt_record::number);  // as they began: they end in any order
        outer.slot()->failure().with_history(std::move(history_));
    }

private:
    /// Whether a gate outside has chosen the target: it keeps the text for as long as work is left.
    [[nodiscard]] static bool is_chosen(const call_context& call) noexcept {
        return call.target.data() != call.said().target.data();
    }

    /// The last failure is replaced by the cancellation, and stays in its history.
    void end_cancelled(run_state<T>& outer) {
        (void)detail::cancelled(racer_.layer_name(), outer_, outer.slot());
        outer_.ran_out = false;
    }

    /// A failure is replaced by a later one, but not by what says nothing about the dependency, unless its caller has cancelled.
    [[nodiscard]] bool is_better(const branch_end<T>& end) const noexcept {
        const auto says_something = [this](const branch_end<T>& e) {
            const verdict on = e.out.meaning();
            return judges_dependency(on) || on == verdict::ignored || (stopped_ && on == verdict::cancelled);
        };
        return !best_ || says_something(end) || !says_something(*best_);
    }

    void take(const branch_start& which, branch_end<T> end) {
        if (!end.out.has_value())
            history_.push_back({.number = which.attempt,
                                .code = end.out.failure().code(),
                                .text = end.out.failure().words(),
                                .executed = end.out.observed().executed()});
        best_.emplace(std::move(end));
    }

    template <class Step>
    race_step guarded(Step&& step) noexcept {
        try {
            return step();
        } catch (...) {
            failed_ = std::current_exception();
            decided_ = true;
            return race_step::finish();
        }
    }

    Racer& racer_;
    call_context& outer_;
    branch_options& common_;
    session session_;
    unsigned first_;
    unsigned last_ = 0;
    unsigned begun_ = 0;
    unsigned under_way_ = 0;
    bool decided_ = false;
    bool stopped_ = false;
    std::exception_ptr failed_;
    std::optional<branch_end<T>> best_;
    std::vector<attempt_record> history_;
};

}  // namespace cutwater
