// What a prefetcher tells its listener. That a value is fresh already, and needs nobody to ask, is told by none.
#pragma once

#include <string_view>

#include "cutwater/core/events.hpp"

namespace cutwater {

struct prefetch_refreshed {
    std::string_view asked{};
    duration next_in{};

    static constexpr event_kind kind{"prefetch_refreshed", severity::debug, "a key's value is as new"};
    static void fields(auto& self, auto&& visit) {
        visit("asked", self.asked, "the key's fingerprint");
        visit("next_in", self.next_in, "until it is asked for again");
    }
};

struct prefetch_failed {
    std::string_view asked{};
    unsigned failures = 0;
    duration next_in{};
    std::string_view text{};

    static constexpr event_kind kind{"prefetch_failed", severity::warning,
                                     "asking led to nothing; what is kept stays what it is"};
    static void fields(auto& self, auto&& visit) {
        visit("asked", self.asked, "the key's fingerprint");
        visit("failures", self.failures, "in a row, this one included");
        visit("next_in", self.next_in, "until it is tried again");
        visit("text", self.text, "the failure's words");
    }
};

struct prefetch_recovered {
    std::string_view asked{};
    unsigned failures = 0;

    static constexpr event_kind kind{"prefetch_recovered", severity::info,
                                     "a key has a new value again, after failures"};
    static void fields(auto& self, auto&& visit) {
        visit("asked", self.asked, "the key's fingerprint");
        visit("failures", self.failures, "in a row, until then");
    }
};

}  // namespace cutwater
