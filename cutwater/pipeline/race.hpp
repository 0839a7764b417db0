// What all drivers share of a call that has several attempts under way: who is to begin, who has won, what the call comes to.
//
// A driver asks a `race` what is `next`: `begin` another attempt, wait until a time or until one has ended (`ended`), or `finish`.
//
// Each attempt is a machine of its own through the layers inside (`start_branch`), with a call of its own, which inherits from the
// call that it is an attempt of. Thread safety: none; a race belongs to the thread or strand of its call.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/core/trace_context.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace cutwater {

/// What the calls of the attempts have in common, kept by each: it may outlast the call.
class branch_options {
public:
    explicit branch_options(call_context& outer)
        : said_{outer.said()}, audience_{outer.audience != nullptr ? outer.audience->kept() : nullptr},
          trace_{outer.trace}, tried_{outer.tried()}, id_{said_.id}, tenant_{said_.tenant}, target_{said_.target},
          fingerprint_{said_.fingerprint} {
        said_.id = id_;
        said_.tenant = tenant_;
        said_.target = target_;
        said_.fingerprint = fingerprint_;
        said_.trace = trace_.get();
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

    /// What attempts that go on have cost, when their call is no more.
    void keep(pending_charges charges) noexcept { charges_ = std::move(charges); }
    [[nodiscard]] pending_charges& charges() noexcept { return charges_; }

private:
    call_options said_;
    std::shared_ptr<listener> audience_;
    kept_trace trace_;
    tried_targets tried_;
    instant decided_at_ = never;
    pending_charges charges_;
    std::string id_;
    std::string tenant_;
    std::string target_;
    std::string fingerprint_;
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
    const void* told_budget = nullptr;    ///< the budget that has heard of the call
    unsigned given_away = 0;              ///< of what the call's own caller has left it, what is not this one's
    unsigned quota = 0;                   ///< what is: further attempts of its own
    const void* paid_to = nullptr;        ///< the budget that has been paid for it
    budget_charge paid{};                 ///< and what

    void inherit(call_context& inner) const noexcept {
        if (tried != nullptr) inner.share_tried(*tried);
        if (decided_at != nullptr) inner.share_lost_at(*decided_at);
        inner.attempt = attempt;
        inner.audience = audience;
        inner.target = target;
        inner.deadline_is_ours = deadline_is_ours;
        inner.told_budget = told_budget;
        inner.given_away = given_away;
        inner.paid_to = paid_to;
        inner.paid = paid;
        inner.is_retried = true;  // further attempts are the race's to make
    }
};

/// How one ended.
template <class T>
struct branch_end {
    outcome<T> out;
    unsigned last_attempt = 1;  ///< its number, where layers inside went again
    unsigned sent = 0;
    unsigned given_away = 0;
    bool ran_out = false;
    bool wish_is_kept = false;          ///< whether its wish to be left alone holds for nobody else
    const void* told_budget = nullptr;  ///< who has heard of its outcome; null: nobody

    explicit branch_end(run_state<T>& inner) : branch_end{std::move(*inner.slot()), inner.call()} {}
    /// Of one that could not be driven to its end.
    branch_end(error failure, unsigned attempt) : out{std::move(failure), verdict::ignored}, last_attempt{attempt} {}

private:
    branch_end(outcome<T> how, call_context& inner)
        : out{std::move(how)}, last_attempt{inner.attempt}, sent{inner.sent}, given_away{inner.given_away},
          ran_out{inner.ran_out}, wish_is_kept{inner.tried().wish_is_kept()},
          told_budget{inner.sent > 0 && inner.told_sent == inner.sent ? inner.told_budget : nullptr} {}
};

template <class T, class Racer>
class race {
    using session = decltype(std::declval<Racer&>().begin_race(std::declval<call_context&>(), std::declval<moment&>()));

public:
    race(Racer& racer, call_context& outer, branch_options& common)
        : racer_{racer}, outer_{outer}, common_{common}, session_{racer.begin_race(outer, outer.now)},
          first_{outer.attempt}, unspent_{outer.own_retries_left()} {
        static_assert(noexcept(session_.begun(outer_, outer_.now)));
    }
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
        if (begun_ > 0 && unspent_ > 0) --unspent_;
        last_ = begun_ == 0 ? first_ : last_ + 1;
        ++begun_;
        ++under_way_;
        outer_.attempt = last_;                        // what is told of it carries its number
        const budget_charge outer_paid = outer_.paid;  // of a loop outside, for the first alone
        const void* const outer_paid_to = outer_.paid_to;
        if (begun_ > 1) outer_.paid_to = nullptr;
        session_.begun(outer_, outer_.now);
        branch_start made{
            .attempt = last_,
            .audience = outer_.audience,
            .deadline_is_ours = outer_.deadline_is_ours,
            .target = is_chosen(outer_) ? outer_.target : common_.said().target,
            .tried = &common_.tried(),
            .decided_at = &common_.decided_at(),
            .told_budget = outer_.told_budget,
            .paid_to = outer_.paid_to,
            .paid = outer_.paid,
        };
        outer_.paid = outer_paid;
        outer_.paid_to = outer_paid_to;
        hand_quota(made);
        return made;
    }

