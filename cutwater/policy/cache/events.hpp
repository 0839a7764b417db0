// What a cache tells its listeners. A fresh value, and a call that asks the dependency because there is none, are told by none.
#pragma once

#include <string>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

/// Why a value is given that is no longer fresh.
enum class stale_cause : std::uint8_t {
    revalidating,  ///< another call asks for a new one
    failed,        ///< the dependency failed, or one of our policies refused
};
[[nodiscard]] constexpr std::string_view to_text(stale_cause c) noexcept {
    constexpr std::string_view texts[] = {"revalidating", "failed"};
    return c <= stale_cause::failed ? texts[static_cast<std::uint8_t>(c)] : "unknown";
}

struct cache_stale_used {
    duration age{};
    stale_cause cause{};
    std::string_view text{};

    static constexpr measure measures[]{{.of = &metrics::degraded, .detail = "stale"}};
    static constexpr event_kind kind{"cache_stale_used", severity::warning, "a value is given that is no longer fresh",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("age", self.age, "since it was the dependency's answer");
        visit("cause", self.cause,
              "revalidating: another call asks for a new one; failed: the dependency did, or a policy refused");
        visit("text", self.text, "the failure's words, where there is one");
    }
};

struct cache_default_used {
    std::string_view text{};

    static constexpr measure measures[]{{.of = &metrics::degraded, .detail = "default"}};
    static constexpr event_kind kind{"cache_default_used", severity::error,
                                     "there is no value at all, and the safe default is given", measures};
    static void fields(auto& self, auto&& visit) { visit("text", self.text, "the failure's words"); }
};

struct cache_store_failed {
    std::string_view text{};

    static constexpr measure measures[]{{.of = &metrics::store_failures}};
    static constexpr event_kind kind{"cache_store_failed", severity::warning,
                                     "the durable tier could not be asked, or a value not be written or erased there; "
                                     "calls go on without it",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("text", self.text,
              "the store's error; of a change, which nobody waits for, the latest that was not told");
    }
};

struct cache_entry_refused {
    std::size_t bytes = 0;

    static constexpr event_kind kind{"cache_entry_refused", severity::warning,
                                     "a value is too large for memory; the durable tier takes it, where there is one"};
    static void fields(auto& self, auto&& visit) { visit("bytes", self.bytes, "its size"); }
};

}  // namespace cutwater
