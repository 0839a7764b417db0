// What instances say of one circuit, as the bytes of a cell.
//
//     cw::cell there{.value = "cwq1\n7 1 c 0 0 20 1\n"};
//     cw::circuit_bulletin said = cw::circuit_bulletin::decoded(there.value, 64);
//     said.reports.push_back({.instance = 8, .number = 1, .state = cw::circuit_state::open, .open_left = 20s});
//     there.value = said.encoded();
//
// Times are relative to when the report was made; no hour of anybody's clock is in it. What cannot be read is passed over and counted, line by line.
// One line for each instance: its id, the report's number, c, o or h, since how many milliseconds, for how many more, calls, failures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/instant.hpp"
#include "cutwater/policy/circuit_breaker/events.hpp"

namespace cutwater {

/// What an instance says of its own circuit.
struct circuit_report {
    std::uint64_t instance = 0;
    std::uint64_t number = 0;  ///< rises with each report of its instance
    circuit_state state = circuit_state::closed;
    duration since{};      ///< how long ago it came into that state
    duration open_left{};  ///< how long it stays open
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;

    friend bool operator==(const circuit_report&, const circuit_report&) = default;
};

struct circuit_bulletin {
    std::vector<circuit_report> reports;  ///< one of each instance
    unsigned unreadable = 0;              ///< lines

    [[nodiscard]] std::string encoded() const;
    /// At most so many; what comes after them is unreadable, too.
    [[nodiscard]] static circuit_bulletin decoded(std::string_view bytes, std::size_t most);
};

}  // namespace cutwater
