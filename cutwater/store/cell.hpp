// A cell: what several processes share under one key, as bytes that change in one step or not at all.
//
//     cw::cell_request first{cw::swap_cell{.key = "job/7", .value = "taken", .time_to_live = 30s}};   // only where there is none
//     cw::cell_request next{cw::swap_cell{.key = "job/7", .expected = 7, .value = "done"}};
//
// Whatever is more than a cell (a reservation, a bucket of tokens, a journal) is a kernel over its bytes: it reads a cell, decides,
// and swaps it for another on condition that nobody has come between. So what is right is said once, for every store.
//
// Time is relative. A cell tells its age, by the clock of the store that keeps it; nothing in it is an hour of anybody's clock.
//
// Contract of a store. A swap is one step to all who use the store. A version is never given twice. A cell whose time to live has
// passed is not there. Bytes are any bytes; keys are any text without a zero byte, up to `max_cell_key` long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cutwater/core/instant.hpp"

namespace cutwater {

inline constexpr std::size_t max_cell_key = 512;

/// Which of the states of a cell it is. No two are the same, whatever was erased in between; 0: there is no cell.
using cell_version = std::uint64_t;

/// What is in a cell.
struct cell {
    std::string value;
    cell_version version = 0;
    duration age{};  ///< since it was written, not negative

    friend bool operator==(const cell&, const cell&) = default;
};

/// Reads what is there.
struct read_cell {
    std::string key;
};

/// Writes `value` where the cell is in the state `expected`; with 0, where there is none. Else it changes nothing, and tells what is there.
struct swap_cell {
    std::string key;
    cell_version expected = 0;
    std::string value;
    duration time_to_live = forever;  ///< from now on
};

/// Erases the cell where it is in the state `expected`. Else it changes nothing, and tells what is there.
struct erase_cell {
    std::string key;
    cell_version expected = 0;
};

/// The keys that begin with `prefix` and come after `after`, in the order of their bytes, at most `limit` of them.
struct list_cells {
    std::string prefix;
    std::string after = {};
    std::size_t limit = 100;
};

struct cell_request {
    std::variant<read_cell, swap_cell, erase_cell, list_cells> what;
    duration limit = forever;  ///< after which nobody waits for the reply
};

/// What a store says.
struct cell_reply {
    bool done = true;                 ///< of a swap or an erasure: whether it was made
    cell_version version = 0;         ///< of a swap that was made: the cell's new state
    std::optional<cell> found = {};   ///< of a read, and of what was not made: what is there
    std::vector<std::string> keys{};  ///< of a list

    friend bool operator==(const cell_reply&, const cell_reply&) = default;
};

}  // namespace cutwater
