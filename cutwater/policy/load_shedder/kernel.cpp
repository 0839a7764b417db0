#include "cutwater/policy/load_shedder/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cutwater {

namespace {

using level_demand = std::array<double, tenant_slots>;

double sum_of(const level_demand& asked) { return std::accumulate(asked.begin(), asked.end(), 0.0); }

double sum_of(const demand& asked) {
    return std::accumulate(asked.begin(), asked.end(), 0.0,
                           [](double sum, const level_demand& level) { return sum + sum_of(level); });
}

/// The most that each tenant may have so that all together have no more than `allowed`: those who ask for less get what they ask for. All of it where
/// there is enough.
double fair_share(const level_demand& asked, double allowed) {
    level_demand sorted = asked;
    std::ranges::sort(sorted);
    double left = allowed;
    auto waiting = static_cast<double>(std::ranges::count_if(sorted, [](double n) { return n > 0; }));
    for (const double n : sorted) {
        if (n == 0) continue;
        if (n * waiting >= left) return left / waiting;
        left -= n;
        --waiting;
    }
    return allowed;
}

constexpr double most_calls = 1e9;  // fits a counter, and is more than come

/// The weight of what is new in a mean over windows, where the new is as long as several.
double weight_of(double newest, double lengths) { return 1 - std::pow(1 - newest, lengths); }

}  // namespace

const shed_plan& shedding_kernel::next(const shed_window& seen) noexcept {
    learn_capacity(seen);
    const demand asked = foresee(seen);
    if (seen.load > 1) {
        allowed_ = std::max(1.0, capacity_ * (1 - drain_));
        plan_.sheds = true;
    } else if (plan_.sheds && seen.load < resume_below_) {
        const double more = std::max(allowed_, capacity_) * (1 + step_up_);
        allowed_ = std::max(1.0, std::min(more, most_of_capacity * capacity_));
        plan_.sheds = allowed_ < sum_of(asked);
    }
    if (plan_.sheds) allot(asked);
    return plan_;
}

void shedding_kernel::learn_capacity(const shed_window& seen) noexcept {
    overloaded_ = seen.load > 1 ? overloaded_ + 1 : 0;
    const double ended = static_cast<double>(seen.ended) / seen.lengths;
    capacity_ += (ended - capacity_) * weight_of(newest_end(ended > capacity_), seen.lengths);
}

double shedding_kernel::newest_end(bool is_more) const noexcept {
    if (overloaded_ > 1) return std::max(newest_of_capacity, 1.0 / (overloaded_ - 1));  // the first ones count alike
    if (is_more) return overloaded_ == 1 ? 1 : newest_of_capacity;
    return newest_of_less;
}

demand shedding_kernel::foresee(const shed_window& seen) noexcept {
    demand asked{};
    const double newest = weight_of(newest_of_demand, seen.lengths);
    for (std::size_t level = 0; level < criticality_levels; ++level)
        for (std::size_t slot = 0; slot < tenant_slots; ++slot) {
            const double came = seen.came[level][slot] / seen.lengths;
            double& mean = mean_[level][slot];
            const bool surges = came > mean + surge_deviations * std::sqrt(mean);
            mean += (came - mean) * newest;
            asked[level][slot] = surges ? came : mean;
        }
    return asked;
}

void shedding_kernel::allot(const demand& asked) noexcept {
    double left = allowed_;
    for (std::size_t level = 0; level < criticality_levels; ++level) {
        const double most = fair_share(asked[level], std::max(0.0, left));
        plan_.most[level] = static_cast<std::uint32_t>(std::min(std::ceil(burst * most), most_calls));
        for (std::size_t slot = 0; slot < tenant_slots; ++slot) {
            const double share = most / std::max(most, asked[level][slot]);
            plan_.share[level][slot] =
                most > 0 ? static_cast<std::uint32_t>(std::ceil(share * shed_plan::everybody)) : 0;
        }
        left -= sum_of(asked[level]);
    }
}

}  // namespace cutwater
