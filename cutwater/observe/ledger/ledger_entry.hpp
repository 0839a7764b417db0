// What a ledger keeps of one event: what was decided, where, when and with which numbers. It owns what it says.
//
//     const cw::ledger_entry kept{.at = 20ms, .event = "retry_scheduled", .fields = {{"delay", cw::duration{100ms}}}};
//     const auto delay = kept.time("delay");                // 100ms, as the event's field said
//
// Thread safety: as a value. Errors: `std::bad_alloc`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cutwater/core/events.hpp"

namespace cutwater {

using ledger_value = std::variant<std::string, std::int64_t, double, bool, duration>;

struct ledger_field {
    std::string field;
    ledger_value value;

    friend bool operator==(const ledger_field&, const ledger_field&) = default;
};

struct ledger_entry {
    duration at{};  ///< since the ledger began
    severity level{};
    std::string event;  ///< its name
    std::string layer{};
    std::string operation{};
    std::string call_id{};
    unsigned attempt = 0;
    std::vector<ledger_field> fields{};

    /// Null where there is none.
    [[nodiscard]] const ledger_value* find(std::string_view field) const noexcept;
    /// Of that type, else empty; a number may be whole.
    [[nodiscard]] std::string_view text(std::string_view field) const noexcept;
    [[nodiscard]] std::optional<duration> time(std::string_view field) const noexcept;
    [[nodiscard]] std::optional<double> number(std::string_view field) const noexcept;
    [[nodiscard]] bool is_set(std::string_view field) const noexcept;

    friend bool operator==(const ledger_entry&, const ledger_entry&) = default;
};

/// An event of a ledger that began at `began`; of each text at most `max_text` bytes.
[[nodiscard]] ledger_entry to_entry(const event& e, instant began, std::size_t max_text);

}  // namespace cutwater
