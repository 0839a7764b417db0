// What is right for a timeout: the earlier of two instants, and whose it is.
//
//     effective deadline = min(deadline around, now + after)
//
// A timeout that does not tighten the deadline around it has nothing to say when that deadline passes: the innermost
// layer that tightened it is the one that speaks, and where none did, the caller's deadline has passed.
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
