// How a saga ended.
//
//     const cw::saga_result<std::string> ended = …;      // of saga::run
//     if (!ended) log(ended.error().message());           // no end here: why, and whether it is to be resumed
//     else if (ended->is_completed()) show(ended->context);
//     else if (ended->end == cw::saga_end::stuck) for (const cw::step_left& each : ended->left) log(each.step + ": " + each.why.message());
//     else log("undone, since: " + ended->cause->message());
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/error.hpp"

namespace cutwater {

enum class saga_end : std::uint8_t {
    completed,  ///< every step is done
    undone,     ///< one has failed, and none is done any more
    stuck,      ///< one has failed, and what `left` lists is still done, or may be
};
[[nodiscard]] constexpr std::string_view to_text(saga_end e) noexcept {
    constexpr std::string_view texts[] = {"completed", "undone", "stuck"};
    return e <= saga_end::stuck ? texts[static_cast<std::uint8_t>(e)] : "unknown";
}

/// A step that could not be undone, and the error of its undo.
struct step_left {
    std::string step;
    error why;
};

template <class Context>
struct saga_report {
    saga_end end = saga_end::completed;
    Context context;
    std::string failed_step{};      ///< the one that failed; empty where none did
    std::optional<error> cause{};   ///< its error
    std::vector<step_left> left{};  ///< of one that is stuck: what is to be set right
    bool is_replayed = false;       ///< it had ended before: nothing was done now

    [[nodiscard]] bool is_completed() const noexcept { return end == saga_end::completed; }
};

/// An end, or why there is none here: `errc::store_unavailable`, `key_missing` (the id is none, or has no journal) and `refused` (the context is too
/// large): nothing was done; `key_in_use` (another has it), `key_reused` (it was begun with other steps), `in_doubt` (it is to be resumed, or cannot be read).
template <class Context>
using saga_result = std::expected<saga_report<Context>, error>;

/// One of several that were resumed.
template <class Context>
struct resumed_saga {
    std::string id;
    saga_result<Context> ended;
};

}  // namespace cutwater
