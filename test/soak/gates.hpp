// The gates of one seed: some of each kind, shared by its pipelines, and what must hold of each when all is over.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cutwater/pipeline/any_pipeline.hpp"
#include "test/soak/call_book.hpp"
#include "test/soak/dice.hpp"
#include "test/soak/findings.hpp"

namespace cutwater::soak {

enum class in_step : bool;

/// One gate, whatever its kind.
class watched_gate {
public:
    watched_gate() = default;
    watched_gate(const watched_gate&) = delete;
    watched_gate& operator=(const watched_gate&) = delete;
    virtual ~watched_gate() = default;

    virtual void add_to(any_pipeline<int>& guarded) = 0;
    [[nodiscard]] virtual std::string describe() const = 0;

    /// Nothing is being done at this moment: nobody waits for what is there.
    virtual void check_at_a_stop(instant now, findings& found) = 0;
    /// Every call has ended, or was destroyed.
    virtual void check_at_the_end(instant now, const call_book& book, findings& found) = 0;
};

using gate_list = std::vector<std::unique_ptr<watched_gate>>;

/// From two to six, each drawn by `d`; names tell those of one kind apart.
[[nodiscard]] gate_list draw_gates(dice& d, duration unit, call_book& book, in_step how);

}  // namespace cutwater::soak
