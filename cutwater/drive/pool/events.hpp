// What a call on a worker pool tells its listeners.
#pragma once

#include "cutwater/core/events.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct pool_refused {
    unsigned threads = 0;
    unsigned max_queue = 0;

    static constexpr measure measures[]{{.of = &metrics::refusals, .detail = "full"}};
    static constexpr event_kind kind{"pool_refused", severity::warning, "every thread is busy and the queue is full",
                                     measures};
    static void fields(auto& self, auto&& visit) {
        visit("threads", self.threads, "calls that run at once");
        visit("max_queue", self.max_queue, "calls that may wait");
    }
};

struct pool_call_ran {
    duration queued_for{};
    duration ran_for{};

    static constexpr event_kind kind{"pool_call_ran", severity::debug, "a call on the pool has ended"};
    static void fields(auto& self, auto&& visit) {
        visit("queued_for", self.queued_for, "from submission until a thread took it");
        visit("ran_for", self.ran_for, "on that thread");
    }
};

struct pool_call_withdrawn {
    duration queued_for{};

    static constexpr event_kind kind{"pool_call_withdrawn", severity::info,
                                     "a call gave up before a thread took it: it never runs"};
    static void fields(auto& self, auto&& visit) { visit("queued_for", self.queued_for, "how long it had waited"); }
};

struct pool_call_orphaned {
    static constexpr measure measures[]{{.of = &metrics::orphans_made}};
    static constexpr event_kind kind{"pool_call_orphaned", severity::error,
                                     "a call gave up on work that goes on; its permits stay taken until it ends",
                                     measures};
    static void fields(auto&, auto&&) {}
};

}  // namespace cutwater
