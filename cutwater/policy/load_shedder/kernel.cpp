#include "cutwater/policy/load_shedder/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace cutwater {

namespace {

using slots = std::array<std::uint32_t, tenant_slots>;

double sum_of(const slots& counts) { return std::accumulate(counts.begin(), counts.end(), 0.0); }

double sum_of(const arrivals& came) {
    return std::accumulate(came.begin(), came.end(), 0.0,
                           [](double sum, const slots& level) { return sum + sum_of(level); });
}

/// The most that each tenant may have so that all together have no more than `allowed`: those who ask for less get what they ask for.
double fair_share(const slots& came, double allowed) {
    slots sorted = came;
    std::ranges::sort(sorted);
    double left = allowed;
    auto waiting = static_cast<double>(std::ranges::count_if(sorted, [](std::uint32_t n) { return n > 0; }));
    for (const std::uint32_t n : sorted) {
        if (n == 0) continue;
        if (n * waiting >= left) return left / waiting;
        left -= n;
        --waiting;
    }
    return std::numeric_limits<double>::infinity();
}

}  // namespace

const shed_plan& shedding_kernel::next(const shed_window& seen) noexcept {
    const double ended = static_cast<double>(seen.ended) / seen.lengths;
    ended_ = ended_ < 0 ? ended : ended_ + (ended - ended_) * memory;
    if (seen.load > 1) {
        const double sustained = ended_ * (1 - drain_);
        allowed_ = std::max(1.0, plan_.sheds ? std::min(sustained, allowed_) : sustained);
        plan_.sheds = true;
    } else if (plan_.sheds && seen.load < resume_below_) {
        allowed_ = std::max(allowed_, ended_) * (1 + step_up_);
        plan_.sheds = allowed_ < sum_of(seen.came) / seen.lengths;
    }
    if (plan_.sheds) allot(seen);
    return plan_;
}

void shedding_kernel::allot(const shed_window& seen) noexcept {
    const arrivals& came = seen.came;
    double left = allowed_ * seen.lengths;
    for (std::size_t level = 0; level < criticality_levels; ++level) {
        const double most = left > 0 ? fair_share(came[level], left) : 0.0;
        for (std::size_t slot = 0; slot < tenant_slots; ++slot) {
            const double asked = std::max(1.0, static_cast<double>(came[level][slot]));
            const double share = asked <= most ? 1.0 : most / asked;
            plan_.share[level][slot] = static_cast<std::uint32_t>(std::ceil(share * shed_plan::everybody));
        }
        left -= sum_of(came[level]);
    }
}

}  // namespace cutwater
