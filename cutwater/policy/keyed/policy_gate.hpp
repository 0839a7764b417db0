// A keyed policy whose keys have a whole policy each: a table of them, and the pins that keep one while somebody is in it.
#pragma once

#include "cutwater/policy/keyed/forgettable.hpp"
#include "cutwater/policy/keyed/policy_table.hpp"

namespace cutwater {

template <forgettable P>
class policy_gate {
    using table = policy_table<P>;
    using node = typename table::node;

public:
    using pinned = typename table::pinned;
    using ticket = keyed_ticket<P>;  // its place is a node, pinned

    policy_gate(std::function<P()> make, std::size_t keys) : keys_{std::move(make), keys} {}

    [[nodiscard]] bool try_admit(const fingerprint& print, ticket& t, call_context& call, moment& now) noexcept
        requires quick_gate<P>
    {
        pinned held{keys_.find(print)};
        if (!held || !held->policy().try_admit(t.of_policy, call, now)) return false;
        t.place.where = held.release();
        return true;
    }
    /// `no_room` says what is answered where there is none for the key.
    template <class NoRoom>
    [[nodiscard]] admission<ticket> admit(const fingerprint& print, call_context& call, moment& now, NoRoom&& no_room) {
        const pinned held = get(print, now);
        if (!held) return no_room();
        return given(*held, held->policy().admit(call, now));
    }
    void settle(ticket& t, const observation& seen, call_context& call, moment& now) {
        const pinned held = taken_from(t);
        held->policy().settle(t.of_policy, seen, call, now);
    }
    void abandon(ticket& t) noexcept {
        const pinned held = taken_from(t);
        held->policy().abandon(t.of_policy);
    }

    template <class NoRoom>
    [[nodiscard]] admission<ticket> enqueue(const fingerprint& print, waiter& w, call_context& call, moment& now,
                                            NoRoom&& no_room)
        requires queueing_gate<P>
    {
        pinned held = get(print, now);
        if (!held) return no_room();
        node& its = *held.release();
        w.of = &its;  // who waits keeps it, too
        return or_leave(w, its, its.policy().enqueue(w, call, now));
    }
    [[nodiscard]] admission<ticket> resume(waiter& w, call_context& call, moment& now)
        requires queueing_gate<P>
    {
        node& its = *static_cast<node*>(w.of);
        return or_leave(w, its, its.policy().resume(w, call, now));
    }
    void cancelled(waiter& w, call_context& call)
        requires requires(P& p) { p.cancelled(w, call); }
    {
        static_cast<node*>(w.of)->policy().cancelled(w, call);
    }
    void leave(waiter& w) noexcept
        requires queueing_gate<P>
    {
        if (w.of == nullptr) return;
        const pinned held{static_cast<node*>(std::exchange(w.of, nullptr))};
        held->policy().leave(w);
    }

    /// Whose the policy is that a ticket is of, or that somebody waits for.
    [[nodiscard]] static std::uint64_t mark_of(const ticket& t) noexcept {
        return static_cast<const node*>(t.place.where)->mark();
    }
    [[nodiscard]] static std::uint64_t mark_of(const waiter& w) noexcept {
        return static_cast<const node*>(w.of)->mark();
    }

    [[nodiscard]] pinned find(const fingerprint& print) const noexcept { return pinned{keys_.find(print)}; }
    [[nodiscard]] pinned get(const fingerprint& print, moment& now) {
        if (node* const known = keys_.find(print)) [[likely]]
            return pinned{known};
        return pinned{keys_.get(print, now)};  // only who is new here needs the time
    }
    template <class Use>
    void visit(instant now, Use&& use) {
        keys_.visit(now, use);
    }
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] std::size_t bytes() const { return sizeof *this + keys_.bytes(); }

private:
    [[nodiscard]] static pinned taken_from(ticket& t) noexcept {
        return pinned{static_cast<node*>(std::exchange(t.place.where, nullptr))};
    }
    /// What a policy answered, with a pin of its own for the ticket.
    [[nodiscard]] static admission<ticket> given(node& its, admission<typename P::ticket> answer) {
        if (const auto* const why = std::get_if<refusal>(&answer)) return *why;
        if (const auto* const wait = std::get_if<wait_until>(&answer)) return *wait;
        its.pin();
        return ticket{std::move(std::get<typename P::ticket>(answer)), {.where = &its}};
    }
    /// Whoever does not wait any more is not in the queue.
    [[nodiscard]] admission<ticket> or_leave(waiter& w, node& its, admission<typename P::ticket> answer) {
        admission<ticket> passed_on = given(its, std::move(answer));
        if (!std::holds_alternative<wait_until>(passed_on)) leave(w);
        return passed_on;
    }

    table keys_;
};

}  // namespace cutwater
