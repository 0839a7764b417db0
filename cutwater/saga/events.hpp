// What a saga tells its listener. One that is completed without a failure is told by none; the id is the event's `call_id`.
#pragma once

#include <cstdint>
#include <string_view>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct saga_resumed {
    std::string_view step{};
    std::string_view then{};
    duration age{};
    unsigned times = 0;

    static constexpr measure measures[]{{.of = &metrics::sagas, .detail = "resumed"}};
    static constexpr event_kind kind{"saga_resumed", severity::warning,
                                     "a saga is taken over whose process has gone, or that was stuck", measures};
    static void fields(auto& self, auto&& visit) {
        visit("step", self.step, "the step that is done, or undone, next");
        visit("then", self.then, "forward, undoing, stuck");
        visit("age", self.age, "since its journal was last written");
        visit("times", self.times, "how often it has been taken over");
    }
};

struct saga_undoing {
    std::string_view step{};
    std::string_view reason{};

    static constexpr event_kind kind{"saga_undoing", severity::warning, "a step has failed: what was done is undone"};
    static void fields(auto& self, auto&& visit) {
        visit("step", self.step, "the step that failed");
        visit("reason", self.reason, "its error");
    }
};

struct saga_undone {
    std::string_view step{};

    static constexpr measure measures[]{{.of = &metrics::sagas, .detail = "undone"}};
    static constexpr event_kind kind{"saga_undone", severity::info, "everything that was done is undone", measures};
    static void fields(auto& self, auto&& visit) { visit("step", self.step, "the step that failed"); }
};

struct saga_stuck {
    std::string_view step{};
    std::string_view reason{};
    std::uint64_t left = 0;

    static constexpr measure measures[]{{.of = &metrics::sagas, .detail = "stuck"}};
    static constexpr event_kind kind{"saga_stuck", severity::error,
                                     "what was done could not be undone: somebody must look", measures};
    static void fields(auto& self, auto&& visit) {
        visit("step", self.step, "the first that is not undone");
        visit("reason", self.reason, "the error of its undo");
        visit("left", self.left, "how many steps are not undone");
    }
};

struct saga_lost {
    std::string_view step{};
    std::string_view reason{};

    static constexpr measure measures[]{{.of = &metrics::sagas, .detail = "lost"}};
    static constexpr event_kind kind{"saga_lost", severity::error,
                                     "a saga goes no further here: another has it, or its journal cannot be written",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("step", self.step, "the step that was done, or undone, or was about to be, and is not on record");
        visit("reason", self.reason, "taken over, gone from the store, or the store's error");
    }
};

}  // namespace cutwater
