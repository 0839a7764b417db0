// What further attempts are paid from: retries and hedges ask before they make one. `retry_budget` is one; a type of one's own
// derives from this.
//
//     cw::retry_budget budget{{.name = "search"}};       // one for each dependency
//     cw::retry patient{{.budget = &budget}};
//
// An exhausted budget means that there is no further attempt, never that a call fails: what the last attempt gave stands.
//
// What it is told, by a policy that makes further attempts:
//   1. `count_original` once for each call, before its first attempt, if `wants_originals`. Not for what repeats an attempt of
//      somebody else: `call_context::is_original`.
//   2. `count_outcome` once for each attempt that was sent and judged; a success while `is_saturated` may be left out.
//   3. `try_charge` when a further attempt is scheduled, before its pause. What comes of it is refunded, or told with the outcome.
//   4. `refund` where that attempt is not sent after all.
//
// Thread safety: every member is called from every thread that runs a pipeline. None may throw, or wait for more than a lock that is held
// briefly. Lifetime: outlives the
// policies that were given it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cutwater/core/call.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/core/text.hpp"

namespace cutwater {

class attempt_budget {
public:
    attempt_budget(const attempt_budget&) = delete;
    attempt_budget& operator=(const attempt_budget&) = delete;

    [[nodiscard]] virtual name budget_name() const noexcept = 0;

    /// A call begins.
    virtual void count_original(call_context& call) noexcept = 0;

    /// How an attempt went; `paid` is what it cost. Not told of what was not sent, was cancelled or ignored.
    virtual void count_outcome(const observation& seen, budget_charge paid, call_context& call) noexcept = 0;

    /// Pays for one further attempt; nothing where the budget is exhausted. `failed` is what makes it wanted; null where no
    /// failure has: for a hedge, and for what is handed down.
    [[nodiscard]] virtual std::optional<budget_charge> try_charge(const observation* failed,
                                                                  call_context& call) noexcept = 0;

    /// The attempt that was paid for is not made after all. May come when its call is no more.
    virtual void refund(budget_charge paid) noexcept = 0;

    /// Whether it is to hear of originals.
    [[nodiscard]] bool wants_originals() const noexcept { return wants_originals_; }
    /// Whether a success that cost nothing would change nothing. One load.
    [[nodiscard]] bool is_saturated() const noexcept { return missing_.load(std::memory_order_relaxed) == 0; }

protected:
    enum class originals : std::uint8_t { wanted, unwanted };
    explicit attempt_budget(originals o = originals::wanted) noexcept : wants_originals_{o == originals::wanted} {}
    ~attempt_budget() = default;

    std::atomic<std::int64_t> missing_{
        1};  // of what would be there if nothing had failed; who does not count leaves it
    const bool wants_originals_;
};

/// What each of several attempts has cost that are under way at once, until it is known whether it was sent. Thread safety: none.
class pending_charges {
public:
    pending_charges() = default;
    explicit pending_charges(attempt_budget* from) noexcept : from_{from} {}

    /// Room for so many: `add` does not throw then.
    void expect(unsigned attempts) { charges_.reserve(attempts); }
    void add(unsigned attempt, budget_charge paid) noexcept { charges_.push_back({attempt, paid}); }

    /// An attempt has ended, after it was sent so often: what it has cost, nothing where it was not paid for. What was not sent is
    /// refunded.
    budget_charge settle(unsigned attempt, unsigned sent) noexcept {
        const auto found = std::ranges::find(charges_, attempt, &charged::attempt);
        if (found == charges_.end()) return {};
        const budget_charge paid = found->paid;
        charges_.erase(found);
        if (sent == 0) from_->refund(paid);
        return paid;
    }

private:
    struct charged {
        unsigned attempt;
        budget_charge paid;
    };
    attempt_budget* from_ = nullptr;
    std::vector<charged> charges_;
};

/// In the text of a policy's options.
[[nodiscard]] inline std::string to_text(const attempt_budget* budget) {
    return budget != nullptr ? in_quotes(budget->budget_name().view()) : "none";
}
[[nodiscard]] inline bool is_unset(attempt_budget* const& budget) { return budget == nullptr; }

}  // namespace cutwater
