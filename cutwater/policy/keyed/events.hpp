// What a keyed policy tells its listeners, beside what the policy of each key does.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

/// A key's mark as events tell it: 16 hexadecimal digits.
[[nodiscard]] inline std::string mark_text(std::uint64_t mark) {
    constexpr std::size_t width = 16;
    std::array<char, width> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + width, mark, 16).ptr;
    const std::string_view text{digits.data(), end};
    return std::string(width - text.size(), '0').append(text);
}

/// It does not name the key: whoever sends it chose it. The call's id leads to it.
struct keys_full {
    std::uint64_t keys = 0;
    bool admitted = false;

    static constexpr measure measures[]{{.of = &metrics::keys_full, .detail_field = "admitted"}};
    static constexpr event_kind kind{
        "keys_full", severity::warning,
        "a call has a new key, and of the keys that were looked at every one is still needed", measures};
    static void fields(auto& self, auto&& visit) {
        visit("keys", self.keys, "keys that are known");
        visit("admitted", self.admitted, "whether the call goes through unguarded");
    }
};

/// Where the options say `without_key = refused`.
struct key_missing {
    std::string_view by;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "no_key"}};
    static constexpr event_kind kind{"key_missing", severity::warning, "a call is refused because it has no key",
                                     measures};
    static void fields(auto& self, auto&& visit) { visit("by", self.by, "where its key would have been"); }
};

/// Where the options say `tell_keys`.
struct key_told {
    std::string_view about;
    std::string key;

    static constexpr event_kind kind{"key_told", severity::info,
                                     "tell_keys: right after each event about a key, in the same layer's name"};
    static void fields(auto& self, auto&& visit) {
        visit("about", self.about, "the event before it");
        visit("key", self.key, "the key's mark: what mark_text makes of mark_of the key");
    }
};

}  // namespace cutwater
