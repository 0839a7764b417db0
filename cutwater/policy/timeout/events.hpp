// What a timeout tells its listeners.
//
// One event where this limit, and none further in, ended what was inside. A caller's deadline is not a limit of ours: it
// raises none.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct timed_out {
    duration limit{};

    static constexpr measure measures[]{{.of = &metrics::timeouts},
                                        {.of = &metrics::timeout_limit, .value_field = "limit"}};
    static constexpr event_kind kind{"timed_out", severity::warning, "the limit ended what was inside", measures};
    static void fields(auto& self, auto&& visit) { visit("limit", self.limit, "the limit that was reached"); }
};

}  // namespace cutwater
