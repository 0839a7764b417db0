// What is right for a retry, without time or sleep: after each attempt it is told what happened, and says what next.
//
// The rules, in the order in which they are asked:
//   1. A success, and a cancellation, end the call.
//   2. Our own refusals end it, unless the options say to wait for the hint and there is one.
//   3. What is not transient ends it (`should_retry` replaces this rule).
//   4. What is not idempotent ends it, unless the request cannot have left.
//   5. Stop conditions compose by "or": attempts, `max_total`, `should_stop`.
//   6. The delay: the dependency's own wish where it has one (never shortened; half as much again at random), else the
//      backoff with jitter and floor. A wish above its cap, and a delay that would cross the deadline, end the call now.
#pragma once

#include <optional>

#include "cutwater/core/random.hpp"
#include "cutwater/policy/retry/backoff.hpp"
#include "cutwater/policy/retry/events.hpp"

namespace cutwater {

struct retry_decision {
    bool again = false;
    duration delay{};
    give_up_reason reason{};  ///< where not again, and the attempt failed
};

/// The state of one call.
class retry_kernel {
public:
    retry_kernel(const retry_options& options, idempotency stated) noexcept
        : options_{&options}, stated_{stated == idempotency::unstated ? options.unstated_means : stated} {}

    /// After an attempt that failed. `elapsed` is the time since the first attempt began, `left` the time until the
    /// deadline; `forever` where there is none.
    [[nodiscard]] retry_decision after(const observation& seen, duration elapsed, duration left, random_source& random);

    [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }
    void count_attempt() noexcept { attempts_ += attempts_ == ~0U ? 0 : 1; }

private:
    [[nodiscard]] std::optional<give_up_reason> obstacle(const observation& seen, duration elapsed) const;
    [[nodiscard]] retry_decision wait_for(const observation& seen, duration longest, random_source& random);

    const retry_options* options_;
    idempotency stated_;
    unsigned attempts_ = 0;
    duration previous_{};
};

}  // namespace cutwater
