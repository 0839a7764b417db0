#include "cutwater/policy/load_shedder/load_shedder.hpp"

#include <algorithm>
#include <bit>

namespace cutwater {

load_shedder::load_shedder(load_shedder_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      windows_{std::make_unique<shared_windows>(options_)} {}

admission<load_shedder::ticket> load_shedder::admit(call_context& call, moment& now) {
    if (windows_->is_over(now)) [[unlikely]]
        close_window(call, now);
    const criticality importance = call.said().importance;
    if (windows_->admit(level_of(importance), slot_of(call.said().tenant), call.random())) [[likely]]
        return ticket{};
    call.emit(layer_, [&] { return load_shed{importance, load()}; });
    return admission<ticket>{std::in_place_type<refusal>, errc::load_shed, options_.retry_after};
}

/// The seed comes with the first window: until then nothing is shed.
std::size_t load_shedder::slot_of(std::string_view tenant) const {
    if (tenant.empty()) return 0;
    constexpr std::uint64_t golden =
        0x9e3779b97f4a7c15U;  // Fibonacci hashing: the high bits of the product depend on all
    return ((options_.tenant_hash(tenant) ^ windows_->seed()) * golden) >> (64U - std::bit_width(tenant_slots - 1));
}

void load_shedder::close_window(call_context& call, instant now) {
    if (!windows_->claim(now)) return;
    double load = 0;
    try {
        for (const load_signal& signal : options_.signals) load = std::max(load, signal());
    } catch (...) {
        (void)windows_->close(now, 0, call.random());  // the next window asks again
        throw;
    }
    const auto changed = windows_->close(now, load, call.random());
    if (!changed) return;
    if (changed->sheds)
        call.emit(layer_, [&] { return shedding_began{changed->load, changed->allowed}; });
    else
        call.emit(layer_, [&] { return shedding_ended{changed->load}; });
}

}  // namespace cutwater
