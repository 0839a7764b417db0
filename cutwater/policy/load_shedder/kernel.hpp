// What is right for a load shedder, without threads: from what came, what ended and how loaded it is to who is let in next.
//
//     overloaded (load > 1)        as many are let in as can be done, less what has to drain
//     relieved (< resume_below)    more by a step; when that is more than comes, everybody
//     between                      as many as before
//
// How much can be done is what ends, a mean over some windows. But only where there was more to do throughout, which is from the second window of an
// overload on; in any other window that much at least can be done, and less says little: there may have been no more to do. Nor is what is allowed and
// not used a sign that it could be done: it does not grow beyond twice of what can. One is always allowed, so that an end of the overload is seen.
//
// Who: what matters more first. A level that fits is let in whole, and what matters less than one that does not fit is not let in at all. In the one
// between, tenants share: each is let in as far as all of them can be (max-min fairness), so that one who asks for much is shed before one who asks for
// little. How much somebody asks for is a mean over ten windows, or what came in the last one where that was clearly more: who comes in bursts is no
// newcomer each time. Of who comes with more than that, no more are let in than twice a fair share. Who asks for what is known by `tenant_slots` counters;
// tenants that fall into the same one share its fate.
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

/// Calls that are expected to come in a window, by level and tenant.
using demand = std::array<std::array<double, tenant_slots>, criticality_levels>;

/// How much of each level and tenant is let in: from 0, nobody, to `everybody`. Rounded up, and fine enough for one of a million.
struct shed_plan {
    static constexpr std::uint32_t everybody = 1U << 31U;

    bool sheds = false;
    std::array<std::array<std::uint32_t, tenant_slots>, criticality_levels> share{};
    std::array<std::uint32_t, criticality_levels> most{};  ///< of one tenant in a window, however many come

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
    void learn_capacity(const shed_window& seen) noexcept;
    [[nodiscard]] double newest_end(bool is_more) const noexcept;
    [[nodiscard]] demand foresee(const shed_window& seen) noexcept;
    void allot(const demand& asked) noexcept;

    // weights of the newest window in means
    static constexpr double newest_of_capacity = 0.3;
    static constexpr double newest_of_less = 0.02;  // where less ended, and there may have been no more to do
    static constexpr double newest_of_demand = 0.1;

    static constexpr double most_of_capacity = 2;  // is allowed
    static constexpr double surge_deviations = 2;  // of a Poisson process: so far comes one window in forty by chance
    static constexpr double burst = 2;             // fair shares, in one window

    double resume_below_;
    double step_up_;
    double drain_;
    double capacity_ = 0;      // calls in a window
    unsigned overloaded_ = 0;  // windows in a row
    double allowed_ = 0;
    demand mean_{};
    shed_plan plan_;
};

}  // namespace cutwater
