// An event in memory of a fixed size: what a ring is made of. Fields are copied until it is full; what does not fit is left out, and that is said.
//
//     const cw::timed_out body{.limit = 500ms};
//     const cw::packed_event kept{cw::event{{.layer = "attempt"}, body}};
//     const auto name = kept.unpacked(cw::instant{}).event;            // "timed_out"
//
// Making one allocates nothing. Thread safety: as a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/observe/ledger/ledger_entry.hpp"

namespace cutwater {

// NOLINTNEXTLINE(*-member-init): of the bytes only those are written that are used, and only those are copied
class packed_event {
public:
    static constexpr std::size_t max_bytes = 384;  ///< of its fields, their names included
    static constexpr std::size_t max_call_id = 48;
    static constexpr std::size_t max_text = 120;  ///< of each text: long ones leave room for the numbers behind them

    // NOLINTBEGIN(*-member-init)
    packed_event() noexcept = default;
    explicit packed_event(const event& e);
    packed_event(const packed_event& other) noexcept { *this = other; }
    // NOLINTEND(*-member-init)
    packed_event& operator=(const packed_event& other) noexcept;
    ~packed_event() = default;

    [[nodiscard]] instant at() const noexcept { return at_; }
    [[nodiscard]] bool is_empty() const noexcept { return kind_ == nullptr; }
    [[nodiscard]] bool is_cut() const noexcept { return is_cut_; }

    /// As an entry of a ledger that began at `began`. What was cut has a field `cut`, which is true.
    [[nodiscard]] ledger_entry unpacked(instant began) const;

private:
    class packing;
    class unpacking;

    const event_kind* kind_ = nullptr;
    name layer_{};
    name operation_{};
    instant at_{};
    unsigned attempt_ = 0;
    std::uint16_t used_ = 0;
    std::uint8_t id_used_ = 0;
    bool is_cut_ = false;
    std::array<char, max_call_id> id_;  // as far as it is used
    std::array<std::byte, max_bytes> fields_;
};

}  // namespace cutwater
