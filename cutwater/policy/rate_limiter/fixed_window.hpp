// A fixed window: so many permits, all of which come back at once when the window is over.
//
// A window begins with the first permit that is taken after the one before was over. As everywhere with fixed windows, up to
// twice `permits` may pass in one `per`: at the end of one window and the beginning of the next. For a limit of one's own the
// rolling one is better; this is for whoever must match a quota that is kept so.
//
// The state is one word, used as that of `gcra` is: pure functions from word to word, bit 0 stays as it is, and `fresh` is a
// limiter that nobody has asked. A window may last `per / 2^15`, or 2 ns, longer than `per`, and never less.
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
        : permits_{permits}, shift_{shift_for(per)}, length_{(static_cast<word>(per.count()) >> shift_) + 2},
          before_{std::max(length_, out_of_order >> shift_)} {}

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

    [[nodiscard]] constexpr rate_reading read(word w, unsigned weight, instant now) const noexcept {
        const word window = window_at(w, now);
        return {.limit = permits_,
                .remaining = permits_ - used_of(window),
                .reset = used_of(window) == 0 ? duration::zero() : left_of(window, now),
                .retry_after = wait_for(w, weight, now)};
    }

    /// Whether it differs in nothing from `fresh`, now and later. A window in which all was given back does: it ends sooner.
    [[nodiscard]] constexpr bool is_fresh(word w, instant now) const noexcept { return !is_open(w, now); }

    friend bool operator==(const fixed_window&, const fixed_window&) = default;

private:
    // From the top: the start, in units of 2^shift ns, modulo 2^43; the permits that are used; the flag.
    static constexpr unsigned start_at = 21;
    static constexpr unsigned used_at = 1;
    static constexpr word used_mask = (word{1} << (start_at - used_at)) - 1;
    static constexpr word start_mask = (word{1} << (64 - start_at)) - 1;

    static constexpr word out_of_order = 1'000'000'000;  // ns; those of concurrent calls are by far less

    static constexpr unsigned shift_for(duration per) noexcept {
        unsigned shift = 0;
        while ((per.count() >> shift) >= (1 << 17)) ++shift;
        return shift;
    }

    static constexpr word start_of(word window) noexcept { return window >> start_at; }
    static constexpr word used_of(word window) noexcept { return (window >> used_at) & used_mask; }
    [[nodiscard]] constexpr word units(instant t) const noexcept {
        return static_cast<word>(t.time_since_epoch().count() >> shift_) & start_mask;
    }
    [[nodiscard]] constexpr duration length() const noexcept {
        return duration{static_cast<duration::rep>(length_ << shift_)};
    }

    [[nodiscard]] constexpr bool is_open(word w, instant now) const noexcept {
        const word age = (units(now) - start_of(w)) & start_mask;
        return w > flag && (age < length_ || age > start_mask - before_);  // the latter: `now` is a little before
    }

    /// The window that is open at `now`, without the flag: the one in `w`, or a new one.
    [[nodiscard]] constexpr word window_at(word w, instant now) const noexcept {
        return is_open(w, now) ? w & ~flag : units(now) << start_at;
    }

    /// Until the window is over; never longer than a window lasts.
    [[nodiscard]] constexpr duration left_of(word window, instant now) const noexcept {
        const instant over_at_least = add(now, length());
        const word age = (units(now) - start_of(window)) & start_mask;
        if (age >= length_) return between(now, over_at_least);
        const duration::rep into_unit = now.time_since_epoch().count() & ((duration::rep{1} << shift_) - 1);
        return duration{static_cast<duration::rep>((length_ - age) << shift_) - into_unit};
    }

    unsigned permits_;
    unsigned shift_;
    word length_;
    word before_;  // how much earlier than its start an instant still belongs to a window
};

}  // namespace cutwater
