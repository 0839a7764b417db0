// The knobs of a rate limiter, with the defaults in force.
#pragma once

#include <cstdint>
#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// How the limit is kept.
enum class rate_window : std::uint8_t {
    rolling,  ///< a token bucket: permits come back one by one, all the time; the cheapest, and what a server is best off with
    fixed,    ///< all of them come back at once, `per` after the first of them was taken: to match somebody's quota
    sliding,  ///< each comes back `per` after it was taken: never more than `permits` in any `per`; takes a lock
};

[[nodiscard]] constexpr std::string_view to_text(rate_window w) noexcept {
    constexpr std::string_view texts[] = {"rolling", "fixed", "sliding"};
    return w <= rate_window::sliding ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

struct rate_limiter_options {
    static constexpr unsigned default_burst = 10;

    std::string name = "rate_limiter";
    rate_window window = rate_window::rolling;
    unsigned permits = 100;
    duration per = 1s;
    unsigned burst = default_burst;
    unsigned max_queue = 0;
    duration max_wait = 1s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("window", self.window, within(rate_window::rolling, rate_window::sliding),
              "how permits come back: one by one (rolling), all at once (fixed), each after its time (sliding)");
        visit("permits", self.permits, within(1U, 1'000'000'000U), "permits in each `per`");
        visit("per", self.per, within<duration>(1us, 24h * 366), "the time that `permits` are for");
        visit("burst", self.burst, within(1U, 1'000'000'000U),
              "rolling: permits that may be taken at once after a quiet time; 1 spaces calls evenly");
        visit("max_queue", self.max_queue, within(0U, 1'000'000U),
              "calls that may wait for a permit; what matters more goes first");
        visit("max_wait", self.max_wait, above_and_up_to<duration>(0ns, 24h),
              "how long one may wait, or what is reserved may lie ahead; who would wait longer is refused at once");
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        return option != "burst" || window == rate_window::rolling;
    }

    /// Permits that there are at once at the most: what weighs more never passes.
    [[nodiscard]] unsigned most_at_once() const noexcept { return window == rate_window::rolling ? burst : permits; }

    void cross_check(option_problems& problems) const {
        constexpr unsigned most_counted = 1'000'000;
        if (!applies("burst") && burst != default_burst)
            problems.push_back({"burst", to_text(burst),
                                "none where the window is " + std::string{to_text(window)} +
                                    " (leave it out: all permits may be taken at once)"});
        if (window != rate_window::rolling && permits > most_counted)
            problems.push_back(
                {"permits", to_text(permits), "at most 1000000 where they are counted one by one (fixed and sliding)"});
        if (window == rate_window::rolling && permits > 0 && burst > 0 && per > duration::zero() &&
            static_cast<double>(per.count()) / permits * burst > static_cast<double>(longest_refill.count()))
            problems.push_back({"burst", to_text(burst), "what comes back within ten years, at permits and per"});
    }

    static constexpr duration longest_refill = 24h * 3652;
};

}  // namespace cutwater
