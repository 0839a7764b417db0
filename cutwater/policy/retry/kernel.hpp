// What is right for a retry, without time or sleep: after each attempt it is told what happened, and says what next.
//
//     cw::retry_kernel kernel{options, cw::idempotency::unstated};
//     kernel.count_attempt();
//     cw::retry_decision next = kernel.after(seen, elapsed, left, random);      // finish, give up and why, or again in …
//
// The rules, in the order in which they are asked:
//   1. A success ends the call, and so does a cancellation.
//   2. Our own refusals end it, unless the options say to wait for the hint and there is one.
//   3. What is not transient ends it (`should_retry` replaces this rule).
//   4. What is not idempotent ends it, unless it was not executed (`observation::executed`).
//   5. Stop conditions compose by "or": attempts, what our own caller has left us, `max_total`, `should_stop`. An attempt that is
//      left to what is called counts as one that was made.
//   6. The delay: the dependency's own wish where it has one (never shortened; up to half as much again at random), else
//      the backoff with jitter; the floor under both. A wish of nothing is none; a negative one says "do not try again".
//      A wish above its cap, and a delay that would reach the deadline, end the call now.
//
// Thread safety: none; one kernel is the state of one call. Lifetime: the options outlive it. Exceptions: those of the
// functions in the options.
#pragma once

#include <optional>

#include "cutwater/core/family.hpp"
#include "cutwater/core/random.hpp"
#include "cutwater/policy/retry/backoff.hpp"
#include "cutwater/policy/retry/events.hpp"

namespace cutwater {

struct retry_decision {
    loop_step::kind what = loop_step::kind::finish;
    duration delay{};         ///< where it goes again
    give_up_reason reason{};  ///< where it gives up
};

/// The state of one call.
class retry_kernel {
public:
    retry_kernel(const retry_options& options, idempotency stated) noexcept
        : options_{&options}, stated_{stated == idempotency::unstated ? options.unstated_means : stated} {}

    void count_attempt() noexcept { attempts_ += attempts_ == ~0U ? 0 : 1; }
    [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }

    /// Attempts that are left to what is called, or come back because it was not called.
    void give_away(unsigned attempts) noexcept { given_away_ += attempts; }
    void take_back(unsigned attempts) noexcept { given_away_ -= attempts; }
    /// Further attempts that there may be, made or given away.
    [[nodiscard]] unsigned further() const noexcept {
        const std::uint64_t used = std::uint64_t{attempts_} + given_away_;
        return used >= options_->max_attempts ? 0 : static_cast<unsigned>(options_->max_attempts - used);
    }

    /// What follows the attempt that was counted last. `elapsed` is the time since the first attempt began, `left` the
    /// time until the deadline; `forever` where there is none.
    [[nodiscard]] retry_decision after(const observation& seen, duration elapsed, duration left, random_source& random);

    /// Why there is no further attempt, whatever the time: the rules from 1 to 5 that need none. Not for a success. `left` is how
    /// many our own caller leaves us.
    [[nodiscard]] std::optional<give_up_reason> obstacle(const observation& seen, unsigned left = ~0U) const;

    /// The rest of `after`, where there is no obstacle.
    [[nodiscard]] retry_decision schedule(const observation& seen, duration elapsed, duration left,
                                          random_source& random);

private:
    [[nodiscard]] retry_decision wait_for(const observation& seen, duration longest, random_source& random);
    [[nodiscard]] duration own_delay(const observation& seen, random_source& random);

    const retry_options* options_;
    idempotency stated_;
    unsigned attempts_ = 0;
    unsigned given_away_ = 0;
    duration previous_{};  // of our own delays; a dependency's wish is none of them
};

}  // namespace cutwater
