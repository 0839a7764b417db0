// The ledger of one call: each attempt, wait and refusal, when it was, and why.
//
//     ledger kept;                       // hears the events, and is told of the attempts
//     kept.close(result);
//     write_all(stderr, kept.text(page));
//
// Thread safety: none; it belongs to the thread of the call.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/cutwater/call_client.hpp"
#include "apps/cutwater/text_table.hpp"

namespace cutwater::app {

class ledger final : public listener {
public:
    ledger() = default;
    /// `at` outlives it.
    explicit ledger(std::span<const call_endpoint> at) : at_{at} {}

    void on_event(const event& e) override;
    void on_attempt(const attempt_seen& seen);

    /// The call is over.
    void close(instant at, std::string result, paint in);

    /// Why there was no further attempt; nothing where the last one was good, or nobody asked.
    struct ending_note {
        std::string words;
        severity level{};  ///< of the event that said it
    };
    [[nodiscard]] const std::optional<ending_note>& ending() const noexcept { return ending_; }

    /// What each attempt came to: `attempt 1 at 10.0.0.1: Connection refused`.
    [[nodiscard]] std::vector<std::string> attempts() const;

    /// A row for each entry, by when it began; the times drawn to scale where the line has room.
    [[nodiscard]] std::string text(const page& shown) const;

private:
    enum class kind : std::uint8_t { attempt, wait, note };
    struct entry {
        kind what{};
        instant began{};
        instant ended{};
        std::string text;
        paint in = paint::plain;
        std::optional<attempt_seen> cut_off = {};  ///< by whom is not known yet
    };

    void add(entry e);
    void note(instant at, std::string text, paint in);
    void on_timeout(const event& e, duration limit);
    void on_wait(const event& e, duration delay, unsigned failed);
    [[nodiscard]] std::vector<const entry*> by_beginning() const;
    [[nodiscard]] std::string bar_of(const entry& e, std::size_t columns) const;

    std::span<const call_endpoint> at_;
    std::optional<instant> started_;
    instant ended_{};
    std::vector<entry> entries_;
    std::optional<ending_note> ending_;
    bool is_hedged_ = false;  ///< a retry counts as one what were two attempts
};

}  // namespace cutwater::app
