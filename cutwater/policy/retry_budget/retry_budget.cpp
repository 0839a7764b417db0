#include "cutwater/policy/retry_budget/retry_budget.hpp"

#include "cutwater/policy/retry_budget/events.hpp"

namespace cutwater {

namespace {

/// A failure that further attempts are for: what may pass, and what asks not to be tried again.
bool counts_as_failure(const observation& seen) noexcept {
    if (!is_failure(seen.meaning())) return false;
    return seen.meaning() == verdict::transient || seen.retry_after().value_or(duration::zero()) < duration::zero();
}

charge_cause cause_of(const observation* failed) noexcept {
    if (failed == nullptr) return charge_cause::no_failure;
    const bool is_timeout = failed->failure != nullptr && failed->failure->code() == condition::timeout;
    return is_timeout ? charge_cause::timeout : charge_cause::failure;
}

}  // namespace

retry_budget::retry_budget(retry_budget_options options)
    : attempt_budget{options.mode == budget_mode::ratio ? originals::wanted : originals::unwanted},
      options_{validated("retry_budget", std::move(options))}, name_{options_.name}, stock_{options_, missing_},
      ratio_{options_} {}

void retry_budget::record_original(instant now) noexcept {
    if (needs_time()) ratio_.count_original(now);
}

void retry_budget::record_failure() noexcept {
    if (!needs_time()) stock_.count_failure();
}

void retry_budget::record_success(budget_charge paid) noexcept {
    if (!needs_time()) stock_.count_success(paid);
}

std::optional<budget_charge> retry_budget::try_charge(charge_cause why, instant now) noexcept {
    return needs_time() ? ratio_.try_charge(why, now) : stock_.try_charge(why);
}

void retry_budget::refund(budget_charge paid) noexcept {
    if (needs_time())
        ratio_.refund(paid);
    else
        stock_.refund(paid);
}

double retry_budget::balance(instant now) noexcept {
    if (needs_time()) return ratio_.balance(now);
    return balance_of(options_.mode, stock_.there());
}

void retry_budget::count_original(call_context& call) noexcept { record_original(time_of(call)); }

void retry_budget::count_outcome(const observation& seen, budget_charge paid, call_context& call) noexcept {
    if (counts_as_failure(seen)) record_failure();
    if (seen.meaning() != verdict::success) return;
    record_success(paid);
    if (is_exhausted() && is_saturated() && !needs_time()) tell_if_recovered(call);
}

std::optional<budget_charge> retry_budget::try_charge(const observation* failed, call_context& call) noexcept {
    const auto paid = try_charge(cause_of(failed), time_of(call));
    if (!paid)
        tell_refused(call);
    else if (is_exhausted()) [[unlikely]]
        tell_if_recovered(call);
    return paid;
}

/// Once, until it has recovered.
void retry_budget::tell_refused(call_context& call) noexcept {
    if (is_exhausted() || is_exhausted_.exchange(true, std::memory_order_relaxed)) return;
    call.emit(name_, [&] { return budget_exhausted{options_.mode, balance(time_of(call))}; });
}

void retry_budget::tell_if_recovered(call_context& call) noexcept {
    const bool has_recovered = needs_time() ? ratio_.is_half_full(time_of(call)) : stock_.is_half_full();
    if (!has_recovered || !is_exhausted_.exchange(false, std::memory_order_relaxed)) return;
    call.emit(name_, [&] { return budget_recovered{options_.mode, balance(time_of(call))}; });
}

}  // namespace cutwater
