// The three families. A policy is a type that models one of them; nothing is registered anywhere.
//
//     gate    admit(call, now) → ticket, refusal, or wait · settle(ticket, observation, call, now) · abandon(ticket)
//             · and what may be done to an attempt that is admitted: hold(…), answers(…), alter(…)
//     loop    begin(call, now) → a session per call, whose after(observation, call, now) says: finish, give up, again at
//             · begin_race(call, now) → a session whose next(call, now) says: begin another attempt, wait, finish
//     frame   deadline_for(call, now) with limit() · handles(observation) with substitute(outcome, call)
//             · before(call) → a session, after(session, observation, call) · what remembers: a session<T> that is asked before and told after
//
// `now` may be taken as `instant`, or as `moment&` where it is not always needed. `examples/` has one of each.
//
// Every policy has `name layer_name() const`, the name in errors, events and `describe()`. `describe` text comes from an
// `options()` member where there is one.
#pragma once

#include <concepts>
#include <optional>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/core/runner.hpp"

namespace cutwater {

template <class P>
concept named_layer = requires(const P& p) {
    { p.layer_name() } -> std::convertible_to<name>;
};

/// Ticket handling, common to gates that queue and gates that do not.
template <class P>
concept settles_tickets = requires(P& p, typename P::ticket& t, const observation& seen, call_context& call) {
    p.settle(t, seen, call, call.now);
    { p.abandon(t) } noexcept;
};

template <class P>
concept gate = named_layer<P> && settles_tickets<P> && requires(P& p, call_context& call) {
    { p.admit(call, call.now) } -> std::same_as<admission<typename P::ticket>>;
};

// A gate whose ticket lasts as long as the work, and not as long as who waits for it, says `static constexpr bool holds_work = true`. Where a
// call gives up on work that a worker pool cannot stop, its ticket stays taken until that ends and is abandoned then. Such a gate may hear at once
// how it went for the call: `orphaned(ticket, observation, call, now)`.

/// A gate with a queue: where `admit` answers "wait", `enqueue` takes the call's waiter (or finds that a permit has
/// become free), `resume` says how the wait ended, and `leave` ends it early. One that wants to tell of a wait that the caller has
/// cancelled hears of it before: `cancelled(waiter, call)`.
template <class P>
concept queueing_gate = gate<P> && requires(P& p, call_context& call, waiter& w) {
    { p.enqueue(w, call, call.now) } -> std::same_as<admission<typename P::ticket>>;
    { p.resume(w, call, call.now) } -> std::same_as<admission<typename P::ticket>>;
    { p.leave(w) } noexcept;
};

/// A gate that does something to what it admits, as fault injection does; its ticket says what. While it `idles`, attempts pass it by: it is not asked,
/// and hears nothing of them. An attempt that it `delays` waits in its queue: until the instant that `hold` gives, until it is freed, or until its
/// deadline; `held` says whether the wait goes on, `leave` ends it. What it `answers` stands in the callable's place, and is judged as if the
/// callable had failed so. It may have `alter(ticket, outcome, call)`, which says whether it has changed what came back; that is judged anew.
template <class P>
concept tampering_gate = gate<P> && requires(P& p, typename P::ticket& t, call_context& call, waiter& w) {
    { p.idles() } noexcept -> std::same_as<bool>;
    { p.delays(t) } noexcept -> std::same_as<bool>;
    { p.hold(w, t, call, call.now) } -> std::same_as<instant>;
    { p.held(w, t, call.now) } -> std::same_as<bool>;
    { p.leave(w) } noexcept;
    { p.answers(t, call) } -> std::same_as<std::optional<error>>;
};

/// A layer that is for each attempt, and not for the call, says `static constexpr bool is_per_attempt = true`. Round a loop it would be entered
/// once, whatever the loop goes on to do, and nothing of it would be what it says: a pipeline refuses that.
template <class P>
concept per_attempt_layer = named_layer<P> && requires { requires P::is_per_attempt; };

/// A gate that chooses where an attempt goes (`call_context::target`) says `static constexpr bool chooses_target = true`. There is one, and attempts
/// that race pass it each by itself.
template <class P>
concept choosing_gate = gate<P> && requires { requires P::chooses_target; };

/// A gate that nearly always admits: `try_admit` writes the ticket and says yes, or says no and leaves it to `admit` to
/// find out what to answer.
template <class P>
concept quick_gate = gate<P> && requires(P& p, typename P::ticket& blank, call_context& call) {
    { p.try_admit(blank, call, call.now) } noexcept -> std::same_as<bool>;
};

/// What a loop says after an attempt.
struct loop_step {
    enum class kind : std::uint8_t { finish, give_up, again };
    kind what = kind::finish;
    instant at{};  ///< when to go again

