// The knobs of a load shedder, with the defaults in force.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// How loaded something is: 1 at its target, more beyond it. Asked once in a window, in the thread of a call, never under a lock.
using load_signal = std::function<double()>;

/// Quick, and no secret: see `tenant_hash`.
[[nodiscard]] inline std::uint64_t usual_tenant_hash(std::string_view tenant) {
    return std::hash<std::string_view>{}(tenant);
}

struct load_shedder_options {
    std::string name = "load_shedder";
    unsigned target_concurrent = 0;
    duration max_delay = 0ns;
    std::vector<load_signal> signals{};
    duration window = 100ms;
    double resume_below = 0.9;
    double step_up = 0.05;
    double drain = 0.1;
    duration retry_after = 1s;
    std::uint64_t (*tenant_hash)(std::string_view tenant) = &usual_tenant_hash;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("target_concurrent", self.target_concurrent, within(0U, 1'000'000U),
              "calls inside at once that are still no overload, and no bound on them; 0: they do not count");
        visit("max_delay", self.max_delay, within<duration>(0ns, 1h),
              "the delay told by `note_delay` that is still no overload, and by it alone; 0s: it does not count");
        visit("signals", self.signals, any_value,
              "what else says how loaded it is, each asked once in a window; the highest load counts");
        visit("window", self.window, within<duration>(1ms, 1min), "how often what is admitted is decided anew");
        visit("resume_below", self.resume_below, within(0.1, 1.0),
              "the load below which more is admitted again; up to 1 it stays as it is");
        visit("step_up", self.step_up, above_and_up_to(0.0, 1.0), "by how much more then, in each window");
        visit("drain", self.drain, within(0.0, 0.9),
              "by how much less than what ends is admitted in an overload, so that what has piled up drains");
        visit("retry_after", self.retry_after, within<duration>(0ns, 1h),
              "what a refusal says about when to ask again");
        visit("tenant_hash", self.tenant_hash, any_value,
              "what tells tenants apart; a keyed one where they choose their names and may wish each other ill");
    }

    void cross_check(option_problems& problems) const {
        if (target_concurrent == 0 && max_delay == duration::zero() && signals.empty())
            problems.push_back({"target_concurrent", "0",
                                "more than 0 where there is neither max_delay nor a signal: it would never shed"});
        for (std::size_t i = 0; i < signals.size(); ++i)
            if (!signals[i]) problems.push_back({"signals[" + std::to_string(i) + "]", "none", "a function"});
        if (tenant_hash == nullptr) problems.push_back({"tenant_hash", "none", "a function"});
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        return option != "tenant_hash" || tenant_hash != &usual_tenant_hash;
    }
};

}  // namespace cutwater
