// What must hold of each kind of gate: at any moment when nothing is being done, and when all is over.
#pragma once

#include <algorithm>
#include <type_traits>

#include "cutwater/cutwater.hpp"
#include "cutwater/keyed.hpp"
#include "test/soak/call_book.hpp"
#include "test/soak/findings.hpp"
#include "test/soak/ledger.hpp"

namespace cutwater::soak {

/// What a check goes by.
struct evidence {
    const void* gate = nullptr;  ///< as the grants name it
    const ledger& counted;
    const call_book& book;
    instant now;
};

/// How many keys there is ever room for: of whole policies `max_keys`, of cells as many slots as are taken from the start.
template <class Options>
[[nodiscard]] std::size_t most_keys(std::size_t max_keys, const Options& each) {
    constexpr std::size_t least_slots = 64;
    if constexpr (std::is_same_v<Options, rate_limiter_options>)
        if (rate_cells::suit(each)) return std::max(least_slots, 4 * max_keys);
    return max_keys;
}

/// Nobody waits while there is room, and no table outgrows itself. `o`: what the gate was made with, or where it is keyed, each of them.
template <class Gate, class Options>
void check_at_a_stop(Gate& gate, [[maybe_unused]] const Options& o, std::string_view where, findings& found) {
    bool may_wait_beside_room = false;
    if constexpr (requires { o.may_borrow; }) may_wait_beside_room = o.may_borrow < 1;
    if constexpr (requires { gate.limit(), gate.in_use(), gate.queued(); })
        found.expect(gate.queued() == 0 || gate.in_use() >= gate.limit() || may_wait_beside_room, where,
                     "somebody waits, and there is room");
    if constexpr (requires { gate.max_keys(); })
        found.expect(gate.size() <= most_keys(gate.max_keys(), o), where, "it knows more keys than it has room for");
}

void check_at_the_end(bulkhead& gate, const bulkhead_options& o, const evidence& seen, findings& found);
void check_at_the_end(fair_bulkhead& gate, const fair_bulkhead_options& o, const evidence& seen, findings& found);
void check_at_the_end(rate_limiter& gate, const rate_limiter_options& o, const evidence& seen, findings& found);
void check_at_the_end(concurrency_limiter& gate, const concurrency_limiter_options& o, const evidence& seen,
                      findings& found);
void check_at_the_end(load_shedder& gate, const load_shedder_options& o, const evidence& seen, findings& found);
void check_at_the_end(throttle& gate, const throttle_options& o, const evidence& seen, findings& found);
void check_at_the_end(circuit_breaker& gate, const circuit_breaker_options& o, const evidence& seen, findings& found);
void check_at_the_end(keyed<rate_limiter>& gate, const rate_limiter_options& o, const evidence& seen, findings& found);
void check_at_the_end(keyed<bulkhead>& gate, const bulkhead_options& o, const evidence& seen, findings& found);
void check_at_the_end(keyed<circuit_breaker>& gate, const circuit_breaker_options& o, const evidence& seen,
                      findings& found);

}  // namespace cutwater::soak
