// A ledger as a timeline: a row for each attempt, wait and decision, by when it began; drawn to scale where the line has room.
//
//     write_all(stdout, draw(rows_of(entries, {.label = shared_label(entries)}), page));
//
// Thread safety: functions of their arguments.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/cutwater/console/text_table.hpp"
#include "apps/cutwater/explain/ledger_words.hpp"
#include "cutwater/observe/ledger/ledger_entry.hpp"

namespace cutwater::app {

struct ledger_row {
    enum class kind : std::uint8_t { attempt, wait, note };

    kind what = kind::note;
    duration began{};
    duration ended{};
    std::string text;
    paint in = paint::plain;
    bool is_timed = true;  ///< a row of a time that nobody has said takes none
};

/// Whose entries they are, and how they are told.
struct ledger_style {
    enum class whose : std::uint8_t {
        one_call,   ///< a wait ends when something else begins
        all_calls,  ///< each row says its layer and its call
    };

    labeller label;
    whose are = whose::one_call;
};

/// A row for each entry that has something to say, in the order of the entries.
[[nodiscard]] std::vector<ledger_row> rows_of(std::span<const ledger_entry> entries, const ledger_style& style);

/// Addresses without a scheme that all of the entries' share.
[[nodiscard]] labeller shared_label(std::span<const ledger_entry> entries);

[[nodiscard]] std::string draw(const std::vector<ledger_row>& rows, const page& shown);

}  // namespace cutwater::app
