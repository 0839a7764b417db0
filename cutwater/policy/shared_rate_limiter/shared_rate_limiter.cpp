#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"

#include <algorithm>
#include <utility>

namespace cutwater {

namespace {

/// The last instant at which a permit is of use: at its deadline nothing is sent any more.
instant last_of(const call_context& call) { return add(call.deadline, duration{-1}); }

}  // namespace

shared_rate_limiter::shared_rate_limiter(cell_store& store, shared_rate_limiter_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      desk_{std::make_shared<lease_desk>(store, options_)} {}

admission<shared_rate_limiter::ticket> shared_rate_limiter::admit(call_context& call, moment& now) {
    if (ticket t; try_admit(t, call, now)) return t;
    const unsigned weight = call.said().weight;
    if (weight > options_.burst) return refuse("too_heavy", forever, call);
    return answer_to(desk_->look(weight, call), call);
}

admission<shared_rate_limiter::ticket> shared_rate_limiter::enqueue(waiter& w, call_context& call, moment& now) {
    w.weight = call.said().weight;
    w.until = std::min(add(now, options_.max_wait), last_of(call));
    return answer_to_waiting(w, desk_->enqueue(w, call), call);
}

admission<shared_rate_limiter::ticket> shared_rate_limiter::resume(waiter& w, call_context& call, moment&) {
    return answer_to_waiting(w, desk_->look_again(w, call), call);
}

admission<shared_rate_limiter::ticket> shared_rate_limiter::answer_to_waiting(const waiter& w,
                                                                              const lease_desk::said& said,
                                                                              call_context& call) {
    const bool waits = said.what == lease_desk::answer::waits;
    if (!waits) return answer_to(said, call);
    if (call.now.get() < w.until) {
        if (call.audience != nullptr) [[unlikely]]
            tell_news(call);
        const instant end = w.until < last_of(call) ? w.until : call.deadline;
        return wait_until{said.until < w.until ? said.until : end};
    }
    tell_news(call);
    refusal why{.reason = errc::wait_timed_out};
    if (w.until < last_of(call)) why.limit = options_.max_wait;
    return why;
}

admission<shared_rate_limiter::ticket> shared_rate_limiter::answer_to(const lease_desk::said& said,
                                                                      call_context& call) {
    using enum lease_desk::answer;
    if (call.audience != nullptr) [[unlikely]]
        tell_news(call);
    switch (said.what) {
        case taken: return ticket{.permits = said.permits, .sent = call.sent};
        case unguarded: return ticket{.sent = call.sent};
        case waits: return wait_until{said.until};
        case exhausted: return refuse("exhausted", said.wait, call);
        case contended: return refuse("contended", said.wait, call);
        case full: return refuse("queue_full", said.wait, call);
        case share: return refuse("share", said.wait, call);
        case out_of_order: break;
    }
    return refusal{.reason = errc::store_unavailable, .retry_after = said.wait};
}

admission<shared_rate_limiter::ticket> shared_rate_limiter::refuse(std::string_view reason, duration wait,
                                                                   call_context& call) const {
    call.emit(layer_, [&] { return shared_limit_refused{reason, call.said().weight, wait}; });
    refusal why{.reason = errc::rate_limited};
    if (wait != forever) why.retry_after = wait;
    return why;
}

/// What the store said to nobody in particular is told by whoever comes next.
void shared_rate_limiter::tell_news(call_context& call) {
    if (call.audience == nullptr) return;
    const lease_desk::news heard = desk_->take_news();
    if (heard.leased > 0)
        call.emit(layer_, [&] { return shared_limit_leased{heard.leased, heard.questions, heard.took}; });
    if (heard.failure)
        call.emit(layer_, [&] { return shared_limit_store_failed{options_.without_store, *heard.failure}; });
    if (heard.back_after) call.emit(layer_, [&] { return shared_limit_store_back{*heard.back_after}; });
}

}  // namespace cutwater
