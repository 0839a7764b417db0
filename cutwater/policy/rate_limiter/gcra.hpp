// The generic cell rate algorithm: a token bucket whose whole state is one instant, the *theoretical arrival time*.
//
// In any window of `t` it admits at most `burst + rate · t`. Its interval, `per / permits`, is rounded up to its unit, 2^-15
// of itself or finer (2^-9 beyond 8 * 10^12 a second), so that it may be that much slower than asked for, and is never faster.
//
// The state is one word, so that threads can share it by compare and swap: `take` and its siblings are pure functions from
// word to word. Bit 0 is not theirs, it stays as it is: who shares the word may keep a flag there. `gcra::fresh` is a limiter
// that nobody has asked yet, and differs in nothing from one that was left alone for long enough.
//
// Time that jumps back (clocks do not, instants of concurrent calls do a little) gives no permits; after a jump of more than a
// second the limiter is empty, and fills. Formula: ITU-T I.371, virtual scheduling.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "cutwater/policy/rate_limiter/reading.hpp"

namespace cutwater {

class gcra {
public:
    using word = std::uint64_t;
    static constexpr word fresh = 0;
    static constexpr word flag = 1;

    /// `burst` intervals come to ten years at most, and so does `longest`, the longest wait that may be reserved.
    constexpr gcra(unsigned permits, duration per, unsigned burst, duration longest = {}) noexcept
        : shift_{shift_for(permits, per)}, interval_{interval_for(permits, per, shift_)}, capacity_{interval_ * burst},
          farthest_{capacity_ +
                    (std::min(static_cast<std::uint64_t>(longest.count()), most_ahead >> shift_) << shift_)},
          burst_{burst} {}

    [[nodiscard]] constexpr unsigned burst() const noexcept { return burst_; }
    /// What `weight` permits are, as the amount of a slot.
    [[nodiscard]] constexpr std::uint64_t amount_of(unsigned weight) const noexcept { return interval_ * weight; }

    /// Takes `weight` permits from `w` if they are there; none can always be had. Where they are not, `w` changes only if it
    /// cannot be true: time has jumped back, or has gone on for so long that its count has come round. All permits are out then.
    [[nodiscard]] constexpr std::optional<rate_slot> take(word& w, unsigned weight, instant now) const noexcept {
        const std::uint64_t ahead = ahead_of(w, now);
        if (weight == 0) return rate_slot{.mark = word_of(w), .amount = 0, .taken = now};
        if (weight > burst_ || ahead + interval_ * weight > capacity_) return rein_in(w, now), std::nullopt;
        return advance(w, ahead, weight, now);
    }

    /// Takes them whether they are there or not, and gives the time until they are: a reservation. Nothing where there are
    /// never so many, or where that is later than `longest`, or than the longest that the limiter was made for.
    [[nodiscard]] constexpr std::optional<rate_slot> reserve(word& w, unsigned weight, instant now, duration longest,
                                                             duration& wait) const noexcept {
        wait = wait_for(w, weight, now);
        const std::uint64_t ahead = ahead_of(w, now);
        if (weight > burst_ || wait > longest || ahead + interval_ * weight > farthest_)
            return rein_in(w, now), std::nullopt;
        return advance(w, ahead, weight, now);
    }

    /// Until `weight` permits may be taken; `forever` where there are never so many.
    [[nodiscard]] constexpr duration wait_for(word w, std::uint64_t weight, instant now) const noexcept {
        if (weight > burst_) return forever;
        return wait_in_line(w, weight, now);
    }

    /// The same for the last of several who wait in line and want `weight` in all.
    [[nodiscard]] constexpr duration wait_in_line(word w, std::uint64_t weight, instant now) const noexcept {
        const std::uint64_t ahead = ahead_of(w, now);
        std::uint64_t end = 0;
        if (__builtin_mul_overflow(interval_, weight, &end) || __builtin_add_overflow(end, ahead, &end)) return forever;
        return end <= capacity_ ? duration::zero() : to_duration(end - capacity_);
    }

    /// Undoes the latest `take` or `reserve`, as if it had never been. Whether it was the latest; that can be told only where
    /// nothing was given back by `give_back` since.
    [[nodiscard]] static constexpr bool undo(word& w, const rate_slot& unused) noexcept {
        if (word_of(w) != unused.mark) return false;
        return set(w, unused.mark - unused.amount), true;
    }

