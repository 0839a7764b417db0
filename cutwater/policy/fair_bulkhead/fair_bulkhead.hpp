// A bulkhead that tenants share by weight: while somebody does not want its share the others may borrow it, and have it back as soon as it does.
//
//     cw::fair_bulkhead reports{{.name = "reports", .max_concurrent = 20, .shares = {{"gold", 3}, {"silver", 1}}, .max_queue = 50}};
//     cw::pipeline guarded{cw::ref(reports), cw::timeout{5s}};
//     guarded.run({.tenant = "gold"}, f);
//
// Contract. As a bulkhead's, and besides: a permit that comes back goes to a tenant that waits and has less than its share, by turns that come by
// weight; where none has, to the one that has the least for its weight; within a tenant what matters more goes first, and then the order that was chosen. Each tenant has a queue of `max_queue` of its own. Tenants that are
// not named share the weight of `others`, and a queue. With `may_borrow` below 1 a part of each share is kept for its owner, also while it does not want it.
// A refusal is `errc::bulkhead_full`, or `errc::refused` where this tenant can never have a permit: it has no share and may not borrow. A wait in vain is
// `errc::wait_timed_out`, `displaced` or `queue_overloaded`.
//
// Nothing is taken from who has it: an owner that comes back waits until a permit does. Time: instants come from one monotonic clock; those
// of concurrent calls may be a little out of order. Thread safety: every member, from any thread. Cost: four atomic
// operations a call while nobody waits and everything may be borrowed; else a lock.
#pragma once

#include <map>
#include <memory>

#include "cutwater/core/alone.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/fair_bulkhead/events.hpp"
#include "cutwater/policy/fair_bulkhead/options.hpp"
#include "cutwater/policy/fair_bulkhead/shared_shares.hpp"
#include "cutwater/queue/waits_in_line.hpp"

namespace cutwater {

class fair_bulkhead : public works_alone<fair_bulkhead>, public waits_in_line<fair_bulkhead> {
public:
    static constexpr std::string_view kind = "fair_bulkhead";
    static constexpr bool holds_work = true;
    struct ticket {
        std::uint32_t tenant = 0;
    };

    /// Throws `invalid_options`.
    explicit fair_bulkhead(fair_bulkhead_options options = {});
    fair_bulkhead(const fair_bulkhead&) = delete;  // one for all who share it: cw::ref(bulkhead)
    fair_bulkhead(fair_bulkhead&&) noexcept = default;
    fair_bulkhead& operator=(const fair_bulkhead&) = delete;
    fair_bulkhead& operator=(fair_bulkhead&&) noexcept = default;
    ~fair_bulkhead() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const fair_bulkhead_options& options() const noexcept { return options_; }

    [[nodiscard]] bool try_admit(ticket& t, call_context& call, moment&) noexcept {
        t.tenant = number_of(call.said().tenant);
        return shares_->try_take(t.tenant);
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        if (ticket t; try_admit(t, call, now)) [[likely]]
            return t;
        if (options_.max_queue == 0 || shares_->bounds(number_of(call.said().tenant)).most == 0) return refuse(call);
        return wait_until{};
    }
    void settle(ticket& t, const observation&, call_context&, moment& now) noexcept {
        shares_->give_back(t.tenant, now);
    }
    void abandon(ticket& t) noexcept { shares_->give_back(t.tenant); }

    [[nodiscard]] unsigned limit() const noexcept { return shares_->limit(); }
    [[nodiscard]] unsigned in_use() const noexcept { return shares_->in_use(); }
    /// Of one tenant; of one that is not named, what all of those have.
    [[nodiscard]] unsigned in_use(std::string_view tenant) const noexcept { return shares_->in_use(number_of(tenant)); }
    /// How many permits are a tenant's own; of one that is not named, what is of all those. Of all tenants they add up to `limit()`.
    [[nodiscard]] unsigned share_of(std::string_view tenant) const noexcept {
        return shares_->bounds(number_of(tenant)).own;
    }
    [[nodiscard]] unsigned queued() const noexcept { return shares_->queued(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::concurrency_limit, limit());
        seen(metrics::calls_in_flight, in_use());
        seen(metrics::queue_length, queued());
    }

private:
    friend waits_in_line<fair_bulkhead>;
    using queued_event = fair_bulkhead_queued;
    using wait_ended_event = fair_bulkhead_wait_ended;
    [[nodiscard]] shared_shares& permits() noexcept { return *shares_; }
    void prepare(waiter& w, const call_context& call) const noexcept { w.group = number_of(call.said().tenant); }
    [[nodiscard]] static ticket give_ticket(const waiter& w, moment&) noexcept { return {w.group}; }
    [[nodiscard]] admission<ticket> refuse(call_context& call) const;
    /// 0 is all who are not named.
    [[nodiscard]] std::uint32_t number_of(std::string_view tenant) const noexcept;

    fair_bulkhead_options options_;
    name layer_;
    std::map<std::string, std::uint32_t, std::less<>> numbers_;
    std::unique_ptr<shared_shares> shares_;
};

}  // namespace cutwater
