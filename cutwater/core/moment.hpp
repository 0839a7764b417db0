// The present, read at most once.
//
// Reading a precise clock costs about five uncontended atomic operations, so the layers of a pipeline share one
// reading for each step, and a step in which no layer needs the time reads no clock at all. A `moment` is handed
// down the layers; it converts to `instant` and asks its clock on the first conversion only:
//
//     instant deadline_for(call_context& call, instant now);     // a simple policy takes the time: reading is done for it
//     loop_step after(const observation& seen, call_context& call, moment& now);      // one that rarely needs it asks
//
// Thread safety: none; a moment belongs to one call. Lifetime: the clock outlives the moment.
#pragma once

#include "cutwater/core/instant.hpp"

namespace cutwater {

class moment {
public:
    using reader = instant (*)(void* clock) noexcept;

    /// A moment that is known: what tests and manual interfaces pass.
    constexpr explicit(false) moment(instant known) noexcept : at_{known}, known_{true} {}

    /// A moment that asks `clock` through `read` when it is first needed.
    constexpr moment(reader read, void* clock) noexcept : read_{read}, clock_{clock} {}

    /// The instant; the same at each call until `forget`.
    [[nodiscard]] constexpr instant get() noexcept {
        if (!known_) {
            at_ = read_(clock_);
            known_ = true;
        }
        return at_;
    }
    constexpr operator instant() noexcept { return get(); }  // NOLINT(google-explicit-constructor)

    /// Time has passed (an attempt ran, a wait ended): the next `get` reads again. A fixed moment stays.
    constexpr void forget() noexcept { known_ = read_ == nullptr; }

    [[nodiscard]] constexpr bool is_known() const noexcept { return known_; }

private:
    reader read_ = nullptr;
    void* clock_ = nullptr;
    instant at_{};
    bool known_ = false;
};

}  // namespace cutwater
