// Which policies can be keyed.
#pragma once

#include "cutwater/core/family.hpp"
#include "cutwater/core/options.hpp"
#include "cutwater/policy/keyed/slots.hpp"

namespace cutwater {

/// A gate that can say when it differs in nothing from one that is new, now and later, to whoever is not inside. It is asked
/// under a lock, of a policy that nobody is in, and must not block.
template <class P>
concept forgettable = gate<P> && requires(const P& p, instant now) {
    { p.is_fresh(now) } noexcept -> std::same_as<bool>;
};

/// What is wrong with options where each key has a policy with them, though one for all may have them: they may say so, by
/// `void check_keyed(option_problems&) const`.
[[nodiscard]] option_problems problems_when_keyed(const auto& each) {
    option_problems found;
    if constexpr (requires { each.check_keyed(found); }) each.check_keyed(found);
    return found;
}

/// A policy that can also be kept as rules that all keys share and a word for each: `P::cells`, where `suit` says so. What its
/// members promise is written in rate_limiter/cells.hpp; takes only ever raise a word, and a word that is fresh is not later than now.
template <class P>
concept keeps_cells = forgettable<P> && requires(const P& p, const typename P::cells& rules, typename P::cells::word& w,
                                                 typename P::ticket& t, call_context& call, instant now) {
    { P::cells::suit(p.options()) } -> std::same_as<bool>;
    requires std::constructible_from<typename P::cells, decltype(p.options()), name>;
    { P::cells::fresh } -> std::convertible_to<typename P::cells::word>;
    { P::cells::flag } -> std::convertible_to<typename P::cells::word>;
    { rules.admit(w, t, call, now) } noexcept -> std::same_as<bool>;
    { rules.refuse(w, call, now) } -> std::same_as<refusal>;
    { rules.is_unused(t, call) } noexcept -> std::same_as<bool>;
    { rules.give_back(w, t, now) } noexcept;
    { rules.is_fresh(w, now) } noexcept -> std::same_as<bool>;
    { rules.refill(w, now) } noexcept -> std::same_as<duration>;
    { rules.fresh_from(now) } noexcept -> std::same_as<typename P::cells::word>;
    { rules.try_acquire(w, 1U, now) } noexcept -> std::same_as<bool>;
    { rules.read(w, 1U, now) } -> std::same_as<decltype(p.read(now, 1U))>;
};

/// What an admitted call holds. Without a place it passed unguarded.
template <gate P>
struct keyed_ticket {
    typename P::ticket of_policy{};
    key_place place{};
};

}  // namespace cutwater
