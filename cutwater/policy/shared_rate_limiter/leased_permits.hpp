// Permits in hand: what was leased from the store and has not been used.
//
// They lie in batches, each with an end. The first batch is one word that whoever comes takes from without a lock; the others are behind
// the owner's lock. Who has the lock takes the word in (`take_in`), does what is to be done, and lays it out again (`lay_out`): meanwhile whoever comes without
// it finds nothing there, and waits for the lock.
//
// The word: how many (24 bits), the end in 2^20 ns (39 bits), and whether somebody is to be told when few are left. An end is told up to a millisecond
// too early. Thread safety: `try_take`, from any thread; the rest under the owner's lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "cutwater/core/instant.hpp"
#include "cutwater/policy/shared_rate_limiter/kernel.hpp"

namespace cutwater {

/// Permits that a call has taken, and until when they are of use.
struct taken_permits {
    unsigned count = 0;
    std::uint64_t end = 0;
};

class leased_permits {
public:
    struct batch {
        unsigned count = 0;
        std::uint64_t end = 0;  ///< as `end_of` tells it
        instant taken{};        ///< when they were, or before
    };

    static constexpr unsigned most = (1U << 24U) - 1;

    [[nodiscard]] static constexpr std::uint64_t end_of(instant t) noexcept {
        return (static_cast<std::uint64_t>(t.time_since_epoch().count()) >> 20U) & end_mask;
    }
    [[nodiscard]] static constexpr bool is_over(std::uint64_t end, instant now) noexcept { return end <= end_of(now); }

    /// Some of the first batch, if they leave more than what is to be told of.
    [[nodiscard]] bool try_take(unsigned n, instant now, taken_permits& taken) noexcept {
        std::uint64_t seen = front_.load(std::memory_order_relaxed);
        for (;;) {
            const auto there = static_cast<unsigned>(seen & most);
            if (there < n || is_over(seen >> 24U & end_mask, now)) return false;
            if ((seen & watched) != 0 && there - n <= few_.load(std::memory_order_relaxed)) return false;
            if (!front_.compare_exchange_weak(seen, seen - n, std::memory_order_relaxed)) continue;
            taken = {n, seen >> 24U & end_mask};
            return true;
        }
    }

    void take_in() noexcept {
        const std::uint64_t word = front_.exchange(0, std::memory_order_relaxed);
        if (batches_.empty() || !is_out_) return;
        is_out_ = false;
        batches_.front().count = static_cast<unsigned>(word & most);
        total_ -= out_ - batches_.front().count;
        if (batches_.front().count == 0) batches_.erase(batches_.begin());
    }
    enum class then : std::uint8_t { nothing, tell };
    /// `tell`: nobody takes without the lock what would leave `few` in all, or fewer.
    void lay_out(unsigned few, then when_few) noexcept {
        if (batches_.empty()) return;
        const batch& first = batches_.front();
        const unsigned rest = total_ - first.count;
        few_.store(few > rest ? few - rest : 0, std::memory_order_relaxed);
        out_ = first.count;
        is_out_ = true;
        const bool tells = when_few == then::tell && rest <= few;
        front_.store(first.count | first.end << 24U | (tells ? watched : 0), std::memory_order_relaxed);
    }

    // between `take_in` and `lay_out`

    [[nodiscard]] unsigned total() const noexcept { return total_; }

    void add(batch more) {
        if (more.count == 0) return;
        const auto same = std::ranges::find(batches_, more.end, &batch::end);
        total_ += more.count;
        if (same != batches_.end()) {
            same->count += more.count;
            same->taken = std::min(same->taken, more.taken);
        } else
            batches_.insert(std::ranges::find_if(batches_, [&](const batch& b) { return b.end > more.end; }), more);
    }
    /// `n` of those that end first; there are as many. They are of use until the first of them is not.
    [[nodiscard]] taken_permits take(unsigned n) noexcept {
        const taken_permits taken{n, batches_.empty() ? 0 : batches_.front().end};
        total_ -= n;
        while (n > 0) {
            batch& first = batches_.front();
            const unsigned some = std::min(n, first.count);
            first.count -= some;
            n -= some;
            if (first.count == 0) batches_.erase(batches_.begin());
        }
        return taken;
    }
    /// Those whose end has come are moved to `to`.
    void drop_over(instant now, std::vector<batch>& to) {
        while (!batches_.empty() && is_over(batches_.front().end, now)) {
            total_ -= batches_.front().count;
            to.push_back(batches_.front());
            batches_.erase(batches_.begin());
        }
    }

    /// What is more than `n`, of those that end last, is moved to `to`.
    void trim(unsigned n, std::vector<batch>& to) {
        while (total_ > n) {
            batch& last = batches_.back();
            batch some = last;
            some.count = std::min(last.count, total_ - n);
            last.count -= some.count;
            total_ -= some.count;
            to.push_back(some);
            if (last.count == 0) batches_.pop_back();
        }
    }

private:
    static constexpr std::uint64_t end_mask = (std::uint64_t{1} << 39U) - 1;
    static constexpr std::uint64_t watched = std::uint64_t{1} << 63U;

    std::atomic<std::uint64_t> front_{0};
    std::atomic<unsigned> few_{0};
    bool is_out_ = false;
    unsigned out_ = 0;    // so many were laid out
    unsigned total_ = 0;  // of which those that were taken since are not subtracted yet
    std::vector<batch> batches_;
};

}  // namespace cutwater
