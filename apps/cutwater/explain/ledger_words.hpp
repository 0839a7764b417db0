// What the entries of a ledger say, in words for people.
//
//     words_of(entry, label)      // the circuit opens for 2.00s: 50 % of 10 attempts failed
//
// Thread safety: functions of their arguments.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/observe/ledger/ledger_entry.hpp"

namespace cutwater::app {

/// An address as people are shown it.
using labeller = std::function<std::string(std::string_view address)>;

/// A count that a file may say anything of: `otherwise` where it is none.
[[nodiscard]] std::uint64_t count_in(const ledger_entry& e, std::string_view field, std::uint64_t otherwise);

/// A time that it tells, or `?`.
[[nodiscard]] std::string time_of(const ledger_entry& e, std::string_view field);

/// Of any decision: in words of its own, or as its name and fields.
[[nodiscard]] std::string words_of(const ledger_entry& e, const labeller& label);

/// Whether other rows say all that it says: the beginning of a call, an attempt that is drawn as such.
[[nodiscard]] bool is_said_by_others(const ledger_entry& e) noexcept;

/// Of an endpoint that is ejected or returns, or of a set in panic; nothing where it is none of these.
[[nodiscard]] std::optional<std::string> endpoint_words(const ledger_entry& e, const labeller& label);

/// Why there is no further attempt; nothing where it does not say that.
[[nodiscard]] std::optional<std::string> ending_words(const ledger_entry& e);

}  // namespace cutwater::app
