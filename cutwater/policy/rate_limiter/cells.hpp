// Rolling limits by the million: what they share is kept once, and what is each one's own is a word.
//
//     const cw::rate_cells each{{.permits = 10, .per = 1s, .burst = 5}, cw::name{"each"}};
//     cw::rate_cells::word mine = cw::rate_cells::fresh;
//     const cw::rate_reading quota = each.read(mine, 1, cw::instant{});   // quota.remaining == 5
//
// For whoever holds the words: one for each tenant, say. What a cell decides is what a limiter with these options would. A
// limiter that is no single word (a window, a queue) has no cells: `suit` says so. The words are `gcra`'s, with its flag.
// Thread safety: every member is a function of its arguments.
#pragma once

#include "cutwater/core/admission.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/policy/rate_limiter/gcra.hpp"
#include "cutwater/policy/rate_limiter/options.hpp"

namespace cutwater {

/// What an admitted call holds of a limiter.
struct rate_ticket {
    rate_slot slot{};
    unsigned sent = 0;  ///< what the call had sent before
};

class rate_cells {
public:
    using word = gcra::word;
    using ticket = rate_ticket;
    static constexpr word fresh = gcra::fresh;  ///< a limiter that nobody has asked
    static constexpr word flag = gcra::flag;    ///< the bit that is the holder's

    [[nodiscard]] static bool suit(const rate_limiter_options& o) noexcept {
        return o.window == rate_window::rolling && o.max_queue == 0;
    }

    rate_cells(const rate_limiter_options& o, name layer) noexcept
        : rule_{o.permits, o.per, o.burst, o.max_wait}, permits_{o.permits}, per_{o.per}, layer_{layer} {}

    /// Whether `call` may pass; `w` and `t` are then as after it.
    [[nodiscard]] bool admit(word& w, ticket& t, const call_context& call, instant now) const noexcept {
        const auto taken = rule_.take(w, call.said().weight, now);
        if (!taken) return false;
        t.slot = *taken;
        t.sent = call.sent;
        return true;
    }
    /// Why it may not.
    [[nodiscard]] refusal refuse(word w, call_context& call, instant now) const;

    /// Whether an ended call has permits to give back, because nothing was sent for them; and does it.
    [[nodiscard]] static bool is_unused(const ticket& t, const call_context& call) noexcept {
        return call.sent == t.sent;
    }
    void give_back(word& w, const ticket& t, instant now) const noexcept { rule_.give_back(w, t.slot, now); }

    /// By hand.
    [[nodiscard]] bool try_acquire(word& w, unsigned weight, instant now) const noexcept {
        return rule_.take(w, weight, now).has_value();
    }
    [[nodiscard]] rate_reading read(word w, unsigned weight, instant now) const noexcept {
        return rule_.read(w, weight, now);
    }

    /// Whether it differs in nothing from `fresh`, now and later; and how long until it does not.
    [[nodiscard]] bool is_fresh(word w, instant now) const noexcept { return rule_.is_fresh(w, now); }
    [[nodiscard]] duration refill(word w, instant now) const noexcept { return rule_.read(w, 0, now).reset; }
    /// One that is fresh from `t` on, and was not before.
    [[nodiscard]] word fresh_from(instant t) const noexcept { return rule_.full_at(t); }

private:
    gcra rule_;
    unsigned permits_;
    duration per_;
    name layer_;
};

}  // namespace cutwater