    /// Gives back permits that were not used, whoever took some since: less what has come back by itself since they were taken,
    /// so that never more is let in than if they had not been taken, and nothing while a reservation is still to come. Where `now` is earlier than
    /// what others took by, it may be too much by that much time's worth; and where it is so by more than the burst, nothing.
    constexpr void give_back(word& w, const rate_slot& unused, instant now) const noexcept {
        const std::int64_t ahead = word_of(w) == fresh ? 0 : distance(units(now), word_of(w));
        const std::int64_t since = distance(units(unused.taken), units(now));
        const std::uint64_t elapsed = since > 0 ? static_cast<std::uint64_t>(since) : 0;
        if (ahead <= 0 || static_cast<std::uint64_t>(ahead) > capacity_ || elapsed >= unused.amount) return;
        set(w, word_of(w) - std::min(static_cast<std::uint64_t>(ahead), unused.amount - elapsed));
    }

    [[nodiscard]] constexpr rate_reading read(word w, unsigned weight, instant now) const noexcept {
        const std::uint64_t ahead = ahead_of(w, now);
        return {.limit = burst_,
                .remaining = ahead < capacity_ ? (capacity_ - ahead) / interval_ : 0,
                .reset = to_duration(ahead),
                .retry_after = wait_for(w, weight, now)};
    }

    /// Whether it differs in nothing from `fresh`, now and later.
    [[nodiscard]] constexpr bool is_fresh(word w, instant now) const noexcept { return ahead_of(w, now) == 0; }

    /// A limiter that has all its permits from `t` on, and did not before.
    [[nodiscard]] constexpr word full_at(instant t) const noexcept {
        word w = fresh;
        set(w, units(t));
        return w;
    }

    friend bool operator==(const gcra&, const gcra&) = default;

private:
    // Time is counted in even units of 2^-shift ns, modulo 2^64, so that an interval has 16 digits or more; bit 0 is the flag.
    static constexpr unsigned digits = 16;
    static constexpr unsigned most_shift = 30;
    static constexpr std::uint64_t most_ahead = std::uint64_t{1} << 61U;
    static constexpr std::uint64_t out_of_order = 1'000'000'000;  // ns
    static constexpr std::uint64_t most_out_of_order = std::uint64_t{1} << 54U;

    __extension__ using wide = unsigned __int128;

    static constexpr unsigned shift_for(unsigned permits, duration per) noexcept {
        unsigned shift = 1;
        const wide wanted = wide{permits} << digits;
        while (shift < most_shift && (static_cast<wide>(per.count()) << (shift - 1)) < wanted) ++shift;
        return shift;
    }
    static constexpr std::uint64_t interval_for(unsigned permits, duration per, unsigned shift) noexcept {
        const wide numerator = static_cast<wide>(per.count()) << (shift - 1);
        return static_cast<std::uint64_t>((numerator + permits - 1) / permits) * 2;
    }

    [[nodiscard]] constexpr word units(instant t) const noexcept {
        return static_cast<word>(t.time_since_epoch().count()) << shift_;
    }
    [[nodiscard]] constexpr duration to_duration(std::uint64_t units) const noexcept {  // rounded up
        return duration{
            static_cast<duration::rep>((units >> shift_) + ((units & ((word{1} << shift_) - 1)) != 0 ? 1 : 0))};
    }
    static constexpr word word_of(word w) noexcept { return w & ~flag; }
    static constexpr std::int64_t distance(word from, word to) noexcept { return static_cast<std::int64_t>(to - from); }

    /// How far the state is ahead of `now`: zero where all permits are there, the capacity where none is. It cannot be
    /// farther than what may be reserved; where it seems so, time has jumped back.
    [[nodiscard]] constexpr std::uint64_t ahead_of(word w, instant now) const noexcept {
        if (word_of(w) == fresh) return 0;
        const std::int64_t ahead = distance(units(now), word_of(w));
        return ahead > 0 ? std::min(static_cast<std::uint64_t>(ahead), farthest_) : 0;
    }

    /// Instants of concurrent calls are out of order by far less than that.
    constexpr void rein_in(word& w, instant now) const noexcept {
        if (word_of(w) == fresh) return;
        const std::int64_t ahead = distance(units(now), word_of(w));
        if (ahead > 0 &&
            static_cast<std::uint64_t>(ahead) > farthest_ + std::min(out_of_order << shift_, most_out_of_order))
            set(w, units(now) + capacity_);
    }

    constexpr rate_slot advance(word& w, std::uint64_t ahead, unsigned weight, instant now) const noexcept {
        const std::uint64_t cost = interval_ * weight;
        set(w, units(now) + ahead + cost);
        return {.mark = word_of(w), .amount = cost, .taken = now};
    }

    static constexpr void set(word& w, word to) noexcept {
        if (word_of(to) == fresh) to += 2;  // a moment later: `fresh` stands for itself
        w = to | (w & flag);
    }

    unsigned shift_;
    std::uint64_t interval_;
    std::uint64_t capacity_;
    std::uint64_t farthest_;
    unsigned burst_;
};

}  // namespace cutwater
