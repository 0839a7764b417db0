// What further attempts are paid from: retries and hedges ask before they make one. `retry_budget` is one; a type of one's own
// derives from this.
//
//     struct two_for_each final : cw::attempt_budget { … };
//     two_for_each budget;
//     cw::retry patient{{.budget = &budget}};
//
// An exhausted budget means that there is no further attempt, never that a call fails: what the last attempt gave stands.
//
// Thread safety: every member is called from every thread that runs a pipeline. None may throw or block. Lifetime: outlives the
// policies that were given it.
#pragma once

#include <cstdint>
#include <optional>

#include "cutwater/core/moment.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

/// What one further attempt has cost; nothing for an original.
struct budget_charge {
    std::uint32_t cost = 0;
    friend bool operator==(const budget_charge&, const budget_charge&) = default;
};

class attempt_budget {
public:
    attempt_budget() = default;
    attempt_budget(const attempt_budget&) = delete;
    attempt_budget& operator=(const attempt_budget&) = delete;

    /// A call begins: once for each call, before its first attempt. Not for one that is itself a repetition of its caller's.
    virtual void count_original(moment& now) noexcept = 0;

    /// How an attempt went, each of them once; `paid` is what it cost. Not told of what our own policies refused, nor of what
    /// was cancelled.
    virtual void count_outcome(const observation& seen, budget_charge paid, moment& now) noexcept = 0;

    /// Pays for one further attempt, when it is scheduled; nothing where the budget is exhausted. `failed` is what makes it
    /// wanted; null for a hedge, which no failure has caused.
    [[nodiscard]] virtual std::optional<budget_charge> try_charge(const observation* failed, moment& now) noexcept = 0;

    /// The attempt that was paid for is not made after all.
    virtual void refund(budget_charge paid, moment& now) noexcept = 0;

protected:
    ~attempt_budget() = default;
};

}  // namespace cutwater
