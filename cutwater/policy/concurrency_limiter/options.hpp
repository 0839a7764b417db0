// The knobs of a concurrency limiter, with the defaults in force.
#pragma once

#include <functional>
#include <string>

#include "cutwater/core/outcome.hpp"
#include "cutwater/queue/queue_order.hpp"

namespace cutwater {

/// How a limit is found.
enum class limit_rule : std::uint8_t {
    vegas,     ///< by how many calls wait in the dependency, which latency tells: the limit keeps a few of them waiting
    gradient,  ///< by how much slower than idle the dependency answers: the limit shrinks in that proportion
    aimd,      ///< by failures alone: one more while all is well, a tenth less when it is not
};

[[nodiscard]] constexpr std::string_view to_text(limit_rule r) noexcept {
    constexpr std::string_view texts[] = {"vegas", "gradient", "aimd"};
    return r <= limit_rule::aimd ? texts[static_cast<std::uint8_t>(r)] : "unknown";
}

struct concurrency_limiter_options {
    std::string name = "concurrency_limiter";
    limit_rule rule = limit_rule::vegas;
    unsigned initial_limit = 0;
    unsigned min_limit = 1;
    unsigned max_limit = 1000;
    duration window = 100ms;
    duration max_window = 5s;
    unsigned min_samples = 20;
    double tolerance = 1.5;
    double max_drop_rate = 0.1;
    double backoff = 0.9;
    duration probe_every = 30s;
    unsigned max_queue = 0;
    duration max_wait = 1s;
    queue_order order = queue_order::fifo;
    duration queue_target = 5ms;
    duration queue_interval = 100ms;
    std::function<bool(const observation&)> is_overload{};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("rule", self.rule, within(limit_rule::vegas, limit_rule::aimd), "how the limit is found");
        visit("initial_limit", self.initial_limit, within(0U, 1'000'000U),
              "calls at once before anything is known; 0: 20, or the nearest that min_limit and max_limit allow");
        visit("min_limit", self.min_limit, within(1U, 1'000'000U), "the limit never falls below this");
        visit("max_limit", self.max_limit, within(1U, 1'000'000U), "nor rises above this");
        visit("window", self.window, within<duration>(1ms, 1h),
              "the least time over which calls are seen before the limit moves");
        visit("max_window", self.max_window, within<duration>(1ms, 24h),
              "the most, and at least four times what the slowest calls take; a window is otherwise long enough for "
              "that, "
              "for min_samples and to know their mean");
        visit("min_samples", self.min_samples, within(1U, 1'000'000U),
              "calls that are seen before the limit moves, while there is time");
        visit("tolerance", self.tolerance, within(1.0, 10.0),
              "vegas, gradient: how many times its idle latency is still no sign of a queue");
        visit("max_drop_rate", self.max_drop_rate, within(0.0, 1.0),
              "the share of calls that may fail without being a sign of overload");
        visit("backoff", self.backoff, within(0.1, 0.99), "aimd: what the limit is multiplied by in an overload");
        visit("probe_every", self.probe_every, within<duration>(1s, 24h),
              "vegas, gradient: how often the limit is lowered for a moment to see the idle latency, half as much more "
              "or less");
        visit_queue_fields(self, visit);
        visit("is_overload", self.is_overload, any_value,
              "which outcomes are signs of overload; those judged transient, unless set");
    }

    void cross_check(option_problems& problems) const {
        if (min_limit > max_limit)
            problems.push_back({"min_limit", to_text(min_limit), "at most max_limit (" + to_text(max_limit) + ")"});
        else if (initial_limit != 0 && (initial_limit < min_limit || initial_limit > max_limit))
            problems.push_back({"initial_limit", to_text(initial_limit), "from min_limit to max_limit"});
        if (window > max_window) problems.push_back({"window", refused_text(window), "at most max_window"});
        cross_check_queue(*this, problems);
    }

    /// What `initial_limit` is in force.
    [[nodiscard]] unsigned first_limit() const noexcept {
        return initial_limit != 0 ? initial_limit : std::clamp(20U, min_limit, max_limit);
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "backoff") return rule == limit_rule::aimd;
        if (option == "tolerance" || option == "probe_every") return rule != limit_rule::aimd;
        return queue_option_applies(option, order);
    }
};

}  // namespace cutwater