    /// One has ended. What it came to is moved out of `end` where it is the call's.
    void ended(const branch_start& which, branch_end<T>& end) {
        --under_way_;
        outer_.now.forget();
        account(which, end);
        outer_.attempt = which.attempt;
        if (decided_) {
            if constexpr (requires { session_.lost(outer_); }) session_.lost(outer_);
            outer_.attempt = last_;
            return;
        }
        outer_.tried() = common_.tried();
        outer_.tried().keep_wish(end.wish_is_kept);  // of this one, whatever has begun or ended meanwhile
        heed_wish(end);
        (void)guarded([&] {
            decided_ = session_.ended(end.out.observed(), outer_, outer_.now);
            return race_step::finish();
        });
        outer_.attempt = last_;
        if (decided_) tell_over(end.out.meaning());
        if (decided_ && under_way_ > 0 && !stopped_) common_.decide(outer_.now);
        if (decided_ || is_better(end)) take(which, end);
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
        outer_.given_away += given_away_ + lent_;
        const bool wish_is_kept = best_ && best_->wish_is_kept;
        outer_.tried() = common_.tried();
        outer_.tried().keep_wish(wish_is_kept);
        if constexpr (requires { session_.take_charges(); }) common_.keep(session_.take_charges());
        if (failed_) {
            detail::set_error(outer.slot(), verdict::ignored, errc::callback_failed, racer_.layer_name(), outer_)
                .with_cause(failed_);
            return;
        }
        detail::move_into(outer.slot(), best_->out, [](std::exception_ptr why) {
            return outcome<T>{error::from_exception(std::move(why)), verdict::ignored};
        });
        pass_on_wish(*outer.slot());
        outer_.ran_out = best_->ran_out;
        const bool failed_before = stopped_ && !decided_ && !outer.slot()->has_value() &&
                                   outer.slot()->meaning() != verdict::cancelled;  // and then the caller cancelled
        if (failed_before) end_cancelled(outer);
        tell_over(outer.slot()->meaning());
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

    /// An attempt may have as many of its own as our caller has left us, beyond those that the race has a use for.
    void hand_quota(branch_start& made) {
        const std::optional<unsigned> said = outer_.said().retries_left;
        if (!said) return;
        unsigned kept = unspent_;
        if constexpr (requires { session_.further(); }) kept = std::min<unsigned>(unspent_, session_.further());
        made.quota = unspent_ - kept;
        unspent_ -= made.quota;
        lent_ += made.quota;
        const unsigned others = *said - std::min(*said, made.quota);
        made.given_away = others - std::min(others, made.attempt - 1);
    }

    /// A wish to be left alone that holds for the call: of whoever else has failed, until it is over.
    void heed_wish(const branch_end<T>& end) {
        const observation seen = outer_.heeded(end.out.observed());
        if (seen.meaning() != verdict::transient) return;
        const duration wish = seen.retry_after().value_or(duration::zero());
        if (wish < duration::zero()) refused_ = wish;
        if (wish > duration::zero()) left_alone_until_ = std::max(left_alone_until_, add(outer_.now, wish));
    }
    /// A loop outside hears of the longest, and that one of them wants no further attempt.
    void pass_on_wish(outcome<T>& out) {
        if (out.meaning() != verdict::transient) return;
        const observation seen = outer_.heeded(out.observed());
        const duration own = seen.retry_after().value_or(duration::zero());
        const bool was_asked = left_alone_until_ != instant::min();  // else there is no need of the time
        const duration left = was_asked ? between(outer_.now, left_alone_until_) : duration::zero();
        if (own < duration::zero() || (refused_ == duration::zero() && left <= own)) return;
        judgement judged = out.judged();
        judged.retry_after = refused_ < duration::zero() ? refused_ : left;
        out.judge(judged);
        if (!out.has_value()) out.failure().with_retry_after(*judged.retry_after);
        outer_.tried().keep_wish(false);
    }

    /// What it has used of its own is used, and what it was sent and told is the call's.
    void account(const branch_start& which, const branch_end<T>& end) {
        const bool all_told = outer_.told_sent == outer_.sent;
        const bool is_counted = !decided_ && judges_dependency(end.out.meaning());
        outer_.sent += end.sent;
        if (end.told_budget != nullptr) outer_.told_budget = end.told_budget;
        if (end.told_budget != nullptr || (all_told && !is_counted)) outer_.told_sent = outer_.sent;
        const unsigned again = end.last_attempt - std::min(end.last_attempt, which.attempt);
        const unsigned given = end.given_away - std::min(end.given_away, which.given_away);
        last_ += again;
        given_away_ += given;
        lent_ -= which.quota;
        unspent_ += which.quota - std::min(which.quota, again + given);
    }

    /// Once, and before what is still under way is told to stop.
    void tell_over(verdict meaning) noexcept {
        if (std::exchange(told_over_, true)) return;
        if constexpr (requires { session_.over(meaning, outer_); }) session_.over(meaning, outer_);
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

    void take(const branch_start& which, branch_end<T>& end) {
        if (!end.out.has_value())
            history_.push_back({.number = which.attempt,
                                .code = end.out.failure().code(),
                                .text = end.out.failure().words(),
                                .executed = end.out.observed().executed()});
        detail::move_into(best_, end, [&](std::exception_ptr why) {
            return branch_end<T>{error::from_exception(std::move(why)), end.last_attempt};
        });
    }

    template <class Step>
    race_step guarded(Step&& step) noexcept {
        try {
            return step();
        } catch (...) {
            failed_ = std::current_exception();
            decided_ = true;
            outer_.attempt = last_ == 0 ? first_ : last_;
            tell_over(verdict::ignored);
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
    unsigned unspent_;         // of what the call's own caller has left it; what is lent to attempts is not in it
    unsigned lent_ = 0;        // to those that are under way
    unsigned given_away_ = 0;  // by those that have ended
    bool told_over_ = false;
    bool decided_ = false;
    bool stopped_ = false;
    instant left_alone_until_ = instant::min();  // what those that have failed asked for, at the latest
    duration refused_{};                         // negative: one wants no further attempt
    std::exception_ptr failed_;
    std::optional<branch_end<T>> best_;
    std::vector<attempt_record> history_;
};

}  // namespace cutwater
