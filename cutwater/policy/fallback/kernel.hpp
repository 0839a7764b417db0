// What is right for a fallback: which failures it stands in for.
//
// Never a cancellation: nobody waits for the answer. Not an ignored outcome: hiding a bug helps nobody, and an attempt
// that the caller's own deadline cut short has no time left for another answer. Never a success, whatever the options say.
//
//     cw::fallback_kernel{options}.handles(seen);        // seen: the verdict, and the error where there is one
#pragma once

#include "cutwater/policy/fallback/options.hpp"

namespace cutwater {

class fallback_kernel {
public:
    explicit fallback_kernel(const fallback_options& options) noexcept : options_{&options} {}

    [[nodiscard]] bool handles(const observation& seen) const {
        const verdict meaning = seen.meaning();
        if (meaning == verdict::success || meaning == verdict::cancelled) return false;
        if (options_->should_handle) return options_->should_handle(seen);
        return is_failure(meaning) || meaning == verdict::rejected;
    }

private:
    const fallback_options* options_;
};

}  // namespace cutwater
