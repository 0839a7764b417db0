// A fixed window: so many permits, all of which come back at once when the window is over.
//
// A window begins with the first permit that is taken after the one before was over. As everywhere with fixed windows, up to
// twice `permits` may pass in one `per`: at the end of one window and the beginning of the next. For a limit of one's own the
// rolling one is better; this is for whoever must match a quota that is kept so.
//
// The state is one word, used as that of `gcra` is: pure functions from word to word, bit 0 stays as it is, and `fresh` is a
// limiter that nobody has asked. A window never lasts less than `per`. With up to 63 permits it lasts exactly that; with up to 1000
// it may be 32 ns longer, with 1,000,000 33 us; and never more than 2^-11 of itself.
//
// Time is counted modulo 2^57 ns, 4.5 years, or more (where more than 7 million permits a second are counted it may be less): a limiter that is left
// alone for just that long takes its last window for one that is open. After a jump back of more than a second it is new.
#pragma once

#include <algorithm>
#include <optional>

#include "cutwater/policy/rate_limiter/reading.hpp"

namespace cutwater {

class fixed_window {
public:
    using word = std::uint64_t;
    static constexpr word fresh = 0;
    static constexpr word flag = 1;

    /// At most 1,000,000 permits.
    constexpr fixed_window(unsigned permits, duration per) noexcept
        : permits_{permits}, per_{per}, start_at_{used_at + digits_of(permits)}, shift_{shift_for(per, start_at_)},
          length_{length_for(per, shift_)} {}

    [[nodiscard]] constexpr std::optional<rate_slot> take(word& w, unsigned weight, instant now) const noexcept {
        const word window = window_at(w, now);
        if (weight == 0) return rate_slot{.mark = start_of(window), .amount = 0, .taken = now};
        if (used_of(window) + weight > permits_) return {};
        w = (window + (word{weight} << used_at)) | (w & flag);
        return rate_slot{.mark = start_of(window), .amount = weight, .taken = now};
    }

    [[nodiscard]] constexpr duration wait_for(word w, std::uint64_t weight, instant now) const noexcept {
        return weight > permits_ ? forever : wait_in_line(w, weight, now);
    }

    /// Until the last of several may pass who wait in line and want `weight` in all.
    [[nodiscard]] constexpr duration wait_in_line(word w, std::uint64_t weight, instant now) const noexcept {
        const word window = window_at(w, now);
        const std::uint64_t left = permits_ - used_of(window);
        if (weight <= left) return duration::zero();
        const std::uint64_t more = (weight - left - 1) / permits_;  // windows that others fill before
        return add(left_of(window, now), scale(length(), static_cast<double>(more)));
    }

    /// Of a window that is over there is nothing to give back.
    constexpr void give_back(word& w, const rate_slot& unused, instant now) const noexcept {
        const word window = window_at(w, now);
        if (window == fresh || start_of(window) != unused.mark || used_of(window) < unused.amount) return;
        w = (window - (unused.amount << used_at)) | (w & flag);
    }

    /// Of the window as it is meant: no time in it is longer than `per`.
    [[nodiscard]] constexpr rate_reading read(word w, unsigned weight, instant now) const noexcept {
        const word window = window_at(w, now);
        const duration wait = wait_for(w, weight, now);
        return {.limit = permits_,
                .remaining = permits_ - used_of(window),
                .reset = used_of(window) == 0 ? duration::zero() : std::min(left_of(window, now), per_),
                .retry_after = wait == forever ? forever : std::min(wait, per_)};
    }

    /// Whether it differs in nothing from `fresh`, now and later. A window in which all was given back does: it ends sooner.
    [[nodiscard]] constexpr bool is_fresh(word w, instant now) const noexcept { return !is_open(w, now); }

    friend bool operator==(const fixed_window&, const fixed_window&) = default;

private:
    // From the top: the start, in units of 2^shift ns, in all the digits that are left; the permits that are used, in as many as they
    // need; the flag. The unit is as small as the digits allow for a cycle of 2^57 ns, and a window has 2^12 units or more.
    static constexpr unsigned used_at = 1;
    static constexpr unsigned cycle_digits = 57;
    static constexpr unsigned length_digits = 12;
    static constexpr word out_of_order = 1'000'000'000;  // ns; those of concurrent calls are by far less

    static constexpr unsigned digits_of(unsigned most) noexcept {
        unsigned digits = 0;
        for (; most >> digits != 0; ++digits) {}
        return digits;
    }
    static constexpr unsigned shift_for(duration per, unsigned start_at) noexcept {
        unsigned shift = 0;
        while (64 - start_at + shift < cycle_digits && (per.count() >> (shift + 1)) >> length_digits != 0) ++shift;
        return shift;
    }
    /// Where a unit is more than a nanosecond, a start is up to one of them before its instant, and so is every other instant.
    static constexpr word length_for(duration per, unsigned shift) noexcept {
        const auto ns = static_cast<word>(per.count());
        return shift == 0 ? ns : ((ns - 1) >> shift) + 2;
    }

    [[nodiscard]] constexpr word start_mask() const noexcept { return ~word{0} >> start_at_; }
    [[nodiscard]] constexpr word start_of(word window) const noexcept { return window >> start_at_; }
    [[nodiscard]] constexpr word used_of(word window) const noexcept {
        return (window >> used_at) & ((word{1} << (start_at_ - used_at)) - 1);
    }
    [[nodiscard]] constexpr word units(instant t) const noexcept {
        return static_cast<word>(t.time_since_epoch().count() >> shift_) & start_mask();
    }
    /// How many of them `now` is after the start; one a little before it is as far from it as can be.
    [[nodiscard]] constexpr word age_of(word window, instant now) const noexcept {
        return (units(now) - start_of(window)) & start_mask();
    }
    [[nodiscard]] constexpr duration length() const noexcept {
        return duration{static_cast<duration::rep>(length_ << shift_)};
    }

    [[nodiscard]] constexpr bool is_open(word w, instant now) const noexcept {
        const word age = age_of(w, now);
        return w > flag &&
               (age < length_ || age > start_mask() - (out_of_order >> shift_));  // or it is a little before
    }

    /// The window that is open at `now`, without the flag: the one in `w`, or a new one.
    [[nodiscard]] constexpr word window_at(word w, instant now) const noexcept {
        return is_open(w, now) ? w & ~flag : units(now) << start_at_;
    }

    /// Until the window is over; never longer than a window lasts.
    [[nodiscard]] constexpr duration left_of(word window, instant now) const noexcept {
        const instant over_at_least = add(now, length());
        const word age = age_of(window, now);
        if (age >= length_) return between(now, over_at_least);
        const duration::rep into_unit = now.time_since_epoch().count() & ((duration::rep{1} << shift_) - 1);
        return duration{static_cast<duration::rep>((length_ - age) << shift_) - into_unit};
    }

    unsigned permits_;
    duration per_;
    unsigned start_at_;
    unsigned shift_;
    word length_;
};

}  // namespace cutwater
