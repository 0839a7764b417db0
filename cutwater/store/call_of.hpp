// What a question to a store is as a call: for those who put a pipeline round one.
#pragma once

#include <variant>

#include "cutwater/core/call.hpp"
#include "cutwater/store/cell.hpp"

namespace cutwater {

/// Its operation is `read`, `swap`, `erase` or `list`; its deadline, from `now` on, is what its limit says. Only what changes nothing is idempotent.
[[nodiscard]] inline call_options call_of(const cell_request& asked, instant now) {
    static const name operations[] = {"read", "swap", "erase", "list"};
    const std::size_t which = asked.what.index();
    const bool changes =
        std::holds_alternative<swap_cell>(asked.what) || std::holds_alternative<erase_cell>(asked.what);
    return {.operation = operations[which],
            .deadline = asked.limit == forever ? never : add(now, asked.limit),
            .idempotent = changes ? idempotency::not_idempotent : idempotency::idempotent};
}

}  // namespace cutwater
