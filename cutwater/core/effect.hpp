// Whether a request can have had an effect: what decides if it may be made again although executing it twice is wrong.
//
//     none      it was not executed: nothing was sent, or who got it says that nothing was done
//     unknown   it may have been executed: the connection broke, the time ran out, the answer does not say
//     certain   it was executed
//
// The verdict says whether trying again may help; the effect, whether it may hurt. What is not idempotent is repeated only
// where the effect is none (RFC 9110 §9.2.2: "some means to detect that the original request was never applied").
//
// Later ones are worse, so that the effect of several attempts is the greatest of theirs.
#pragma once

#include <cstdint>
#include <string_view>

namespace cutwater {

enum class effect : std::uint8_t {
    unstated,  ///< the rules do not say: it follows from the error, see `observation::executed`
    none,
    unknown,
    certain,
};

[[nodiscard]] constexpr std::string_view to_text(effect e) noexcept {
    constexpr std::string_view texts[] = {"unstated", "none", "unknown", "certain"};
    return texts[static_cast<std::uint8_t>(e)];
}

}  // namespace cutwater
