// Where cells are kept: one interface, whatever stands behind it.
//
//     cw::memory_store cells;
//     const auto reply = cw::ask(cells, {cw::swap_cell{.key = "job/7", .value = "taken", .time_to_live = 30s}});
//     if (reply && reply->done) { … }
//
// A store is asked without being waited for: `begin` returns, and `done` is called once, from any thread, perhaps before `begin`
// returns. Policies wait as their driver does (`cell_wait`), other code with `ask`.
//
// Errors: a store that cannot be reached, or is not able to answer, says so by an error; whether a swap was made is then not known,
// unless its code equals `condition::never_sent`. Thread safety: every member, from any thread. Lifetime: a store outlives what it
// was asked.
#pragma once

#include <expected>
#include <functional>
#include <optional>

#include "cutwater/core/error.hpp"
#include "cutwater/core/name.hpp"
#include "cutwater/store/cell.hpp"

namespace cutwater {

using cell_result = std::expected<cell_reply, error>;
using cell_completion = std::move_only_function<void(cell_result) noexcept>;

class cell_store {
public:
    cell_store() = default;
    cell_store(const cell_store&) = delete;
    cell_store& operator=(const cell_store&) = delete;
    virtual ~cell_store() = default;

    /// For errors and events.
    [[nodiscard]] virtual name store_name() const noexcept = 0;
    virtual void begin(cell_request asked, cell_completion done) noexcept = 0;
};

/// For stores: what is wrong with the key that is asked for, if anything. `std::errc::invalid_argument`, and nothing was sent.
[[nodiscard]] std::optional<error> wrong_key(const cell_request& asked, name store);

/// Asks, and waits. Not in a coroutine: it blocks the thread.
[[nodiscard]] cell_result ask(cell_store& store, cell_request asked);

}  // namespace cutwater
