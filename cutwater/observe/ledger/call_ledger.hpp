// The ledger of calls: each decision that was taken for them, when, and with which numbers. For a call that somebody asks about, afterwards.
//
//     cw::call_ledger kept{{.only_call = "order-7"}};
//     cw::pipeline inventory{cw::observe{kept}, cw::retry{}, cw::timeout{500ms}, cw::tell_attempts{}};
//     …
//     std::ofstream file{"order-7.jsonl"};
//     cw::write_ledger(file, kept.book());                    // `cutwater explain --ledger FILE` draws it
//
// Calls are told apart by their `call_options::id`; all that have none are one. Times are since the first event that was heard. Bounded: what comes after
// `max_entries` is counted in `left_out`, and texts are cut.
//
// Thread safety: every member, from any thread; the lock is held while an entry is put down, never while an event is read. Lifetime: it outlives the pipelines that
// it watches. Errors: an entry that there is no memory for is left out; the constructor throws `invalid_options`.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cutwater/core/events.hpp"
#include "cutwater/observe/ledger/ledger_book.hpp"
#include "cutwater/observe/ledger/ledger_entry.hpp"
#include "cutwater/observe/ledger/options.hpp"

namespace cutwater {

class call_ledger final : public listener {
public:
    explicit call_ledger(call_ledger_options options = {});
    call_ledger(const call_ledger&) = delete;
    call_ledger& operator=(const call_ledger&) = delete;
    ~call_ledger() = default;

    void on_event(const event& e) noexcept override;

    /// In the order in which they were heard.
    [[nodiscard]] std::vector<ledger_entry> entries() const;
    /// The ids of the calls, in the order in which they were heard of first; an empty one is of those that have none.
    [[nodiscard]] std::vector<std::string> calls() const;
    [[nodiscard]] std::uint64_t left_out() const;
    /// When its first event was.
    [[nodiscard]] std::optional<instant> began() const;
    /// All of it, as it is saved.
    [[nodiscard]] ledger_book book() const;

    /// Begins anew.
    void clear();

private:
    [[nodiscard]] instant begun_by(instant first);

    call_ledger_options options_;
    mutable std::mutex lock_;
    std::optional<instant> began_;
    std::vector<ledger_entry> entries_;
    std::uint64_t left_out_ = 0;
};

}  // namespace cutwater
