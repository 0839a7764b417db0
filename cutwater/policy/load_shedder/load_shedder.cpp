#include "cutwater/policy/load_shedder/load_shedder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cutwater {

load_shedder::load_shedder(load_shedder_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      windows_{std::make_unique<shared_windows>(options_)}, told_(options_.signals.size()) {}

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
    const std::exception_ptr thrown = ask_signals();
    const double highest = told_.empty() ? 0 : std::ranges::max(told_);
    if (const auto changed = windows_->close(now, highest, call.random())) {
        if (changed->sheds)
            call.emit(layer_, [&] { return shedding_began{changed->load, changed->allowed}; });
        else
            call.emit(layer_, [&] { return shedding_ended{changed->load}; });
    }
    if (thrown) std::rethrow_exception(thrown);
}

/// One that has no answer is taken to be where it was: a broken gauge is no sign of rest.
std::exception_ptr load_shedder::ask_signals() noexcept {
    std::exception_ptr thrown;
    for (std::size_t i = 0; i < options_.signals.size(); ++i) try {
            if (const double load = options_.signals[i](); !std::isnan(load)) told_[i] = load;
        } catch (...) {
            thrown = std::current_exception();
        }
    return thrown;
}

}  // namespace cutwater
