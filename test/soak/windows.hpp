// Whether a limiter gave more than its limit, over any length of time: from what each call was given, and nothing else.
#pragma once

#include <vector>

#include "cutwater/policy/rate_limiter/options.hpp"
#include "test/soak/call_book.hpp"
#include "test/soak/findings.hpp"

namespace cutwater::soak {

/// Of rolling: at most `burst + permits/per · t` in any `t`. Of fixed: at most `permits` in each window. Of sliding: at most
/// `permits` in any `per`. What was given back counts as if it had never been taken.
void check_windows(std::vector<grant> given, const rate_limiter_options& limit, std::string_view where,
                   findings& found);

}  // namespace cutwater::soak
