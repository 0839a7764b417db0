// A bulkhead: at most so many calls inside at once, so that one slow dependency cannot take every thread.
//
//     cw::bulkhead payments{{.name = "payments", .max_concurrent = 5, .max_queue = 10, .max_wait = 200ms}};
//     cw::pipeline charge{cw::timeout{2s}, cw::ref(payments)};
//     payments.resize(8);                                     // while calls run
//
// Contract. First come, first served among calls that matter alike (`call_options::importance`), and what matters more first; no
// newcomer overtakes who waits. `order` has other orders for queues that stand. A wait ends at `max_wait` or at the call's deadline, whichever
// is first, and at once where the caller cancels; a call whose wait cannot succeed is not queued. A permit lives as long
// as the *work*: where a call gives up on work that cannot be interrupted, its permit stays taken until the work ends.
// Lowering the limit lets what is inside finish. A refusal is `errc::bulkhead_full`, a wait in vain
// `errc::wait_timed_out`; neither says anything about the dependency.
//
// A call that enters the same bulkhead twice, one inside the other, can wait for itself: give each its own.
// Time: instants come from one monotonic clock; those of concurrent calls may be a little out of order. Thread safety: every member,
// from any thread. Cost: two atomic operations a call; a refusal without a queue is a load.
#pragma once

#include <memory>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/bulkhead/events.hpp"
#include "cutwater/policy/bulkhead/options.hpp"
#include "cutwater/queue/waits_in_line.hpp"

namespace cutwater {

class bulkhead : public works_alone<bulkhead>, public waits_in_line<bulkhead> {
public:
    static constexpr std::string_view kind = "bulkhead";
    static constexpr bool holds_work = true;
    struct ticket {};

    /// Throws `invalid_options`.
    explicit bulkhead(bulkhead_options options = {});
    bulkhead(const bulkhead&) = delete;  // one for all who call the dependency: cw::ref(bulkhead)
    bulkhead(bulkhead&&) noexcept = default;
    bulkhead& operator=(const bulkhead&) = delete;
    bulkhead& operator=(bulkhead&&) noexcept = default;
    ~bulkhead() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    /// Those that it was made with; after a `resize` it is `limit()` that holds.
    [[nodiscard]] const bulkhead_options& options() const noexcept { return options_; }

    [[nodiscard]] bool try_admit(ticket&, call_context&, moment&) noexcept { return permits_->try_take() != 0; }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment&) {
        if (permits_->try_take() != 0) [[likely]]
            return ticket{};
        if (options_.max_queue == 0) return refuse(call);
        return wait_until{};
    }
    void settle(ticket&, const observation&, call_context&, moment& now) noexcept { permits_->give_back(now); }
    void abandon(ticket&) noexcept { permits_->give_back(); }

    /// Another limit, from 1 to 1,000,000; throws `invalid_options`. Waiters are let in as far as it allows.
    void resize(unsigned max_concurrent);

    [[nodiscard]] unsigned limit() const noexcept { return permits_->limit(); }
    [[nodiscard]] unsigned in_use() const noexcept { return permits_->in_use(); }
    [[nodiscard]] unsigned queued() const noexcept { return permits_->queued(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::concurrency_limit, limit());
        seen(metrics::calls_in_flight, in_use());
        seen(metrics::queue_length, queued());
    }
    /// Whether it differs in nothing from one that is new: nobody is in, nobody waits, and the limit is as it was made.
    [[nodiscard]] bool is_fresh(instant) const noexcept { return permits_->is_idle(options_.max_concurrent); }

private:
    friend waits_in_line<bulkhead>;
    using queued_event = bulkhead_queued;
    using wait_ended_event = bulkhead_wait_ended;
    [[nodiscard]] shared_permits& permits() noexcept { return *permits_; }
    [[nodiscard]] static ticket give_ticket(const waiter&, moment&) noexcept { return {}; }
    [[nodiscard]] admission<ticket> refuse(call_context& call) const {
        call.emit(layer_, [&] { return bulkhead_refused{limit(), queued()}; });
        return admission<ticket>{std::in_place_type<refusal>, errc::bulkhead_full};
    }

    bulkhead_options options_;
    name layer_;
    std::unique_ptr<shared_permits> permits_;
};

}  // namespace cutwater
