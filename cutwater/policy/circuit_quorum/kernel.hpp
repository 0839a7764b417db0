// What follows for a circuit from what other instances say of theirs: advice, and never an order. Without store, clock or thread.
//
//     cw::circuit_quorum_kernel others{cw::circuit_quorum_options{}};
//     cw::circuit_bulletin said;                                           // what is in the cell
//     const cw::circuit_report ours{.instance = 7, .number = 1};
//     others.hear(said, ours.instance, now);
//     said = others.compose(said, ours, now);                              // what is to be there
//     if (others.advise(ours.state, now) == cw::circuit_advice::others_open) …     // probe
//
// - An instance is *fresh* while its report's number has changed within `stale_after`, by our own clock. One that is seen for the first time is not: it may be
//   long dead. What has not changed for three times that is left out of what is written.
// - A report of an open circuit counts as such for as long as that says it stays open, from when we heard it; then as half-open.
// - A quorum is a share of the others that are fresh, and `min_instances` of them.
// - `others_open`: a quorum is open, and ours is closed. Once, when the quorum rises; not again until it has fallen and risen again, whatever ours has been
//   in between.
// - `others_closed`: a quorum is closed, and ours is open, for `open_at_least`. Once, until ours has closed or the quorum has fallen and risen again.
// - Ours is what it is told to be, when it is told. An opening is told from another by its end. It counts from when it was first seen, so never too early; one
//   that has begun and ended in between is not known of, nor is a closing.
//
// A value: it can be copied and compared. Memory: a report for each instance in the cell.
#pragma once

#include <vector>

#include "cutwater/policy/circuit_quorum/bulletin.hpp"
#include "cutwater/policy/circuit_quorum/options.hpp"

namespace cutwater {

enum class circuit_advice : std::uint8_t {
    none,
    others_open,    ///< ours is closed: it is to prove itself
    others_closed,  ///< ours is open: it need not wait for its time
};
[[nodiscard]] constexpr std::string_view to_text(circuit_advice a) noexcept {
    constexpr std::string_view texts[] = {"none", "others_open", "others_closed"};
    return a <= circuit_advice::others_closed ? texts[static_cast<std::uint8_t>(a)] : "unknown";
}

/// The other instances that are fresh, by their circuit's state.
struct circuit_tally {
    unsigned closed = 0;
    unsigned open = 0;
    unsigned half_open = 0;

    [[nodiscard]] constexpr unsigned all() const noexcept { return closed + open + half_open; }
    friend bool operator==(const circuit_tally&, const circuit_tally&) = default;
};

class circuit_quorum_kernel {
public:
    explicit circuit_quorum_kernel(const circuit_quorum_options& o) noexcept;

    /// What is in the cell, now. `mine` is our own id.
    void hear(const circuit_bulletin& said, std::uint64_t mine, instant now);
    /// What is to be in it. Where there is no room for ours it is not there.
    [[nodiscard]] circuit_bulletin compose(const circuit_bulletin& said, const circuit_report& ours, instant now) const;

    /// `open_until`: of ours, where it is open.
    [[nodiscard]] circuit_advice advise(circuit_state ours, instant now, instant open_until = instant::min());
    [[nodiscard]] circuit_tally tally(instant now) const noexcept;
    /// Since when ours is what it was told to be last, and in the same opening.
    [[nodiscard]] duration in_state_for(circuit_state ours, instant now, instant open_until = instant::min()) noexcept;

    friend bool operator==(const circuit_quorum_kernel&, const circuit_quorum_kernel&) = default;

private:
    struct heard {
        circuit_report last{};
        instant changed{};      // when the number was first seen
        bool is_alive = false;  // it has changed while we looked

        friend bool operator==(const heard&, const heard&) = default;
    };

    [[nodiscard]] const heard* find(std::uint64_t instance) const noexcept;
    [[nodiscard]] bool is_fresh(const heard& h, instant now) const noexcept;
    [[nodiscard]] bool is_forgotten(std::uint64_t instance, instant now) const noexcept;
    [[nodiscard]] bool is_quorum(unsigned agree, unsigned of) const noexcept;

    duration stale_after_;
    duration open_at_least_;
    double quorum_;
    unsigned min_instances_;
    unsigned max_instances_;

    std::vector<heard> others_;
    circuit_state own_ = circuit_state::closed;
    instant own_since_ = instant::min();
    instant own_open_until_ = instant::min();
    bool was_most_open_ = false;
    bool has_heeded_closed_ = false;
};

}  // namespace cutwater
