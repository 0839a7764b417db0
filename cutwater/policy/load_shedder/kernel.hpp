// What is right for a load shedder, without threads: from what came, what ended and how loaded it is to who is let in next.
//
//     overloaded (load > 1)        as many are let in as ended in the last window, less what has to drain
//     relieved (< resume_below)    more by a step; when that is more than comes, everybody
//     between                      as many as before
//
// One is always let in, so that an end of the overload is seen.
//
// Who: what matters more first. A level that fits is let in whole, and what matters less than one that does not fit is not let in at all. In the one
// between, tenants share: each is let in as far as all of them can be (max-min fairness), so that one who asks for much is shed before one who asks for
// little. Who asks for what is known by `slots` counters; tenants that fall into the same one share its fate.
//
// Source of the levels, and of letting in by what was seen in the last window: Zhou et al., "Overload Control for Scaling WeChat Microservices" (SoCC 2018).
// A value. Thread safety: none.
#pragma once

#include <array>
#include <cstdint>

#include "cutwater/core/criticality.hpp"
#include "cutwater/policy/load_shedder/options.hpp"

namespace cutwater {

inline constexpr std::size_t tenant_slots = 64;

/// Calls that came, by level and tenant.
using arrivals = std::array<std::array<std::uint32_t, tenant_slots>, criticality_levels>;

/// How much of each level and tenant is let in: from 0, nobody, to `everybody`. Rounded up, and fine enough for one of a million.
struct shed_plan {
    static constexpr std::uint32_t everybody = 1U << 31U;

    bool sheds = false;
    std::array<std::array<std::uint32_t, tenant_slots>, criticality_levels> share{};

    friend bool operator==(const shed_plan&, const shed_plan&) = default;
};

/// What was seen in a window.
struct shed_window {
    arrivals came{};
    std::uint64_t ended = 0;  ///< calls that ended
    double load = 0;
    double lengths = 1;  ///< how many windows long it was: nobody closes one while nobody calls
};

class shedding_kernel {
public:
    explicit shedding_kernel(const load_shedder_options& options) noexcept
        : resume_below_{options.resume_below}, step_up_{options.step_up}, drain_{options.drain} {}

    /// A window is over; gives what holds in the next.
    [[nodiscard]] const shed_plan& next(const shed_window& seen) noexcept;
    [[nodiscard]] const shed_plan& plan() const noexcept { return plan_; }
    /// Calls that are let in in a window; meaningless where nothing is shed.
    [[nodiscard]] double allowed() const noexcept { return allowed_; }

private:
    void allot(const shed_window& seen) noexcept;

    double resume_below_;
    double step_up_;
    double drain_;
    static constexpr double memory = 0.3;  // of the newest window, in what ends in one
    double ended_ = -1;                    // in a window, smoothed; negative: not known
    double allowed_ = 0;
    shed_plan plan_;
};

}  // namespace cutwater
