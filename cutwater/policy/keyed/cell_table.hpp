// A word for each key, and rules that all of them share: sixteen bytes a slot, and a call is one compare and swap.
//
// A hit takes no lock: it reads the word, then whose it is, and then swaps the word that it read. That is right because no word
// comes twice to one slot under two owners. Takes only raise a word. A slot changes hands when its word has come to nothing at
// `now`, and what the next owner puts there is later than `now`. Only what is given back lowers a word: that is marked in the
// word itself, and such a slot changes hands when time has passed everything that was lowered in its stripe.
//
// Whoever comes with an instant that is earlier than when others were forgotten finds a cell that is fresh from then on only: so
// forgetting never lets in one call more, whatever the order of the instants.
//
// `Rules` are a policy's `cells`: see `keeps_cells`. Thread safety: every member, from any thread. `Atomic` and `Mutex` are the
// standard's, or a test's that stop at each step.
#pragma once

#include <optional>

#include "cutwater/core/instant.hpp"
#include "cutwater/policy/keyed/slots.hpp"

namespace cutwater {

/// What one stripe of a cell table remembers.
struct cells_note {
    instant forgotten = instant::min();  ///< the latest instant at which a cell was forgotten
    instant lowered = instant::min();    ///< when the highest word that was lowered would have come to nothing
};

template <class Rules, std::size_t Group = 64, template <class> class Atomic = std::atomic, class Mutex = std::mutex>
class basic_cell_table {
    using slots = key_slots<cells_note, Group, Atomic, Mutex>;
    using slot = typename slots::slot;
    using stripe = typename slots::stripe;

public:
    using word = typename Rules::word;

    /// The rules outlive it.
    basic_cell_table(const Rules& rules, std::size_t keys) : rules_{rules}, keys_{keys}, slots_{keys} {}

    enum class answer : std::uint8_t { yes, no, full };

    void prefetch(const fingerprint& print) const noexcept { slots_.prefetch(print); }

    /// Has `change(word&)` alter the word of a key, once; what it gives. A key that is new gets a word if it is then not fresh.
    template <class Change>
    [[nodiscard, gnu::always_inline]] answer alter(const fingerprint& print, instant now, key_place& at,
                                                   Change&& change) {
        at = {.where = slots_.find(print), .mark = slot_mark(print)};
        if (at.where != nullptr) [[likely]]
            if (const auto given = alter_known(at, change)) [[likely]]
                return *given;
        return alter_locked(print, now, at, change);
    }

    /// The same for what was taken at `at` and comes back: nothing, if the key has been forgotten meanwhile.
    template <class Change>
    void lower(const key_place& at, instant now, Change&& change) {
        if (at.where == nullptr) return;
        stripe& s = slots_.stripe_of(slot_at(at));
        const std::scoped_lock lock{s.mutex};
        (void)alter_known(at, [&](word& w) {
            const word before = w;
            change(w);
            if (w == before) return true;
            s.note.lowered = std::max(s.note.lowered, add(now, rules_.refill(before, now)));
            w |= Rules::flag;
            return true;
        });
    }

    /// The word of a key as it is now; of one that is not known, that of a new one.
    [[nodiscard]] word look(const fingerprint& print, instant now) {
        word seen = Rules::fresh;
        key_place nowhere;
        (void)alter(print, now, nowhere, [&](word& w) { return seen = w, true; });
        return seen;
    }

    /// `use(mark, word)` for each that is not fresh.
    template <class Use>
    void visit(instant now, Use&& use) const {
        for (slot& s : slots_.all()) {
            word seen = Rules::fresh;
            const key_place at{&s, s.mark.load(std::memory_order_acquire)};
            if (!slot::has_owner(at.mark) || !alter_known(at, [&](word& w) { return seen = w, true; })) continue;
            if (!rules_.is_fresh(seen, now)) use(at.mark, seen);
        }
    }

