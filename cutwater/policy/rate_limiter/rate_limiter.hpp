// A rate limiter: at most so many calls in so much time, so that neither we nor a dependency is asked for more than it takes.
//
//     cw::rate_limiter search{{.name = "search", .permits = 50, .per = 1s, .burst = 10}};
//     cw::pipeline guarded{cw::retry{}, cw::ref(search)};
//
//     if (search.try_acquire(cw::now())) ...                                  // by hand, without a pipeline
//     const cw::rate_reading quota = search.read(cw::now());                  // quota.remaining, quota.reset
//
// Contract. A rolling limit (the default) admits at most `burst + permits/per · t` in any window of `t`: it is GCRA, see
// gcra.hpp. A fixed window admits `permits` in each, a sliding one in any `per`. What asks for more than there can ever be is
// refused for good. A call takes `call_options::weight` permits. With `max_queue` it waits for them, behind those that matter
// as much and came first, until `max_wait` or its deadline; who would wait longer is refused at once. A refusal is `errc::rate_limited`
// with `retry_after`, a wait in vain `errc::wait_timed_out` or `displaced`; none of them says anything about the dependency.
// Who waits is let in by whoever looks first, and begins when its driver runs it; where that is after `max_wait`, it is refused.
//
// Permits go back where nothing was sent for them: a layer further in has refused the attempt, or its caller cancelled while it
// waited there. So limits can be chained, by the second and by the hour: what the one refuses costs nothing in the other. A call
// that is abandoned (its coroutine is destroyed) keeps them: it may have been sent.
//
// Time: instants come from one monotonic clock; those of concurrent calls may be a little out of order. Thread safety:
// every member, from any thread. Cost: one compare and swap; a refusal writes nothing. A sliding window takes a lock, and 16
// bytes for each permit that is out. Memory: 784 bytes, 704 of them a block of the heap.
#pragma once

#include <memory>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/alone.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/rate_limiter/cells.hpp"
#include "cutwater/policy/rate_limiter/events.hpp"
#include "cutwater/policy/rate_limiter/options.hpp"
#include "cutwater/policy/rate_limiter/shared_rate.hpp"

namespace cutwater {

class rate_limiter : public works_alone<rate_limiter> {
public:
    static constexpr std::string_view kind = "rate_limiter";
    using ticket = rate_ticket;
    using cells = rate_cells;  ///< the same limits by the million, a word each: see `keyed`

    /// Throws `invalid_options`.
    explicit rate_limiter(rate_limiter_options options = {});
    rate_limiter(const rate_limiter&) = delete;  // one for all who share the limit: cw::ref(limiter)
    rate_limiter(rate_limiter&&) noexcept = default;
    rate_limiter& operator=(const rate_limiter&) = delete;
    rate_limiter& operator=(rate_limiter&&) noexcept = default;
    ~rate_limiter() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const rate_limiter_options& options() const noexcept { return options_; }

    [[nodiscard]] bool try_admit(ticket& t, call_context& call, moment& now) noexcept {
        t.sent = call.sent;
        return rate_->try_take_quickly(call.said().weight, now, t.slot);
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        if (ticket t; try_admit(t, call, now)) [[likely]]
            return t;
        if (options_.window == rate_window::sliding) return admit_by_lock(call, now);
        if (options_.max_queue > 0) return wait_until{};
        return refuse(rate_->wait_for(call.said().weight, now), call);
    }
    [[nodiscard]] admission<ticket> enqueue(waiter& w, call_context& call, moment& now);
    [[nodiscard]] admission<ticket> resume(waiter& w, call_context& call, moment& now);
    /// The caller has cancelled; `leave` follows.
    void cancelled(waiter& w, call_context& call) const { tell_ended(false, w, call); }
    void leave(waiter& w) noexcept { rate_->leave(w); }

    void settle(ticket& t, const observation&, call_context& call, moment& now) {
        if (call.sent != t.sent) [[likely]]
            return;
        now.forget();  // what has come back meanwhile is not given back again
        rate_->give_back(t.slot, now);
    }
    void abandon(ticket&) noexcept {}

    /// By hand. Whether there were that many permits; they are taken then.
    [[nodiscard]] bool try_acquire(instant now, unsigned weight = 1) {
        return rate_->try_take(weight, now).has_value();
    }

    /// Permits of the future, taken now: whoever holds them acts at `at()` and not before. To drop it is to use it.
    class reservation {
    public:
        reservation(reservation&& other) noexcept
            : rate_{std::exchange(other.rate_, nullptr)}, made_{other.made_}, at_{other.at_} {}
        reservation& operator=(reservation&& other) noexcept {
            rate_ = std::exchange(other.rate_, nullptr);
            made_ = other.made_;
            at_ = other.at_;
            return *this;
        }
        reservation(const reservation&) = delete;
        reservation& operator=(const reservation&) = delete;
        ~reservation() = default;

        [[nodiscard]] instant at() const noexcept { return at_; }
        /// Gives them back unused; once. All of them where nobody took any since, else as many as the limit allows.
        void cancel(instant now) noexcept {
            if (rate_ != nullptr) std::exchange(rate_, nullptr)->cancel(made_, now);
        }

    private:
        friend rate_limiter;
        reservation(shared_rate& owner, const shared_rate::reserved& made, instant now) noexcept
            : rate_{&owner}, made_{made}, at_{add(now, made.wait)} {}

        shared_rate* rate_;
        shared_rate::reserved made_;
        instant at_;
    };
    /// Nothing where they would come later than `longest` from now, or than `max_wait`, or never. Of a fixed or a sliding
    /// window there are those of now only. The limiter outlives it.
    [[nodiscard]] std::optional<reservation> reserve(instant now, duration longest = forever, unsigned weight = 1);

    /// Where the limiter stands, and when `weight` permits would be there; it takes none.
    [[nodiscard]] rate_reading read(instant now, unsigned weight = 1) const { return rate_->read(weight, now); }
    [[nodiscard]] unsigned queued() const noexcept { return rate_->queued(); }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) const {
        seen(metrics::permits, static_cast<double>(read(now).remaining));
        seen(metrics::queue_length, queued());
    }
    /// Whether it differs in nothing from a limiter that is new, now and later: all permits are there, and nobody waits.
    [[nodiscard]] bool is_fresh(instant now) const noexcept { return rate_->is_fresh(now); }

private:
    [[nodiscard]] admission<ticket> admit_by_lock(call_context& call, moment& now);
    [[nodiscard]] admission<ticket> refuse(duration wait, call_context& call) const {
        if (call.audience != nullptr) [[unlikely]]
            tell_refused(wait, call);
        if (wait == forever) return admission<ticket>{std::in_place_type<refusal>, errc::rate_limited};
        return admission<ticket>{std::in_place_type<refusal>, errc::rate_limited, wait};
    }
    void tell_refused(duration wait, call_context& call) const;
    [[nodiscard]] admission<ticket> waited_in_vain(const waiter& w, call_context& call) const;
    void tell_ended(bool admitted, const waiter& w, call_context& call) const;

    rate_limiter_options options_;
    name layer_;
    std::unique_ptr<shared_rate> rate_;
};

}  // namespace cutwater
