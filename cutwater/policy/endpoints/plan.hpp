// Who may be sent to, and with what weight; and who of them is.
//
// Of two that are drawn by weight, the less loaded is picked (the power of two choices: Mitzenmacher, 2001). The draw is from our zone,
// unless that has too little healthy capacity; from those that do not rest, while there are any, and of them
// from those that the call has not tried, while there are any. Of equals it is the one that was drawn first, so that
// without load the traffic is as the weights are. With little load too: where the second has less weight, it is taken only if it would be the less
// loaded with this call. Else an idle one of little weight would have each call that finds another under way.
//
// `pick` is a function of a plan, dice and loads: the kernel and the threads share it. A plan is anything with the members that
// `endpoint_plan` has.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/random.hpp"

namespace cutwater {

struct endpoint_plan {
    struct entry {
        std::size_t place = 0;
        double weight = 1;  // as it is now
        double upto = 0;    // the sum of the weights as far as this
        friend bool operator==(const entry&, const entry&) = default;
    };
    std::vector<entry> entries;  // those of our zone first
    std::size_t ours = 0;        // so many are
    double stays = 1;            // the chance that a call stays in our zone
    double passes = 1;           // the chance that a call is not refused
    bool is_even = true;         // all have the same weight
    instant until = never;       // when this may not be right any more
    instant more_at = never;     // when more can be carried, as far as is known

    [[nodiscard]] std::size_t size() const noexcept { return entries.size(); }
    [[nodiscard]] double upto(std::size_t i) const noexcept { return entries[i].upto; }
    friend bool operator==(const endpoint_plan&, const endpoint_plan&) = default;
};

/// How loaded one is.
struct endpoint_load {
    double waiting = 0;  // calls under way, and failures in a row that count as such, for each unit of weight
    double weight = 1;
    double latency = 0;  // 0: not known, or not to be compared

    /// Whether it is to be taken in the place of the one that was drawn before it.
    [[nodiscard]] bool is_less_than(const endpoint_load& other) const noexcept {
        const bool compares = latency > 0 && other.latency > 0;
        if (weight >= other.weight) [[likely]]
            return compares ? latency * (1 + waiting) < other.latency * (1 + other.waiting) : waiting < other.waiting;
        const double with_it = waiting + 1 / weight;
        const double other_with_it = other.waiting + 1 / other.weight;
        return compares ? latency * with_it < other.latency * other_with_it : with_it < other_with_it;
    }
};

namespace detail {

/// Uniform below `n`.
[[nodiscard]] inline std::size_t below(std::size_t n, std::uint64_t dice) noexcept {
    return ((dice >> 32U) * n) >> 32U;
}

struct endpoint_range {
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
};

/// One of them, by weight.
template <class Plan>
[[nodiscard]] std::size_t draw(const Plan& plan, endpoint_range in, random_source& dice) noexcept {
    if (plan.is_even) return in.begin + below(in.size(), dice());
    const double before = in.begin == 0 ? 0 : plan.upto(in.begin - 1);
    const double at = before + dice.unit() * (plan.upto(in.end - 1) - before);
    std::size_t first = in.begin;
    for (std::size_t length = in.size() - 1; length > 0;) {
        const std::size_t half = length / 2;
        if (plan.upto(first + half) > at) {
            length = half;
        } else {
            first += half + 1;
            length -= half + 1;
        }
    }
    return first;
}

/// The first from there on, and round, that will do.
template <class May>
[[nodiscard]] std::optional<std::size_t> from_there(endpoint_range in, std::size_t start, May&& may) {
    for (std::size_t i = 0; i < in.size(); ++i) {
        const std::size_t at = in.begin + (start - in.begin + i) % in.size();
        if (may(at)) return at;
    }
    return {};
}

/// Of two that will do, the less loaded; nothing where none will.
template <class Plan, class May, class Load>
[[nodiscard]] std::optional<std::size_t> pick_in(const Plan& plan, endpoint_range in, random_source& dice, May&& may,
                                                 Load&& load) {
    if (in.size() == 0) return {};
    const auto first = from_there(in, draw(plan, in, dice), may);
    if (!first || in.size() == 1) return first;
    const auto may_be_second = [&](std::size_t at) { return at != *first && may(at); };
    std::size_t drawn = draw(plan, in, dice);
    if (drawn == *first) drawn = in.begin + (drawn - in.begin + 1 + below(in.size() - 1, dice())) % in.size();
    const auto second = from_there(in, drawn, may_be_second);
    if (!second) return first;
    return load(*second).is_less_than(load(*first)) ? second : first;
}

}  // namespace detail

/// What is so of some entries: `is(i)`; of none where not `on_any`.
template <class Is>
struct endpoint_mark {
    bool on_any;
    Is is;
    [[nodiscard]] bool operator()(std::size_t i) const noexcept { return on_any && is(i); }
};
template <class Is>
endpoint_mark(bool, Is) -> endpoint_mark<Is>;

/// Who is sent to; nothing where the call is to be refused. `tried` has been asked by this call, `rests` asked to be left alone: marks of
/// the i-th entry. `load(i)` is the i-th one's.
template <class Plan, class Tried, class Rests, class Load>
[[nodiscard]] std::optional<std::size_t> pick(const Plan& plan, random_source& dice, const Tried& tried,
                                              const Rests& rests, Load&& load) {
    if (plan.size() == 0) return {};
    if (plan.passes < 1 && dice.unit() >= plan.passes) return {};
    const bool stays = plan.ours > 0 && (plan.stays >= 1 || dice.unit() < plan.stays);
    const detail::endpoint_range here{0, plan.ours};
    const detail::endpoint_range there{plan.ours, plan.size()};
    const detail::endpoint_range near = stays || there.size() == 0 ? here : there;
    const detail::endpoint_range far = stays || there.size() == 0 ? there : here;
    const auto any = [](std::size_t) { return true; };
    if (!tried.on_any && !rests.on_any) [[likely]]
        return detail::pick_in(plan, near, dice, any, load);
    const auto from_both = [&](auto&& may) {
        const auto found = detail::pick_in(plan, near, dice, may, load);
        return found ? found : detail::pick_in(plan, far, dice, may, load);
    };
    const auto best = from_both([&](std::size_t i) { return !tried(i) && !rests(i); });
    if (best) return best;
    if (const auto awake = rests.on_any ? from_both([&](std::size_t i) { return !rests(i); }) : best) return awake;
    if (const auto fresh = tried.on_any ? from_both([&](std::size_t i) { return !tried(i); }) : best) return fresh;
    return detail::pick_in(plan, near, dice, any, load);
}

}  // namespace cutwater
