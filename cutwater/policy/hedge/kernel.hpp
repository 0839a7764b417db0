// What is right for a hedge, without time, attempts or a driver: it is told what has begun and ended, and says what is next.
//
// The rules:
//   1. The first attempt begins at once; the next when the delay has passed since the last began, up to `max_attempts`, and never
//      at the deadline or later. What is not idempotent has one attempt.
//   2. A success is the call's outcome, and so is a failure that trying again would not help.
//   3. After a transient failure the next begins at once. Where the dependency named a time, it begins then, and none before, whatever
//      else fails meanwhile; a wish of nothing is none, a negative or too long one says that no further attempt begins.
//   4. What our own policies refused is no outcome while others are under way, and hastens nothing. Where none is, it is one.
//   5. Where nothing is under way and nothing will be, the last failure is the call's outcome.
//   6. After a cancellation nothing begins.
// Rules 1 to 5 are those of gRPC's proposal A6 (hedging policy), where a fatal status is a failure that is not transient.
//
// Thread safety: none; one kernel is the state of one call. Lifetime: the options outlive it. Exceptions: those of `should_go_on`.
#pragma once

#include <algorithm>

#include "cutwater/core/family.hpp"
#include "cutwater/policy/hedge/events.hpp"
#include "cutwater/policy/hedge/options.hpp"

namespace cutwater {

class hedge_kernel {
public:
    /// `further`: attempts that may be made beside the first, of those that the options allow.
    hedge_kernel(const hedge_options& options, unsigned further) noexcept
        : options_{&options}, most_{1 + std::min(further, options.max_attempts - 1)} {}

    /// What is next, where nothing has happened since the last time but that time has passed.
    [[nodiscard]] race_step next(instant now, instant deadline) const noexcept;

    /// Another attempt has begun; the one after it is due when `delay` has passed.
    void begun(instant now, duration delay) noexcept;
    /// Nothing could be paid for: asks again when `delay` has passed, if something is under way then.
    void suppressed(instant now, duration delay) noexcept;

    /// One has ended; says whether that is the call's outcome.
    [[nodiscard]] bool ended(const observation& seen, instant now);

    /// How many may begin yet beside the first.
    [[nodiscard]] unsigned further() const noexcept { return closed_ ? 0 : most_ - std::max(begun_, 1U); }

    [[nodiscard]] unsigned attempts() const noexcept { return begun_; }
    [[nodiscard]] unsigned under_way() const noexcept { return under_way_; }
    [[nodiscard]] hedge_cause cause() const noexcept { return cause_; }

private:
    [[nodiscard]] bool may_begin(instant deadline) const noexcept {
        return !closed_ && begun_ < most_ && (begun_ == 0 || next_ < deadline);
    }
    [[nodiscard]] bool goes_on(const observation& seen) const;
    void heed(std::optional<duration> wish, instant now) noexcept;

    const hedge_options* options_;
    unsigned most_;
    unsigned begun_ = 0;
    unsigned under_way_ = 0;
    bool closed_ = false;  // nothing begins any more
    hedge_cause cause_ = hedge_cause::delay;
    instant next_{};
    instant left_alone_until_ = instant::min();  // what any that has failed asked for, at the latest
};

}  // namespace cutwater
