// How a gate that has permits lets calls wait for them: what it is to say in `enqueue`, `resume` and `leave`:
// `class bulkhead : public waits_in_line<bulkhead>`.
//
// The gate has `options_` with the knobs of a line, `permits()`, `give_ticket(waiter, now)` for one who holds a permit, `refuse(call)`, where it has
// several lines `prepare(waiter, call)`, and the events
// `queued_event` (queued, longest_wait) and `wait_ended_event` (admitted, waited).
//
// Contract. A wait ends at `max_wait` or at the call's deadline, whichever is first. Who is let in at its deadline or later sends nothing: its
// permit goes on to the next.
#pragma once

#include <algorithm>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/queue/shared_permits.hpp"

namespace cutwater {

template <class Gate>
class waits_in_line {
public:
    /// The call could not pass: it waits, if it may.
    [[nodiscard]] auto enqueue(waiter& w, call_context& call, moment& now) {
        w.since = now;
        w.until = std::min(add(now, self().options_.max_wait), call.deadline);
        w.importance = call.said().importance;
        if constexpr (requires { self().prepare(w, call); }) self().prepare(w, call);
        if (w.until <= now.get()) return in_vain(w, call);
        switch (self().permits().take_or_queue(w, now)) {
            case shared_permits::answer::taken: return granted(w, now);
            case shared_permits::answer::full: return self().refuse(call);
            case shared_permits::answer::queued: break;
        }
        call.emit(self().layer_name(),
                  [&] { return typename Gate::queued_event{self().permits().queued(), between(now, w.until)}; });
        return goes_on(w);
    }

    /// Woken, or its time is over.
    [[nodiscard]] auto resume(waiter& w, call_context& call, moment& now) {
        using enum shared_permits::wait_state;
        switch (self().permits().look(w)) {
            case waits: return now.get() < w.until ? goes_on(w) : in_vain(w, call);
            case turned_away: return ended(w, call, {.reason = *w.turned_away()});
            case granted: break;
        }
        if (call.deadline != never && now.get() >= call.deadline) {  // too late: nothing is to be sent
            self().permits().give_back(w, now);
            return in_vain(w, call);
        }
        tell_ended(true, w, call);
        return this->granted(w, now);
    }

    /// The caller has cancelled; `leave` follows.
    void cancelled(waiter& w, call_context& call) { tell_ended(false, w, call); }
    void leave(waiter& w) noexcept { self().permits().leave(w); }

private:
    friend Gate;
    waits_in_line() = default;

    [[nodiscard]] Gate& self() noexcept { return static_cast<Gate&>(*this); }

    [[nodiscard]] auto goes_on(const waiter& w) { return admission<typename Gate::ticket>{wait_until{w.until}}; }
    [[nodiscard]] auto granted(const waiter& w, moment& now) {
        return admission<typename Gate::ticket>{self().give_ticket(w, now)};
    }

    [[nodiscard]] auto in_vain(const waiter& w, call_context& call) {
        refusal why{.reason = errc::wait_timed_out};
        if (w.until < call.deadline) why.limit = self().options_.max_wait;
        return ended(w, call, why);
    }
    [[nodiscard]] auto ended(const waiter& w, call_context& call, const refusal& why) {
        tell_ended(false, w, call);
        return admission<typename Gate::ticket>{why};
    }
    void tell_ended(bool admitted, const waiter& w, call_context& call) {
        call.emit(self().layer_name(), [&] {
            return typename Gate::wait_ended_event{.admitted = admitted, .waited = between(w.since, call.now)};
        });
    }
};

}  // namespace cutwater
