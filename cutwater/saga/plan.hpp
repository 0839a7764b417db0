// What a saga is made of, checked; and how its listener is told. For both drivers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/environment.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/saga/kernel.hpp"
#include "cutwater/store/codec.hpp"

namespace cutwater::detail {

struct named_step {
    std::string name;
    bool has_undo;
};

/// Throws `invalid_options`: also where there is no step, two are called the same, or one but the last has no undo.
[[nodiscard]] saga_plan plan_of(saga_options options, const std::vector<named_step>& steps);

template <class Context>
[[nodiscard]] bool reads_as(std::string_view bytes) noexcept {
    try {
        return cell_codec<Context>::decode(bytes).has_value();
    } catch (...) {
        return false;
    }
}

template <class Context, class Step>
[[nodiscard]] saga_plan plan_for(saga_options options, const std::vector<Step>& steps) {
    std::vector<named_step> names;
    for (const Step& each : steps) names.push_back({each.name, each.has_undo()});
    saga_plan made = plan_of(std::move(options), names);
    made.reads = &reads_as<Context>;
    return made;
}

/// Who hears of a saga, and by whose clock.
struct saga_audience {
    environment& lent;
    listener* hears = nullptr;

    /// Of what the kernel has news.
    void tell(saga_kernel& kernel) const noexcept;
};

}  // namespace cutwater::detail
