// Ledgers in a file: lines of JSON, read back as they were.
//
//     std::stringstream file;
//     cw::write_ledger(file, {.about = "calls"});
//     const auto books = cw::read_ledger(file);             // or where it is wrong: line, column, and what was expected
//
//     {"ledger":1,"about":"calls"}
//     {"at_ms":20.1,"level":"warning","event":"retry_scheduled","layer":"retry","operation":"get","call_id":"c-1","attempt":1,
//      "fields":{"failed_attempts":1,"delay":{"ms":100.0},"error_type":"std::runtime_error"}}
//
// (each on one line.) A line with `ledger` begins a book and says the version of the format; a file may hold several, one after the other. What an entry
// does not know is left out. Durations are objects with `ms`, exact to the nanosecond up to a hundred days; one without end, and a number
// that is not finite, is null. Bytes that are no UTF-8 become U+FFFD. Of two fields with one name the second is called `field_<name>`. Keys
// that a reader does not know are passed over.
//
// Thread safety: functions of their arguments. Errors: of the streams, as they are set; a file that is no ledger is a value.
#pragma once

#include <cstdint>
#include <expected>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/observe/ledger/ledger_entry.hpp"

namespace cutwater {

/// The version of the format that is written, and the only one that is read.
inline constexpr int ledger_version = 1;

struct ledger_book {
    std::string about = "calls";  ///< `calls`, or `decisions` of a flight recorder
    std::string reason{};         ///< why it was written
    std::int64_t unix_ms = 0;     ///< when, by the wall clock; 0: not said
    std::uint64_t left_out = 0;   ///< entries that there was no room for
    std::vector<ledger_entry> entries{};

    friend bool operator==(const ledger_book&, const ledger_book&) = default;
};

/// Where a file is no ledger, and why.
struct ledger_problem {
    std::size_t line = 0;  ///< from 1; 0: of the file as a whole
    std::size_t column = 0;
    std::string words;

    /// `calls.jsonl:3:17: this is no JSON: …`
    [[nodiscard]] std::string message(std::string_view file) const;

    friend bool operator==(const ledger_problem&, const ledger_problem&) = default;
};

/// The line that begins a book, and the line of an entry; without a newline.
[[nodiscard]] std::string head_line(const ledger_book& book);
[[nodiscard]] std::string entry_line(const ledger_entry& entry);

void write_ledger(std::ostream& to, const ledger_book& book);

/// The books of a file, at least one.
[[nodiscard]] std::expected<std::vector<ledger_book>, ledger_problem> read_ledger(std::istream& from);

}  // namespace cutwater
