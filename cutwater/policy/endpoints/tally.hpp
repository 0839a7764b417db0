// What is counted of one endpoint: a value of 64 bits, so that threads can share it as one word.
//
// Counts are of an epoch: an ejection begins one, and so does a return. What began in an earlier one decides nothing, and nothing
// that begins while an endpoint is ejected does.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cutwater/core/instant.hpp"

namespace cutwater {

struct endpoint_tally {
    std::uint64_t epoch : 15 = 0;
    std::uint64_t ejected : 1 = 0;
    std::uint64_t consecutive : 8 = 0;  // failures, since the last success
    std::uint64_t succeeded : 20 = 0;   // of the interval
    std::uint64_t failed : 20 = 0;

    static constexpr std::uint64_t most = (1U << 20U) - 1;

    [[nodiscard]] constexpr std::uint64_t calls() const noexcept { return succeeded + failed; }
    [[nodiscard]] constexpr double success_rate() const noexcept {
        return calls() == 0 ? 1 : static_cast<double>(succeeded) / static_cast<double>(calls());
    }

    /// Whether what began in `of_epoch` counts.
    [[nodiscard]] constexpr bool takes(std::uint32_t of_epoch) const noexcept { return epoch == of_epoch && ejected == 0; }

    /// With one more. Where there is no room for more, half of what was counted stays: the share is what matters.
    [[nodiscard]] constexpr endpoint_tally with_success() const noexcept {
        endpoint_tally next = halved_if_full();
        next.consecutive = 0;
        ++next.succeeded;
        return next;
    }
    [[nodiscard]] constexpr endpoint_tally with_failure() const noexcept {
        endpoint_tally next = halved_if_full();
        next.consecutive = std::min<std::uint64_t>(consecutive + 1, 255);
        ++next.failed;
        return next;
    }
    /// Of a new interval, or with nothing in a row.
    [[nodiscard]] constexpr endpoint_tally without_calls() const noexcept {
        return {.epoch = epoch, .ejected = ejected, .consecutive = consecutive};
    }
    [[nodiscard]] constexpr endpoint_tally without_row() const noexcept {
        endpoint_tally next = *this;
        next.consecutive = 0;
        return next;
    }
    [[nodiscard]] constexpr endpoint_tally next_epoch(std::uint64_t is_ejected) const noexcept {
        return {.epoch = static_cast<std::uint64_t>(epoch + 1) & 0x7fffU, .ejected = is_ejected};
    }

    friend constexpr bool operator==(const endpoint_tally&, const endpoint_tally&) = default;

private:
    [[nodiscard]] constexpr endpoint_tally halved_if_full() const noexcept {
        endpoint_tally next = *this;
        if (succeeded < most && failed < most) return next;
        next.succeeded = succeeded / 2;
        next.failed = failed / 2;
        return next;
    }
};

static_assert(sizeof(endpoint_tally) == sizeof(std::uint64_t));

/// How long calls of an endpoint take: an average in which a sample weighs as much as the time since the last one, beside `memory`.
/// Where no answer comes it fades: after `memory` half of it is left. So who looked slow is tried again.
struct latency_estimate {
    double ns = 0;  // 0: nothing is known
    instant at{};

    [[nodiscard]] double read(instant now, duration memory) const noexcept {
        return ns * weight(now, memory);
    }
    void learn(duration sample, instant now, duration memory) noexcept {
        const double old = weight(now, memory);
        const auto fresh = std::max(1.0, static_cast<double>(sample.count()));
        ns = ns == 0 ? fresh : old * ns + (1 - old) * fresh;
        at = std::max(at, now);
    }

    friend bool operator==(const latency_estimate&, const latency_estimate&) = default;

private:
    [[nodiscard]] double weight(instant now, duration memory) const noexcept {
        const auto m = static_cast<double>(memory.count());
        return m / (m + static_cast<double>(std::max(duration::zero(), now - at).count()));
    }
};

}  // namespace cutwater
