// What is counted of one endpoint: a value of 64 bits, so that threads can share it as one word.
//
// Counts are of an epoch: an ejection begins one, and so does a return. What began in an earlier one decides nothing, and nothing
// that begins while an endpoint is ejected does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "cutwater/core/instant.hpp"

namespace cutwater {

struct endpoint_tally {
    std::uint16_t epoch = 0;
    std::uint8_t ejected = 0;      // 1: it is
    std::uint8_t consecutive = 0;  // failures, since the last success
    std::uint16_t succeeded = 0;   // of the interval
    std::uint16_t failed = 0;

    static constexpr std::uint16_t most = std::numeric_limits<std::uint16_t>::max();

    [[nodiscard]] constexpr std::uint64_t calls() const noexcept { return std::uint64_t{succeeded} + failed; }
    [[nodiscard]] constexpr double success_rate() const noexcept {
        return calls() == 0 ? 1 : static_cast<double>(succeeded) / static_cast<double>(calls());
    }

    /// Whether what began in `of_epoch` counts.
    [[nodiscard]] constexpr bool takes(std::uint16_t of_epoch) const noexcept {
        return epoch == of_epoch && ejected == 0;
    }

    /// With one more. Where there is no room for more, half of what was counted stays: the share is what matters.
    [[nodiscard]] constexpr endpoint_tally with_success() const noexcept {
        endpoint_tally next = halved_if_full();
        next.consecutive = 0;
        ++next.succeeded;
        return next;
    }
    [[nodiscard]] constexpr endpoint_tally with_failure() const noexcept {
        endpoint_tally next = halved_if_full();
        if (next.consecutive < std::numeric_limits<std::uint8_t>::max()) ++next.consecutive;
        ++next.failed;
        return next;
    }
    /// Of a new interval.
    [[nodiscard]] constexpr endpoint_tally without_calls() const noexcept {
        endpoint_tally next = *this;
        next.succeeded = next.failed = 0;
        return next;
    }
    /// With nothing in a row.
    [[nodiscard]] constexpr endpoint_tally without_row() const noexcept {
        endpoint_tally next = *this;
        next.consecutive = 0;
        return next;
    }
    /// Of an epoch in which the endpoint is ejected, or of one in which it is not: nothing is counted yet.
    [[nodiscard]] constexpr endpoint_tally next_ejected() const noexcept { return of_epoch_after(1); }
    [[nodiscard]] constexpr endpoint_tally next_in_use() const noexcept { return of_epoch_after(0); }

    friend constexpr bool operator==(const endpoint_tally&, const endpoint_tally&) = default;

private:
    [[nodiscard]] constexpr endpoint_tally of_epoch_after(std::uint8_t is_ejected) const noexcept {
        endpoint_tally next;
        next.epoch = epoch;
        ++next.epoch;
        next.ejected = is_ejected;
        return next;
    }
    [[nodiscard]] constexpr endpoint_tally halved_if_full() const noexcept {
        endpoint_tally next = *this;
        if (succeeded < most && failed < most) return next;
        next.succeeded >>= 1U;
        next.failed >>= 1U;
        return next;
    }
};

static_assert(sizeof(endpoint_tally) == sizeof(std::uint64_t));

/// How long calls of an endpoint take: an average whose weights fade with time, to 1/e in `memory`. Where no answer comes it fades itself, and
/// so who looked slow is tried again.
struct endpoint_latency {
    double ns = 0;  // 0: nothing is known
    instant at{};

    [[nodiscard]] double read(instant now, duration memory) const noexcept { return ns * weight(now, memory); }
    /// For how many calls under way so many failures in a row stand, the last of which was the last sample: fewer as time passes, or who has
    /// failed once would never be asked again where there is little to do.
    [[nodiscard]] double failures_as_calls(unsigned in_a_row, instant now, duration memory) const noexcept {
        return in_a_row == 0 ? 0 : std::round(in_a_row * weight(now, memory));
    }
    void learn(duration sample, instant now, duration memory) noexcept {
        const double old = weight(now, memory);
        const auto fresh = std::max(1.0, static_cast<double>(sample.count()));
        ns = ns == 0 ? fresh : old * ns + (1 - old) * fresh;
        at = std::max(at, now);
    }
    /// It took so long and was cut off: that can make it look slower, and never quicker.
    void learn_at_least(duration sample, instant now, duration memory) noexcept {
        if (static_cast<double>(sample.count()) > read(now, memory)) learn(sample, now, memory);
    }

    friend bool operator==(const endpoint_latency&, const endpoint_latency&) = default;

private:
    [[nodiscard]] double weight(instant now, duration memory) const noexcept {
        const double passed = static_cast<double>(std::max(duration::zero(), between(at, now)).count()) /
                              static_cast<double>(memory.count());
        if (passed < 0.01) return 1 / (1 + passed + passed * passed / 2);  // as good, and mostly so
        return std::exp(-passed);
    }
};

}  // namespace cutwater
