// Several endpoints that do the same: each attempt is sent to one of them, a retry or a hedge to another, and one that fails gets no
// calls for a while.
//
//     cw::endpoints shop{{.name = "shop", .each = {{.address = "10.0.0.1:80"}, {.address = "10.0.0.2:80"}, {.address = "10.0.0.3:80"}}}};
//     cw::pipeline guarded{cw::timeout{2s}, cw::retry{}, cw::ref(shop), cw::timeout{500ms}};
//     guarded.run([&](cw::attempt& a) { return std::string{a.target()}; });
//
// One instance for each service, shared by everything that calls it; inside of the retry or the hedge, outside of the attempt's timeout.
//
// Contract. The picker draws two by weight and takes the less loaded; zone, ejection and panic as in the options. What the callable is to
// connect to is `attempt::target()`, valid until the attempt ends; `call_options::target` is what the caller says is called, and is not asked here.
// Counted are `success` as a success, `transient` and `permanent` as failures, or what `should_count` says of failures: one that it denies
// counts for nothing. What was ignored, cancelled, abandoned or rejected counts for nothing either. A refusal is
// `errc::no_endpoint`, with `retry_after` where it is known when more endpoints are used.
//
// A transient failure with `retry_after` is a wish of its endpoint's: nobody is sent there until then, at most `max_ejection`, while there is another. A
// retry or a hedge around does not wait for it, while there is one that does not rest, whether the call has tried it or not. What a hedge cancels because
// another attempt has won tells how long it took at least (`call_context::lost_at`), to the latency and to nothing else.
//
// An endpoint is taken for as long as the work goes on: where a call has given up on work that goes on, that has counted, and stays in flight.
// Time: instants come from one monotonic clock; those of concurrent calls may be a little out of order. What time brings (returns, comparisons) comes
// with the next call. Thread safety: every member, from any thread; user code never runs under the lock. What `should_count` throws fails its call.
// Formulas: plan.hpp, ejections.hpp, tally.hpp. Exactness: shared_endpoints.hpp. Cost: two readings of the clock, one random number or two, and three
// atomic operations on the endpoint's own cache line. An ejection, a return, a comparison and a replacement take a lock.
#pragma once

#include <memory>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/endpoints/options.hpp"
#include "cutwater/policy/endpoints/reading.hpp"
#include "cutwater/policy/endpoints/shared_endpoints.hpp"

namespace cutwater {

class endpoints : public works_alone<endpoints> {
public:
    static constexpr std::string_view kind = "endpoints";
    static constexpr bool chooses_target = true;
    static constexpr bool holds_work =
        true;  // the endpoint is busy until the work ends, and the work reads its address
    using ticket = shared_endpoints::ticket;

    /// Throws `invalid_options`.
    explicit endpoints(endpoints_options options);
    endpoints(const endpoints&) = delete;  // one for all who call the service: cw::ref(endpoints)
    endpoints(endpoints&&) noexcept = default;
    endpoints& operator=(const endpoints&) = delete;
    endpoints& operator=(endpoints&&) noexcept = default;
    ~endpoints() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    /// As it was made; `read` says which endpoints there are now.
    [[nodiscard]] const endpoints_options& options() const noexcept { return *options_; }

    [[nodiscard]] bool try_admit(ticket& out, call_context& call, moment& now) noexcept {
        if (!shared_->refuses_none() ||
            shared_->ask(out, now, call.random(), call.tried()) != shared_endpoints::quick::sent)
            return false;
        send(out, call);
        return true;
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now);

    void settle(ticket& t, const observation& seen, call_context& call, moment& now);
    void orphaned(ticket& t, const observation& seen, call_context& call, moment& now);
    void abandon(ticket& t) noexcept { shared_->release(t); }

    /// Other endpoints from now on; those that have the address of one before are the same, with its state. None: every call is refused.
    /// Throws `invalid_options`, and nothing has changed then.
    void replace(const endpoint_list& list, instant now);

    [[nodiscard]] endpoints_reading read(instant now) const { return shared_->read(now); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) const;

private:
    static void send(const ticket& t, call_context& call) noexcept {
        call.target = t.address();
        call.tried().add(t.id());
    }
    void heed_wish(const ticket& t, const observation& seen, call_context& call, moment& now);
    [[nodiscard]] endpoint_end end_of(const observation& seen) const;
    [[nodiscard]] admission<ticket> refuse(call_context& call, instant now) const;
    void tell(const told_changes& changes, call_context& call) const;

    std::unique_ptr<const endpoints_options> options_;
    name layer_;
    std::unique_ptr<shared_endpoints> shared_;
};

}  // namespace cutwater
