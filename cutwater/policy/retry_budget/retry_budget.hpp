// A retry budget: what all the further attempts at one dependency are paid from, whoever makes them.
//
//     cw::retry_budget budget{{.name = "search"}};                       // one for each dependency, shared by its pipelines
//     cw::pipeline guarded{cw::timeout{2s}, cw::retry{{.budget = &budget}}, cw::timeout{500ms}};
//
// Contract. Where it is exhausted there is no further attempt, and the last error stands: nothing fails, and nobody waits. An attempt
// is paid for when it is scheduled, and what was not sent is refunded. Never more is paid for than there is, on any number of threads.
//
// Cost of a call that succeeds at once: a count and a look at the clock (`ratio`); one load while nothing has failed lately, else one
// compare-and-swap (`token_bucket`, `cost`). No allocation. Formulas: `kernel.hpp`. Thread safety: every member, from any thread. Lifetime:
// outlives the policies that were given it.
#pragma once

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/striped.hpp"
#include "cutwater/policy/retry_budget/shared_budget.hpp"

namespace cutwater {

class alignas(cache_line) retry_budget final : public attempt_budget {
public:
    /// Throws `invalid_options`.
    explicit retry_budget(retry_budget_options options = {});

    [[nodiscard]] name budget_name() const noexcept override { return name_; }
    [[nodiscard]] const retry_budget_options& options() const noexcept { return options_; }

    void count_original(call_context& call) noexcept override;
    void count_outcome(const observation& seen, budget_charge paid, call_context& call) noexcept override;
    [[nodiscard]] std::optional<budget_charge> try_charge(const observation* failed,
                                                          call_context& call) noexcept override;
    void refund(budget_charge paid) noexcept override;

    /// By hand, for a loop of one's own: the same without a call. The time matters to `ratio` only.
    void record_original(instant now) noexcept;
    void record_failure() noexcept;
    void record_success(budget_charge paid = {}) noexcept;
    [[nodiscard]] std::optional<budget_charge> try_charge(charge_cause why, instant now) noexcept;

    /// What is there: further attempts that would be paid for now (`ratio`), tokens, or stock. For gauges.
    [[nodiscard]] double balance(instant now) noexcept;
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) { seen(metrics::budget_balance, balance(now)); }
    /// Whether it has last been told that it is exhausted.
    [[nodiscard]] bool is_exhausted() const noexcept { return is_exhausted_.load(std::memory_order_relaxed); }

private:
    [[nodiscard]] bool needs_time() const noexcept { return options_.mode == budget_mode::ratio; }
    void tell_refused(call_context& call) noexcept;
    void tell_if_recovered(call_context& call) noexcept;
    [[nodiscard]] instant time_of(call_context& call) const noexcept {
        return needs_time() ? call.now.get() : instant{};
    }

    const retry_budget_options options_;
    const name name_;
    std::atomic<bool> is_exhausted_{false};
    shared_stock stock_;
    shared_ratio ratio_;
};

}  // namespace cutwater
