// What a keyed policy tells its listeners, beside what the policy of each key does.
#pragma once

#include <cstdint>

#include "cutwater/core/events.hpp"

namespace cutwater {

/// It does not name the key: whoever sends it chose it. The call's id leads to it.
struct keys_full {
    std::uint64_t keys = 0;
    bool admitted = false;

    static constexpr event_kind kind{
        "keys_full", severity::warning,
        "a call has a new key, and of the keys that were looked at every one is still needed"};
    static void fields(auto& self, auto&& visit) {
        visit("keys", self.keys, "keys that are known");
        visit("admitted", self.admitted, "whether the call goes through unguarded");
    }
};

}  // namespace cutwater
