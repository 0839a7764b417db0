// What an idempotency guard tells its listeners. A call that is made for the first time, and kept, is told by none.
#pragma once

#include <string>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/idempotency_guard/options.hpp"

namespace cutwater {

struct idempotent_replayed {
    duration age{};

    static constexpr measure measures[]{{.of = &metrics::replayed}};
    static constexpr event_kind kind{"idempotent_replayed", severity::info,
                                     "the outcome of an earlier call is this one's", measures};
    static void fields(auto& self, auto&& visit) { visit("age", self.age, "since that was kept"); }
};

struct idempotent_refused {
    std::string_view reason{};
    duration age{};

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail_field = "reason"}};
    static constexpr event_kind kind{"idempotent_refused", severity::warning, "a call is not made because of its key",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("reason", self.reason, "key_missing, key_reused, key_in_use, in_doubt");
        visit("age", self.age, "of what was found under the key");
    }
};

struct idempotent_taken_over {
    duration age{};

    static constexpr measure measures[]{{.of = &metrics::idempotency_incidents, .detail = "taken_over"}};
    static constexpr event_kind kind{"idempotent_taken_over", severity::warning,
                                     "a call is made again whose holder has not told how it ended", measures};
    static void fields(auto& self, auto&& visit) { visit("age", self.age, "since that had begun"); }
};

struct idempotent_held {
    afterwards then{};

    static constexpr measure measures[]{{.of = &metrics::idempotency_incidents, .detail = "held"}};
    static constexpr event_kind kind{"idempotent_held", severity::warning,
                                     "a call that was made leaves no outcome: its key is released or stays in use",
                                     measures};
    static void fields(auto& self, auto&& visit) { visit("then", self.then, "what becomes of the key"); }
};

struct idempotency_lost {
    std::string_view reason{};

    static constexpr measure measures[]{{.of = &metrics::idempotency_incidents, .detail = "lost"}};
    static constexpr event_kind kind{"idempotency_lost", severity::error,
                                     "a call was made, and that could not be written down: it may be made again",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("reason", self.reason,
              "taken over, gone from the store, larger than max_outcome, what should_keep or the codec has thrown, or "
              "the store's error");
    }
};

struct idempotency_store_failed {
    without_store then{};
    std::string_view reason{};

    static constexpr measure measures[]{{.of = &metrics::store_failures}};
    static constexpr event_kind kind{"idempotency_store_failed", severity::error, "the store could not be asked",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("then", self.then, "refused: the call is not made; unguarded: it is made, and may be made again");
        visit("reason", self.reason, "the store's error");
    }
};

}  // namespace cutwater