    [[nodiscard]] static constexpr loop_step finish() noexcept { return {}; }
    [[nodiscard]] static constexpr loop_step give_up() noexcept { return {.what = kind::give_up}; }
    [[nodiscard]] static constexpr loop_step again(instant at) noexcept { return {.what = kind::again, .at = at}; }
};

/// A session may say more: `explain(error&)` adds to the error that comes out of a call given up, as a retry adds its
/// history; `overslept(observation, call)` hears that the wait took the call past its deadline.
template <class P>
concept loop = named_layer<P> && requires(P& p, call_context& call, const observation& seen) {
    { p.begin(call, call.now).after(seen, call, call.now) } -> std::same_as<loop_step>;
};

/// A loop whose session may begin when the first attempt has failed: calls that succeed at once then have none.
/// `begins_late` says whether it may, for the options in force. One that counts calls may say more: `entered(call)` hears of each
/// before its first attempt, `succeeded_at_once(call)` of those that needed no session; neither throws.
template <class P>
concept late_loop = loop<P> && requires(const P& p) {
    { p.begins_late() } noexcept -> std::same_as<bool>;
};

/// What a loop says next that may have several attempts of one call under way at once.
struct race_step {
    enum class kind : std::uint8_t { begin, wait, finish };
    kind what = kind::wait;
    instant at = never;  ///< wait: until then, or until an attempt has ended

    [[nodiscard]] static constexpr race_step begin() noexcept { return {.what = kind::begin}; }
    [[nodiscard]] static constexpr race_step wait(instant until) noexcept { return {.what = kind::wait, .at = until}; }
    [[nodiscard]] static constexpr race_step finish() noexcept { return {.what = kind::finish}; }
};

/// A loop whose attempts overlap. Each passes the layers inside by itself. A session, one for each call: `next` is asked at the
/// beginning, when the time that it named has come, and after each attempt that has ended; `begun` hears that another attempt
/// has begun, and does not throw; `ended` how one went, and says whether that is the call's outcome. The others are then cancelled.
/// In these, `call.attempt` is the number of that attempt, and `call.sent` has grown by how often it was sent. A session may say more, in
/// functions that do not throw: `lost(call)` hears of one that has ended after the outcome was known; `over(meaning, call)`, once, how the call
/// ends; `further()` is how many attempts it may yet begin, which nobody inside is to make then; `take_charges()` gives what those have cost that go
/// on when the call is over.
template <class P>
concept racing_loop = named_layer<P> && requires(P& p, call_context& call, const observation& seen) {
    { p.begin_race(call, call.now).next(call, call.now) } -> std::same_as<race_step>;
    { p.begin_race(call, call.now).ended(seen, call, call.now) } -> std::same_as<bool>;
    p.begin_race(call, call.now).begun(call, call.now);
};

/// A frame that bounds the time of what it surrounds.
template <class P>
concept deadline_frame = named_layer<P> && requires(P& p, call_context& call, error e) {
    { p.deadline_for(call, call.now) } -> std::convertible_to<instant>;
    { p.limit() } -> std::convertible_to<duration>;
};

/// One that watches, too, and whose limit differs from call to call: `before` gives what has it. `on_timeout` is told the same, where there is one.
template <class P>
concept varying_deadline_frame = deadline_frame<P> && requires(P& p, call_context& call) {
    { p.limit_of(p.before(call)) } -> std::convertible_to<duration>;
};

/// A layer whose calls have a deadline, whoever else sets one.
template <class P>
concept bounds_time_of_calls = deadline_frame<P> || requires { requires P::limits_time; };

/// A frame that puts something in an outcome's place.
template <class P>
concept substituting_frame = named_layer<P> && requires(P& p, const observation& seen) {
    { p.handles(seen) } -> std::convertible_to<bool>;
};

/// A frame that watches: told before, which gives what it wants to remember, and after.
template <class P>
concept watching_frame = named_layer<P> && requires(P& p, call_context& call, const observation& seen) {
    p.after(p.before(call), seen, call);
};

/// A frame that remembers outcomes: it may have the answer before anybody is asked, and hears what came out before its caller does. It may
/// wait for either, as for a store. It says `static constexpr bool remembers = true`, for calls of which types (`gives<T>`), and has a
/// `session<T>` for each call, made without arguments when the call comes and destroyed when it has left:
///
///     flow enter(P&, call_context&, outcome_slot<T>&, pause_point&);     // inward; pause; answer, or outward, with an outcome
///     flow leave(P&, call_context&, outcome_slot<T>&, pause_point&);     // outward; pause. Also after its own `answer`
///     flow resume(P&, call_context&, outcome_slot<T>&, pause_point&);    // a pause is over: any of these
///     flow interrupt(P&, call_context&, outcome_slot<T>&);               // the caller has cancelled during a pause: outward
///
/// One that tightens the deadline says `static constexpr bool limits_time = true`. What these throw fails the call. An outcome that is given `outward` is taken as it is judged; an `answer` is judged by the pipeline's rules.
template <class P>
concept remembering_frame = named_layer<P> && requires { requires P::remembers; };

template <class P>
concept frame = deadline_frame<P> || substituting_frame<P> || watching_frame<P> || remembering_frame<P>;

/// A gate with threads of its own, on which the callable runs.
template <class P>
concept runs_calls = gate<P> && requires(P& p) {
    { p.runner() } -> std::convertible_to<call_runner&>;
};

/// One that owns those threads, and can be told to wait for what runs on them before any layer goes.
template <class P>
concept owns_threads = runs_calls<P> && requires(P& p) {
    { p.stop() } noexcept;
};

template <class P>
concept policy = gate<P> || loop<P> || racing_loop<P> || frame<P>;

}  // namespace cutwater
