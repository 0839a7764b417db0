// What is right about permits that processes share: GCRA whose state is a backlog, without store, clock or thread.
//
//     cw::shared_rate_limiter_kernel rule{100, 1s, 100};
//     cw::cell there{.value = rule.full().encoded(), .age = 2s};
//     cw::rate_backlog now = rule.aged(cw::rate_backlog::decoded(there.value).value_or(rule.full()), there.age);
//     if (const unsigned permits = rule.take(now, 1, 10)) …              // swap the cell for now.encoded()
//
// The backlog is the time until all permits are back. What a cell holds is the backlog *when it was written*: by now it is less by the
// cell's age, and not less than nothing. So nothing in it is an hour of anybody's clock.
//
// In any window of `t` at most `burst + permits/per · t` are taken. Where the age is told too small (a question was under way), they are
// fewer. The interval, `per / permits`, is rounded up to 1/1024 ns: the rate is never faster than asked for, and slower by less than one part in
// 1024 of a nanosecond's. Formula: ITU-T I.371, as a leaky bucket.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// A time in 1/1024 ns.
struct rate_backlog {
    std::uint64_t units = 0;

    static constexpr unsigned shift = 10;

    [[nodiscard]] std::string encoded() const;
    /// Nothing where the bytes are none of ours.
    [[nodiscard]] static std::optional<rate_backlog> decoded(std::string_view bytes);

    /// Saturating; nothing for what is negative.
    [[nodiscard]] static constexpr rate_backlog of(duration d) noexcept {
        if (d <= duration::zero()) return {};
        const auto ns = static_cast<std::uint64_t>(d.count());
        return {ns > (most >> shift) ? most : ns << shift};
    }
    [[nodiscard]] constexpr duration rounded_down() const noexcept {
        return duration{static_cast<duration::rep>(units >> shift)};
    }
    [[nodiscard]] constexpr duration rounded_up() const noexcept {
        return rounded_down() + duration{(units & ((1U << shift) - 1)) != 0 ? 1 : 0};
    }
    /// Not less than nothing.
    [[nodiscard]] constexpr rate_backlog less(rate_backlog b) const noexcept {
        return {units > b.units ? units - b.units : 0};
    }

    static constexpr std::uint64_t most = std::uint64_t{1} << 63U;

    friend constexpr auto operator<=>(const rate_backlog&, const rate_backlog&) = default;
};

class shared_rate_limiter_kernel {
public:
    /// A limit, or one of so many equal `parts` of it.
    constexpr shared_rate_limiter_kernel(unsigned permits, duration per, unsigned burst, unsigned parts = 1) noexcept
        : interval_{interval_for(permits, per, parts)}, burst_{std::max(1U, burst / parts)},
          capacity_{interval_ * burst_} {}

    [[nodiscard]] constexpr unsigned burst() const noexcept { return burst_; }
    /// The backlog of a limit that has no permit left: of what cannot be read, too.
    [[nodiscard]] constexpr rate_backlog full() const noexcept { return {capacity_}; }

    /// What is left of it after `age`.
    [[nodiscard]] constexpr rate_backlog aged(rate_backlog b, duration age) const noexcept {
        return std::min(b, full()).less(rate_backlog::of(age));
    }

    /// Takes as many as there are, at most `most`, and none where they are fewer than `least`. How many.
    [[nodiscard]] constexpr unsigned take(rate_backlog& b, unsigned least, unsigned most) const noexcept {
        const std::uint64_t room = full().less(b).units / interval_;
        const auto taken = static_cast<unsigned>(std::min(room, std::uint64_t{most}));
        if (taken < least) return 0;
        b.units += interval_ * taken;
        return taken;
    }

    /// Until `n` may be taken; `forever` where there are never so many.
    [[nodiscard]] constexpr duration wait_for(rate_backlog b, unsigned n) const noexcept {
        if (n > burst_) return forever;
        return rate_backlog{b.units + interval_ * n}.less(full()).rounded_up();
    }

    /// Gives back `n` that were not used, less what has come back by itself in the time since they were taken. So never more are taken than if these had not
    /// been, whoever gives back what, in whatever order.
    constexpr void give_back(rate_backlog& b, unsigned n, duration since) const noexcept {
        b = b.less(cost_of(n).less(rate_backlog::of(since)));
    }

    /// How long it takes until `n` are back.
    [[nodiscard]] constexpr duration refill_of(unsigned n) const noexcept { return cost_of(n).rounded_up(); }

private:
    __extension__ using wide = unsigned __int128;

    static constexpr std::uint64_t interval_for(unsigned permits, duration per, unsigned parts) noexcept {
        const wide units = (static_cast<wide>(per.count()) << rate_backlog::shift) * parts;
        return std::max(std::uint64_t{1}, static_cast<std::uint64_t>((units + permits - 1) / std::max(1U, permits)));
    }
    [[nodiscard]] constexpr rate_backlog cost_of(unsigned n) const noexcept {
        return {interval_ * std::uint64_t{std::min(n, burst_)}};
    }

    std::uint64_t interval_;
    unsigned burst_;
    std::uint64_t capacity_;
};

}  // namespace cutwater
