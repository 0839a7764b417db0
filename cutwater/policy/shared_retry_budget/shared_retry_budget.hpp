// A retry budget that many processes share: what all the further attempts at one dependency are paid from, whichever instance makes them.
//
//     cw::memory_store cells;                                                  // or SQLite, PostgreSQL, Redis
//     cw::shared_retry_budget budget{cells, {.name = "search", .ratio = 0.2, .min_per_second = 10, .capacity = 200}};
//     cw::pipeline guarded{cw::timeout{2s}, cw::retry{{.budget = &budget}}, cw::timeout{500ms}};
//
// Contract. In any window of `t` all together pay for at most `ratio · originals + min_per_second · t + capacity + instances · lease` further attempts, less
// those that are refunded in it; originals are those of the window, and those of `window + store_limit` before. An instance never owns more than `lease` of
// them, and uses nothing of it longer than `lease_for` after it leased last.
//
// Nobody waits for the store, and nothing fails because of a budget: a further attempt is paid from what is in hand, or is not made. When half of a lease is left
// more are leased in the background. Where the store cannot be asked, `without_store` says what is paid for.
//
// Cost of a call that succeeds at once: a count and a look at the clock, without a lock. Formulas: `kernel.hpp`. Thread safety: every member, from any thread.
// Lifetime: outlives the policies that were given it; the store, and what tells the time, outlive what is still under way, the budget need not.
#pragma once

#include <atomic>
#include <memory>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/shared_retry_budget/budget_desk.hpp"
#include "cutwater/policy/shared_retry_budget/events.hpp"
#include "cutwater/policy/shared_retry_budget/options.hpp"

namespace cutwater {

class shared_retry_budget final : public attempt_budget {
public:
    static constexpr std::string_view kind = "shared_retry_budget";

    /// Throws `invalid_options`.
    explicit shared_retry_budget(cell_store& store, shared_retry_budget_options options = {});

    [[nodiscard]] name budget_name() const noexcept override { return name_; }
    [[nodiscard]] const shared_retry_budget_options& options() const noexcept { return options_; }

    void count_original(call_context& call) noexcept override;
    void count_outcome(const observation&, budget_charge, call_context&) noexcept override {}
    [[nodiscard]] std::optional<budget_charge> try_charge(const observation* failed,
                                                          call_context& call) noexcept override;
    void refund(budget_charge paid) noexcept override {
        desk_->refund(paid.note == from_share ? budget_desk::paid_from::share : budget_desk::paid_from::lease);
    }

    /// For gauges: what is in hand; what was leased in all and not given back; what was in the store, as far as is known.
    [[nodiscard]] unsigned in_hand(instant now) const { return desk_->in_hand(now); }
    [[nodiscard]] std::uint64_t leased() const { return desk_->leased(); }
    [[nodiscard]] double balance(instant now) const { return desk_->balance(now); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) const { seen(metrics::budget_balance, balance(now)); }
    /// Whether it has last been told that it is exhausted.
    [[nodiscard]] bool is_exhausted() const noexcept { return is_exhausted_.load(std::memory_order_relaxed); }

private:
    static constexpr std::uint32_t from_share = 1;  // of a charge: paid while the store could not be asked

    void tell_refused(budget_desk::answer why, call_context& call);
    void tell_if_recovered(call_context& call);
    void tell_news(call_context& call);

    const shared_retry_budget_options options_;
    const name name_;
    std::atomic<bool> is_exhausted_ = false;
    std::shared_ptr<budget_desk> desk_;
};

}  // namespace cutwater
