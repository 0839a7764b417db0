// The knobs of a saga, with the defaults in force.
//
//     cw::saga_options place{.name = "place order", .lease = 30s, .after_crash = cw::after_crash::undo};
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What is done about a step that had begun when its process went: nobody knows whether it was done.
enum class after_crash : std::uint8_t {
    undo,   ///< it is undone, and those before it
    go_on,  ///< it is done again, and those after it: every step is idempotent
};
[[nodiscard]] constexpr std::string_view to_text(after_crash a) noexcept {
    constexpr std::string_view texts[] = {"undo", "go_on"};
    return a <= after_crash::go_on ? texts[static_cast<std::uint8_t>(a)] : "unknown";
}

struct saga_options {
    std::string name = "saga";
    duration lease = 1min;
    cutwater::after_crash after_crash = cutwater::after_crash::undo;
    unsigned undo_attempts = 2;
    duration kept_for = 24h;
    duration store_limit = 1s;
    std::size_t max_context = 1'000'000;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the saga's name in its journals, in errors and events; at most 100 bytes");
        visit("lease", self.lease, within<duration>(10ms, 24h),
              "time that each step and each undo has; after it another process may take the saga over");
        visit("after_crash", self.after_crash, within(after_crash::undo, after_crash::go_on),
              "what is done about a step that had begun when its process went");
        visit("undo_attempts", self.undo_attempts, within(1U, 100U),
              "how often an undo is tried in one run, one try right after the other");
        visit("kept_for", self.kept_for, within<duration>(1s, 8760h),
              "how long the journal of one that is completed or undone is kept; any other is kept for ever");
        visit("store_limit", self.store_limit, within<duration>(1ms, 1min),
              "how long one question to the store may take");
        visit("max_context", self.max_context, within(std::size_t{0}, std::size_t{100'000'000}),
              "bytes of a context; a step that leaves a larger one has failed");
    }

    void cross_check(option_problems& problems) const {
        if (name.size() > 100)
            problems.push_back({"name", std::to_string(name.size()) + " bytes", "at most 100 bytes"});
        if (name.contains('\0')) problems.push_back({"name", in_quotes(name), "text without a zero byte"});
    }
};

}  // namespace cutwater
