// A concurrency limiter: as many calls at once as the dependency serves well, found by itself.
//
//     cw::concurrency_limiter search{{.name = "search"}};
//     cw::pipeline guarded{cw::retry{}, cw::ref(search), cw::timeout{2s}};
//     search.limit()                                                          // what it has found
//
// Contract. It admits at most `limit()` calls at once, and moves that limit by what it sees: by latency (vegas, gradient) or by failures alone
// (aimd). Calls that were answered are samples of latency, `permanent` errors among them; `transient` ones (or what `is_overload` says) are signs of
// overload; what was cancelled, refused further in, ignored or abandoned is neither,
// but for a call whose deadline passed when it had been under way for longer than `tolerance` times the idle latency: that is a sign of overload. What
// `is_overload` throws fails the call, which is neither then. A sample counts for the limit under which it began.
// The limit holds where it is not needed, and is never below `min_limit`. With `max_queue` calls wait as in front of a bulkhead.
// A refusal is `errc::concurrency_limited`; a wait in vain `errc::wait_timed_out`, `displaced` or `queue_overloaded`.
//
// Time: instants come from one monotonic clock; those of concurrent calls may be a little out of order.
// A permit lives as long as the *work*, as a bulkhead's does. How the limit moves: kernel.hpp; by which rules: limit_rules.hpp.
// Thread safety: every member, from any thread. Cost: four atomic operations and two readings of the clock a call; a look at all the counts (some hundred
// additions) and a short lock once or twice in a window. Memory: 2.8 KB.
#pragma once

#include <memory>
#include <utility>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/concurrency_limiter/events.hpp"
#include "cutwater/policy/concurrency_limiter/options.hpp"
#include "cutwater/policy/concurrency_limiter/shared_epochs.hpp"
#include "cutwater/queue/waits_in_line.hpp"

namespace cutwater {

class concurrency_limiter : public works_alone<concurrency_limiter>, public waits_in_line<concurrency_limiter> {
public:
    static constexpr std::string_view kind = "concurrency_limiter";
    static constexpr bool holds_work = true;
    struct ticket {
        instant began{};
        shared_epochs::mark counts_in = 0;
    };

    /// Throws `invalid_options`.
    explicit concurrency_limiter(concurrency_limiter_options options = {});
    concurrency_limiter(const concurrency_limiter&) = delete;  // one for all who call the dependency: cw::ref(limiter)
    concurrency_limiter(concurrency_limiter&&) noexcept = default;
    concurrency_limiter& operator=(const concurrency_limiter&) = delete;
    concurrency_limiter& operator=(concurrency_limiter&&) noexcept = default;
    ~concurrency_limiter() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const concurrency_limiter_options& options() const noexcept { return options_; }

    [[nodiscard]] bool try_admit(ticket& t, call_context&, moment& now) noexcept {
        const unsigned in_flight = shared_->permits.try_take();
        if (in_flight == 0) return false;
        t = begin(in_flight, now);
        return true;
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        if (ticket t; try_admit(t, call, now)) [[likely]]
            return t;
        if (options_.max_queue == 0) return refuse(call);
        return wait_until{};
    }
    void settle(ticket& t, const observation& seen, call_context& call, moment& now) {
        {
            const returned on_all_ways{shared_->permits, now};
            if (t.counts_in != 0) learn(t, seen, now);
        }
        if (shared_->epochs.is_over(now)) [[unlikely]]
            close_epoch(call, now);
    }
    /// Somebody has given up on work that goes on, and keeps its permit.
    void orphaned(ticket& t, const observation& seen, call_context& call, moment& now) {
        if (const ticket counted = std::exchange(t, {}); counted.counts_in != 0) learn(counted, seen, now);
        if (shared_->epochs.is_over(now)) close_epoch(call, now);
    }
    void abandon(ticket& t) noexcept {
        shared_->epochs.neutral(t.counts_in);
        shared_->permits.give_back();
    }

    /// What is in force now.
    [[nodiscard]] unsigned limit() const noexcept { return shared_->permits.limit(); }
    [[nodiscard]] unsigned in_use() const noexcept { return shared_->permits.in_use(); }
    [[nodiscard]] unsigned queued() const noexcept { return shared_->permits.queued(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::concurrency_limit, limit());
        seen(metrics::calls_in_flight, in_use());
        seen(metrics::queue_length, queued());
    }

private:
    struct shared {
        explicit shared(const concurrency_limiter_options& o)
            : permits{o.first_limit(), rules_of_queue(o)}, epochs{o} {}
        shared_permits permits;
        shared_epochs epochs;
    };

    struct returned {  // a permit, whatever `is_overload` throws
        returned(shared_permits& to, moment& at) noexcept : permits{to}, now{at} {}
        returned(const returned&) = delete;
        returned& operator=(const returned&) = delete;
        ~returned() { permits.give_back(now); }

        shared_permits& permits;
        moment& now;
    };

    friend waits_in_line<concurrency_limiter>;
    using queued_event = concurrency_queued;
    using wait_ended_event = concurrency_wait_ended;
    [[nodiscard]] shared_permits& permits() noexcept { return shared_->permits; }
    [[nodiscard]] ticket give_ticket(const waiter&, moment& now) noexcept { return begin(in_use(), now); }
    [[nodiscard]] ticket begin(unsigned in_flight, moment& now) noexcept {
        return {.began = now.get(), .counts_in = shared_->epochs.begin(now, in_flight)};
    }
    void learn(const ticket& t, const observation& seen, moment& now) const;
    [[nodiscard]] bool is_overload(const ticket& t, const observation& seen) const;
    void close_epoch(call_context& call, instant now);
    [[nodiscard]] admission<ticket> refuse(call_context& call) const {
        call.emit(layer_, [&] { return concurrency_refused{limit(), queued()}; });
        return admission<ticket>{std::in_place_type<refusal>, errc::concurrency_limited};
    }

    concurrency_limiter_options options_;
    name layer_;
    std::unique_ptr<shared> shared_;
};

}  // namespace cutwater
