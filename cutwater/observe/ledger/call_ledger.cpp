#include "cutwater/observe/ledger/call_ledger.hpp"

#include <algorithm>
#include <utility>

namespace cutwater {

call_ledger::call_ledger(call_ledger_options options) : options_{validated("call_ledger", std::move(options))} {}

/// When the ledger began: with the event that is heard first.
instant call_ledger::begun_by(instant first) {
    const std::scoped_lock held{lock_};
    if (!began_) began_ = first;
    return *began_;
}

void call_ledger::on_event(const event& e) noexcept {
    if (!options_.only_call.empty() && e.origin().call_id != options_.only_call) return;
    try {
        ledger_entry made = to_entry(e, begun_by(e.origin().at), options_.max_text);
        const std::scoped_lock held{lock_};
        if (entries_.size() < options_.max_entries)
            entries_.push_back(std::move(made));
        else
            ++left_out_;
    } catch (...) {
        const std::scoped_lock held{lock_};
        ++left_out_;
    }
}

std::vector<ledger_entry> call_ledger::entries() const {
    const std::scoped_lock held{lock_};
    return entries_;
}

std::vector<std::string> call_ledger::calls() const {
    std::vector<std::string> ids;
    for (const ledger_entry& each : entries())
        if (std::ranges::find(ids, each.call_id) == ids.end()) ids.push_back(each.call_id);
    return ids;
}

std::uint64_t call_ledger::left_out() const {
    const std::scoped_lock held{lock_};
    return left_out_;
}

std::optional<instant> call_ledger::began() const {
    const std::scoped_lock held{lock_};
    return began_;
}

ledger_book call_ledger::book() const {
    const std::scoped_lock held{lock_};
    return {.about = "calls", .left_out = left_out_, .entries = entries_};
}

void call_ledger::clear() {
    const std::scoped_lock held{lock_};
    began_.reset();
    entries_.clear();
    left_out_ = 0;
}

}  // namespace cutwater
