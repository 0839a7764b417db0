// The knobs of a tracer, with the defaults in force.
//
//     cw::tracer_options some{.share = 0.01, .keep = cw::kept_spans::failures_too};
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

/// What it means that a caller has decided already whether its trace is recorded.
enum class caller_decision : std::uint8_t {
    followed,  ///< recorded if its flag says so, and only then
    ignored,   ///< decided anew by `share`: where callers are strangers
};
[[nodiscard]] constexpr std::string_view to_text(caller_decision d) noexcept {
    constexpr std::string_view texts[] = {"followed", "ignored"};
    return d <= caller_decision::ignored ? texts[static_cast<std::uint8_t>(d)] : "unknown";
}

/// Of which calls spans are kept.
enum class kept_spans : std::uint8_t {
    sampled,       ///< those that were chosen when they began
    failures_too,  ///< and those that failed: every call is recorded, and most are thrown away when they end
};
[[nodiscard]] constexpr std::string_view to_text(kept_spans k) noexcept {
    constexpr std::string_view texts[] = {"sampled", "failures_too"};
    return k <= kept_spans::failures_too ? texts[static_cast<std::uint8_t>(k)] : "unknown";
}

struct tracer_options {
    std::string name = "tracer";
    double share = 1.0;
    caller_decision caller = caller_decision::followed;
    kept_spans keep = kept_spans::sampled;
    unsigned max_events = 64;
    unsigned max_held = 64;
    unsigned max_text = 512;
    std::function<std::chrono::system_clock::time_point()> wall_clock = {};  ///< none: the system's

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "for what is wrong with these options");
        visit("share", self.share, within<double>(0.0, 1.0), "of the traces that begin here, those that are recorded");
        visit("caller", self.caller, within(caller_decision::followed, caller_decision::ignored),
              "whether a caller's decision to record is followed");
        visit("keep", self.keep, within(kept_spans::sampled, kept_spans::failures_too),
              "sampled: what was chosen when it began; failures_too: and every call that failed");
        visit("max_events", self.max_events, within(0U, 10'000U), "events that a span keeps; the rest is counted");
        visit("max_held", self.max_held, within(1U, 10'000U),
              "attempts of a call that are held until it is known whether it failed");
        visit("max_text", self.max_text, within(16U, 65'536U), "bytes of a text in a span; the rest is cut off");
        visit("wall_clock", self.wall_clock, any_value, "where wall time is from; none: the system's");
    }
};

}  // namespace cutwater
