// What a work queue tells its listener. What becomes of a task on its way through its pipeline is told there.
#pragma once

#include <string>

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/verdict.hpp"
#include "cutwater/drive/work/options.hpp"

namespace cutwater {

struct work_queued {
    unsigned held = 0;

    static constexpr event_kind kind{"work_queued", severity::debug, "a task is taken"};
    static void fields(auto& self, auto&& visit) { visit("held", self.held, "tasks that are held, this one included"); }
};

struct work_refused {
    unsigned max_length = 0;
    queue_overflow when_full{};
    bool closed = false;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "full"}};
    static constexpr event_kind kind{"work_refused", severity::warning,
                                     "a task is not taken: no place is free, or came free in time", measures};
    static void fields(auto& self, auto&& visit) {
        visit("max_length", self.max_length, "tasks that may be held");
        visit("when_full", self.when_full, "what becomes of a task that finds no place");
        visit("closed", self.closed, "whether the queue takes no more, since it is being drained or stopped");
    }
};

struct work_displaced {
    duration queued_for{};

    static constexpr measure measures[]{{.of = &metrics::tasks, .detail = "displaced"}};
    static constexpr event_kind kind{"work_displaced", severity::warning,
                                     "a newer task, or one that matters more, took the place of a task that had not "
                                     "begun",
                                     measures};
    static void fields(auto& self, auto&& visit) { visit("queued_for", self.queued_for, "how long it had waited"); }
};

struct work_started {
    duration queued_for{};

    static constexpr event_kind kind{"work_started", severity::debug, "a worker takes a task for the first time"};
    static void fields(auto& self, auto&& visit) { visit("queued_for", self.queued_for, "how long it had waited"); }
};

struct work_expired {
    duration queued_for{};

    static constexpr measure measures[]{{.of = &metrics::tasks, .detail = "expired"}};
    static constexpr event_kind kind{"work_expired", severity::warning,
                                     "a task's deadline passed before it had begun: it never runs", measures};
    static void fields(auto& self, auto&& visit) { visit("queued_for", self.queued_for, "how long it had waited"); }
};

/// Why a task leaves that has not begun.
enum class withdrawal : std::uint8_t {
    cancelled,  ///< by its caller
    stopped,    ///< with its queue
};

[[nodiscard]] constexpr std::string_view to_text(withdrawal w) noexcept {
    constexpr std::string_view texts[] = {"cancelled", "stopped"};
    return w <= withdrawal::stopped ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

struct work_withdrawn {
    duration queued_for{};
    withdrawal reason{};

    static constexpr measure measures[]{{.of = &metrics::tasks, .detail = "withdrawn"}};
    static constexpr event_kind kind{"work_withdrawn", severity::info,
                                     "a task's caller cancelled, or the queue was stopped, before it had begun: it "
                                     "never runs",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("queued_for", self.queued_for, "how long it had waited");
        visit("reason", self.reason, "whose doing it was, its caller's or the queue's");
    }
};

struct work_completed {
    duration took{};
    unsigned sent = 0;
    verdict meaning{};

    static constexpr measure measures[]{{.of = &metrics::tasks, .detail = "completed"}};
    static constexpr event_kind kind{"work_completed", severity::debug, "a task ends with a value", measures};
    static void fields(auto& self, auto&& visit) {
        visit("took", self.took, "from when a worker first took it, pauses included");
        visit("sent", self.sent, "attempts that were made");
        visit("meaning", self.meaning, "the verdict on the value");
    }
};

struct work_failed {
    duration took{};
    unsigned sent = 0;
    verdict meaning{};
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{{.of = &metrics::tasks, .detail = "failed"}};
    static constexpr event_kind kind{"work_failed", severity::warning, "a task that had begun ends with an error",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("took", self.took, "from when a worker first took it, pauses included");
        visit("sent", self.sent, "attempts that were made");
        visit("meaning", self.meaning, "the verdict on the error");
        visit("error_type", self.error_type, "the type of the error");
        visit("error_message", self.error_message, "its words");
    }
};

struct work_queue_drained {
    unsigned left = 0;
    duration took{};

    static constexpr event_kind kind{"work_queue_drained", severity::info,
                                     "a drain ends: by the last task, or by time"};
    static void fields(auto& self, auto&& visit) {
        visit("left", self.left, "tasks that are still held");
        visit("took", self.took, "how long it took");
    }
};

struct work_queue_stopped {
    unsigned held = 0;

    static constexpr event_kind kind{"work_queue_stopped", severity::info,
                                     "the queue is stopped: what waits is cancelled, what runs is asked to stop"};
    static void fields(auto& self, auto&& visit) { visit("held", self.held, "tasks that were held"); }
};

}  // namespace cutwater
