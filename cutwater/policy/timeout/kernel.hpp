// What is right for a timeout: when what is inside must have ended.
//
//     cw::timeout_kernel kernel{500ms};
//     cw::instant deadline = kernel.deadline_for(now);           // now + 500ms; `never` where that is past all time
//
// What the layer makes of it: the deadline inside is the earlier of this one and the one around. A timeout that does not
// tighten the deadline has nothing to say when that passes: the innermost layer that tightened it is the one that speaks,
// and where none did, it was the caller's.
#pragma once

#include "cutwater/core/instant.hpp"
#include "cutwater/policy/timeout/options.hpp"

namespace cutwater {

class timeout_kernel {
public:
    explicit timeout_kernel(duration after) noexcept : after_{after} {}

    [[nodiscard]] instant deadline_for(instant now) const noexcept { return add(now, after_); }
    [[nodiscard]] duration limit() const noexcept { return after_; }

private:
    duration after_;
};

}  // namespace cutwater
