// A keyed policy whose keys have a cell each: rules, a table of words, and what a gate answers by them.
#pragma once

#include "cutwater/policy/keyed/cell_table.hpp"
#include "cutwater/policy/keyed/forgettable.hpp"

namespace cutwater {

template <keeps_cells P>
class cell_gate {
    using rules = typename P::cells;
    using table = cell_table<rules>;

public:
    using answer = typename table::answer;
    using ticket = keyed_ticket<P>;

    cell_gate(const P& as_new, std::size_t keys) : rules_{as_new.options(), as_new.layer_name()}, keys_{rules_, keys} {}

    [[nodiscard, gnu::always_inline]] bool try_admit(const fingerprint& print, ticket& t, call_context& call,
                                                     moment& now) noexcept {
        keys_.prefetch(print);  // the clock takes about as long
        const instant at = now;
        return keys_.alter(print, at, t.place, [&](auto& w) { return rules_.admit(w, t.of_policy, call, at); }) ==
               answer::yes;
    }
    /// `no_room` says what is answered where there is none for the key.
    template <class NoRoom>
    [[nodiscard]] admission<ticket> admit(const fingerprint& print, call_context& call, moment& now, NoRoom&& no_room) {
        ticket t;
        typename rules::word seen = rules::fresh;
        const instant at = now;
        switch (keys_.alter(print, at, t.place,
                            [&](auto& w) { return seen = w, rules_.admit(w, t.of_policy, call, at); })) {
            case answer::yes: return t;
            case answer::no: return rules_.refuse(seen, call, at);
            case answer::full: break;
        }
        return no_room();
    }
    void settle(ticket& t, const observation&, call_context& call, moment& now) {
        if (!rules::is_unused(t.of_policy, call)) [[likely]]
            return;
        now.forget();  // what has come back meanwhile is not given back again
        const instant at = now;
        keys_.lower(t.place, at, [&](auto& w) { rules_.give_back(w, t.of_policy, at); });
    }
    void abandon(ticket&) noexcept {}
    /// Whether it is this one's.
    [[nodiscard]] bool owns(const ticket& t) const noexcept { return keys_.owns(t.place); }

    [[nodiscard]] bool try_acquire(const fingerprint& print, instant now, unsigned weight) {
        key_place nowhere;
        return keys_.alter(print, now, nowhere, [&](auto& w) { return rules_.try_acquire(w, weight, now); }) ==
               answer::yes;
    }
    [[nodiscard]] auto read(const fingerprint& print, instant now, unsigned weight) {
        return rules_.read(keys_.look(print, now), weight, now);
    }
    template <class Use>
    void visit(instant now, Use&& use) const {
        keys_.visit(now, [&](std::uint64_t mark, auto word) { use(mark, rules_.read(word, 1, now)); });
    }
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return sizeof *this + keys_.bytes(); }

private:
    const rules rules_;
    table keys_;
};

}  // namespace cutwater