    [[nodiscard]] bool owns(const key_place& at) const noexcept { return slots_.owns(static_cast<slot*>(at.where)); }
    [[nodiscard]] std::size_t size() const noexcept { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t bytes() const noexcept { return sizeof *this + slots_.bytes(); }

private:
    static constexpr word changing_hands =
        Rules::fresh | Rules::flag;  // no key has it: the flag comes with what is lowered

    [[nodiscard]] static slot& slot_at(const key_place& at) noexcept { return *static_cast<slot*>(at.where); }

    /// Nothing where the slot is not this key's any more, or is just changing hands.
    template <class Change>
    [[nodiscard]] static std::optional<answer> alter_known(const key_place& at, Change&& change) {
        slot& here = slot_at(at);
        word seen = here.word.load(std::memory_order_acquire);
        while (seen != changing_hands && here.mark.load(std::memory_order_acquire) == at.mark) {
            word next = seen;
            const answer given = change(next) ? answer::yes : answer::no;
            if (next == seen) {  // nothing to write: but was it this key's word?
                const word still = here.word.load(std::memory_order_acquire);
                if (still == seen) return given;
                seen = still;
            } else if (here.word.compare_exchange_weak(seen, next, std::memory_order_acq_rel,
                                                       std::memory_order_acquire)) {
                return given;
            }
        }
        return {};
    }

    template <class Change>
    [[nodiscard]] answer alter_locked(const fingerprint& print, instant now, key_place& at, Change&& change) {
        stripe& s = slots_.stripe_of(print);
        const std::scoped_lock lock{s.mutex};
        at.mark = slot_mark(print);
        at.where = slots_.find(print);
        if (at.where != nullptr) return *alter_known(at, change);  // nothing changes hands while we hold the lock
        const word first = now < s.note.forgotten ? rules_.fresh_from(s.note.forgotten) : Rules::fresh;
        word next = first;
        const bool given = change(next);
        if (next != first) {
            slot* const mine = claim_locked(print, s, now);
            if (mine == nullptr) return answer::full;
            mine->mark.store(at.mark, std::memory_order_release);
            mine->word.store(next, std::memory_order_release);
            at.where = mine;
        }
        return given ? answer::yes : answer::no;
    }

    /// A slot that nobody needs, closed to everybody else; null where all are needed. As long as fewer keys are known than there is
    /// to be room for, one that was never used; then the nearest.
    [[nodiscard]] slot* claim_locked(const fingerprint& print, stripe& s, instant now) {
        if (size() < keys_)
            if (slot* const unused = claim_first(print, [](word, bool is_unused) { return is_unused; })) {
                used_.fetch_add(1, std::memory_order_relaxed);
                return unused;
            }
        return claim_first(print, [&](word seen, bool is_unused) {
            if (is_unused) used_.fetch_add(1, std::memory_order_relaxed);
            if (is_unused || !may_be_forgotten(seen, s, now)) return is_unused;
            s.note.forgotten = std::max(s.note.forgotten, now);
            return true;
        });
    }
    template <class IsFree>
    [[nodiscard]] slot* claim_first(const fingerprint& print, IsFree&& is_free) {
        for (std::size_t nth = 0; nth < Group; ++nth) {
            slot& here = slots_.place(print, nth);
            word seen = here.word.load(std::memory_order_acquire);
            if (is_free(seen, here.mark.load(std::memory_order_relaxed) == slot::unused) &&
                here.word.compare_exchange_strong(seen, changing_hands, std::memory_order_acq_rel))
                return &here;
        }
        return nullptr;
    }

    [[nodiscard]] bool may_be_forgotten(word seen, const stripe& s, instant now) const noexcept {
        const bool was_lowered = (seen & Rules::flag) != 0;
        return rules_.is_fresh(seen, now) && (!was_lowered || now > s.note.lowered);
    }

    const Rules& rules_;
    const std::size_t keys_;
    slots slots_;
    Atomic<std::size_t> used_{0};
};

template <class Rules>
using cell_table = basic_cell_table<Rules>;

}  // namespace cutwater
