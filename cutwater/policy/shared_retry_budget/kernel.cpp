#include "cutwater/policy/shared_retry_budget/kernel.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cutwater {

namespace {

constexpr std::string_view magic = "cwb1 ";
constexpr double one_second = 1e9;

}  // namespace

std::string retry_credit::encoded() const { return std::string{magic} + std::to_string(units); }

std::optional<retry_credit> retry_credit::decoded(std::string_view bytes) {
    if (!bytes.starts_with(magic)) return std::nullopt;
    bytes.remove_prefix(magic.size());
    retry_credit made;
    const auto read = std::from_chars(bytes.data(), bytes.data() + bytes.size(), made.units);
    if (read.ec != std::errc{} || read.ptr != bytes.data() + bytes.size()) return std::nullopt;
    return made;
}

shared_retry_budget_kernel::shared_retry_budget_kernel(const rule& r, unsigned parts) noexcept
    : each_brings_{static_cast<std::uint64_t>(std::llround(r.ratio * static_cast<double>(retry_credit::whole)))},
      floor_{static_cast<std::uint64_t>(r.min_per_second / parts * static_cast<double>(1U << shift))},
      capacity_{retry_credit::whole * std::max(1U, r.capacity / parts)} {
    if (floor_ == 0) return;
    const auto second = static_cast<wide>(floor_) * static_cast<std::uint64_t>(one_second) >> shift;
    fresh_.units = capped(std::max<wide>(second, retry_credit::whole));
}

retry_credit shared_retry_budget_kernel::aged(retry_credit c, duration age) const noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max(age, duration::zero()).count());
    return {capped(wide{std::min(c.units, capacity_)} + (wide{floor_} * ns >> shift))};
}

void shared_retry_budget_kernel::deposit(retry_credit& c, std::uint64_t originals) const noexcept {
    c.units = capped(wide{c.units} + wide{each_brings_} * originals);
}

void shared_retry_budget_kernel::give_back(retry_credit& c, unsigned attempts) const noexcept {
    c.units = capped(wide{c.units} + wide{retry_credit::whole} * attempts);
}

unsigned shared_retry_budget_kernel::take(retry_credit& c, unsigned most) const noexcept {
    const auto taken = static_cast<unsigned>(std::min<std::uint64_t>(c.units / retry_credit::whole, most));
    c.units -= retry_credit::whole * taken;
    return taken;
}

}  // namespace cutwater
