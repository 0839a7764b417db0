#include "cutwater/policy/shared_retry_budget/shared_retry_budget.hpp"

#include <utility>

namespace cutwater {

namespace {

std::string_view reason_of(budget_desk::answer why) {
    using enum budget_desk::answer;
    switch (why) {
        case leasing: return "leasing";
        case store_unavailable: return "store_unavailable";
        case share: return "share";
        default: return "exhausted";
    }
}

}  // namespace

shared_retry_budget::shared_retry_budget(cell_store& store, shared_retry_budget_options options)
    : options_{validated(kind, std::move(options))}, name_{options_.name},
      desk_{std::make_shared<budget_desk>(store, options_)} {
    missing_.store(0, std::memory_order_relaxed);  // outcomes change nothing
}

void shared_retry_budget::count_original(call_context& call) noexcept {
    try {
        desk_->count_original(call.now, call.surroundings());
        if (call.audience != nullptr && desk_->has_news()) [[unlikely]]
            tell_news(call);
    } catch (...) {}  // NOLINT(bugprone-empty-catch): where memory is missing an original is not told
}

std::optional<budget_charge> shared_retry_budget::try_charge(const observation*, call_context& call) noexcept {
    try {
        const budget_desk::answer told = desk_->try_charge(call.now, call.surroundings());
        if (call.audience != nullptr && desk_->has_news()) [[unlikely]]
            tell_news(call);
        const bool is_local = told == budget_desk::answer::paid_locally;
        if (told != budget_desk::answer::paid && !is_local) return tell_refused(told, call), std::nullopt;
        if (is_exhausted()) [[unlikely]]
            tell_if_recovered(call);
        return budget_charge{.cost = 1, .note = is_local ? from_share : 0};
    } catch (...) {  // no memory for a question
        return {};
    }
}

/// Once, until it has recovered.
void shared_retry_budget::tell_refused(budget_desk::answer why, call_context& call) {
    if (is_exhausted() || is_exhausted_.exchange(true, std::memory_order_relaxed)) return;
    call.emit(name_, [&] { return shared_budget_exhausted{reason_of(why), desk_->balance(call.now)}; });
}

void shared_retry_budget::tell_if_recovered(call_context& call) {
    const unsigned there = desk_->in_hand(call.now);
    if (there < options_.lease / 2 || !is_exhausted_.exchange(false, std::memory_order_relaxed)) return;
    call.emit(name_, [&] { return shared_budget_recovered{there}; });
}

/// What the store said to nobody in particular is told by whoever comes next.
void shared_retry_budget::tell_news(call_context& call) {
    const budget_desk::news heard = desk_->take_news();
    if (heard.questions > 0)
        call.emit(name_,
                  [&] { return shared_budget_leased{heard.attempts, heard.originals, heard.questions, heard.took}; });
    if (heard.store.failure)
        call.emit(name_, [&] { return shared_budget_store_failed{options_.without_store, *heard.store.failure}; });
    if (heard.store.back_after) call.emit(name_, [&] { return shared_budget_store_back{*heard.store.back_after}; });
}

}  // namespace cutwater
