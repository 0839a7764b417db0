// The ledger of one call: each attempt, wait and refusal, when it was, and why.
//
//     ledger kept;                       // hears the events, and is told of the attempts
//     kept.close(result);
//     write_all(stderr, kept.text(page));
//     write_ledger(file, kept.book());   // `cutwater explain` draws the same of it
//
// Thread safety: none; it belongs to the thread of the call.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/cutwater/call/client.hpp"
#include "apps/cutwater/explain/ledger_drawing.hpp"
#include "cutwater/observe/ledger/call_ledger.hpp"

namespace cutwater::app {

class ledger final : public listener {
public:
    ledger() = default;
    /// `at` outlives it.
    explicit ledger(std::span<const call_endpoint> at) : at_{at} {}

    void on_event(const event& e) override;
    void on_attempt(const attempt_seen& seen);

    /// The call is over.
    void close(instant at, const std::string& result, paint in);

    /// Why there was no further attempt; nothing where the last one was good, or nobody asked.
    struct ending_note {
        std::string words;
        severity level{};    ///< of the event that said it
        std::string reason;  ///< as the event says it
    };
    [[nodiscard]] const std::optional<ending_note>& ending() const noexcept { return ending_; }

    /// What each attempt came to: `attempt 1 at 10.0.0.1: Connection refused`.
    [[nodiscard]] std::vector<std::string> attempts() const;

    /// A row for each entry, by when it began; the times drawn to scale where the line has room.
    [[nodiscard]] std::string text(const page& shown) const;

    /// As it is saved.
    [[nodiscard]] ledger_book book() const { return kept_.book(); }

private:
    [[nodiscard]] std::vector<ledger_row> rows() const;

    std::span<const call_endpoint> at_;
    call_ledger kept_;
    std::optional<ending_note> ending_;
};

}  // namespace cutwater::app
