// A rate limiter that many processes share: together they begin at most so many calls in so much time.
//
//     cw::memory_store cells;                                                  // or SQLite, PostgreSQL, Redis
//     cw::shared_rate_limiter partner{cells, {.name = "partner api", .permits = 100, .per = 1s, .burst = 100, .lease = 10}};
//     cw::pipeline guarded{cw::timeout{2s}, cw::retry{}, cw::ref(partner)};
//
// Contract. In any window of `t` all together lease at most `burst + permits/per · t` permits from the store, exactly. What an instance has leased it uses
// within `lease_for`, so at most `burst + permits/per · (t + lease_for)` calls begin in that window, and at most `burst + permits/per · t +
// instances · lease`. An instance never has more than `lease` permits that are not in use; more are leased when half of them are left.
//
// A call takes `call_options::weight` permits. Where they are in hand it asks nobody and takes no lock; else it waits for the store's answer, first come
// first served, until its deadline or `max_wait`. Where there are none it is refused with `errc::rate_limited` and the time until there are. What is
// never sent (a layer further in refused it, its caller has left) costs nothing; a call that is abandoned keeps its permits.
//
// Where the store cannot be asked, `without_store` says what the limit is. A question that fails is asked once more, one that is not answered within
// `store_limit` is not; then the store is left alone for `retry_store_every`.
//
// Thread safety: every member, from any thread. Lifetime: the store, and what tells the time, outlive what is still under way; the limiter need not.
#pragma once

#include <memory>
#include <string_view>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/shared_rate_limiter/events.hpp"
#include "cutwater/policy/shared_rate_limiter/lease_desk.hpp"
#include "cutwater/policy/shared_rate_limiter/options.hpp"

namespace cutwater {

class shared_rate_limiter : public works_alone<shared_rate_limiter> {
public:
    static constexpr std::string_view kind = "shared_rate_limiter";

    struct ticket {
        taken_permits permits{};
        unsigned sent = 0;
    };

    /// Throws `invalid_options`.
    explicit shared_rate_limiter(cell_store& store, shared_rate_limiter_options options = {});
    shared_rate_limiter(const shared_rate_limiter&) = delete;  // one for all who share the limit: cw::ref(limiter)
    shared_rate_limiter(shared_rate_limiter&&) noexcept = default;
    shared_rate_limiter& operator=(const shared_rate_limiter&) = delete;
    shared_rate_limiter& operator=(shared_rate_limiter&&) noexcept = default;
    ~shared_rate_limiter() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const shared_rate_limiter_options& options() const noexcept { return options_; }

    [[nodiscard]] bool try_admit(ticket& t, call_context& call, moment& now) noexcept {
        t.sent = call.sent;
        const unsigned weight = call.said().weight;
        return weight == 0 || desk_->try_take(weight, now, t.permits);
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now);
    [[nodiscard]] admission<ticket> enqueue(waiter& w, call_context& call, moment& now);
    [[nodiscard]] admission<ticket> resume(waiter& w, call_context& call, moment& now);
    void leave(waiter& w) noexcept { desk_->leave(w); }

    void settle(ticket& t, const observation&, call_context& call, moment& now) {
        if (call.sent != t.sent || t.permits.count == 0) [[likely]]
            return;
        now.forget();
        desk_->give_back(t.permits, call);
    }
    void abandon(ticket&) noexcept {}

    /// For gauges: calls that wait for the store; permits in hand; permits that were leased in all.
    [[nodiscard]] unsigned queued() const { return desk_->queued(); }
    [[nodiscard]] unsigned in_hand() const { return desk_->in_hand(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const {
        seen(metrics::permits, in_hand());
        seen(metrics::queue_length, queued());
    }
    [[nodiscard]] std::uint64_t leased() const { return desk_->leased(); }

private:
    [[nodiscard]] admission<ticket> answer_to(const lease_desk::said& said, call_context& call);
    [[nodiscard]] admission<ticket> answer_to_waiting(const waiter& w, const lease_desk::said& said,
                                                      call_context& call);
    [[nodiscard]] admission<ticket> refuse(std::string_view reason, duration wait, call_context& call) const;
    void tell_news(call_context& call);

    shared_rate_limiter_options options_;
    name layer_;
    std::shared_ptr<lease_desk> desk_;
};

}  // namespace cutwater
