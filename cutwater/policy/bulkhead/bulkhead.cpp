#include "cutwater/policy/bulkhead/bulkhead.hpp"

#include <algorithm>

namespace cutwater {

bulkhead::bulkhead(bulkhead_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      permits_{std::make_unique<shared_permits>(options_.max_concurrent, rules_of_queue(options_))} {}

admission<bulkhead::ticket> bulkhead::enqueue(waiter& w, call_context& call, moment& now) {
    w.until = std::min(add(now, options_.max_wait), call.deadline);
    w.importance = call.said().importance;
    if (w.until <= now.get()) return waited_in_vain(w, call);
    switch (permits_->take_or_queue(w, now)) {
        case shared_permits::answer::taken: return ticket{};
        case shared_permits::answer::full: return refuse(call);
        case shared_permits::answer::queued: break;
    }
    call.emit(layer_, [&] { return bulkhead_queued{queued(), between(now, w.until)}; });
    return wait_until{w.until};
}

admission<bulkhead::ticket> bulkhead::resume(waiter& w, call_context& call, moment& now) {
    using enum shared_permits::wait_state;
    switch (permits_->look(w)) {
        case turned_away: return this->turned_away(*w.turned_away(), call);
        case waits:
            return now.get() < w.until ? admission<ticket>{wait_until{w.until}}  // woken for nothing
                                       : waited_in_vain(w, call);
        case granted: break;
    }
    if (call.deadline != never && now.get() >= call.deadline) {  // too late: nothing is to be sent
        permits_->give_back(now);
        return waited_in_vain(w, call);
    }
    call.emit(layer_, [&] { return bulkhead_wait_ended{.admitted = true}; });
    return ticket{};
}

admission<bulkhead::ticket> bulkhead::waited_in_vain(const waiter& w, call_context& call) const {
    call.emit(layer_, [&] { return bulkhead_wait_ended{.admitted = false}; });
    refusal why{.reason = errc::wait_timed_out};
    if (w.until < call.deadline) why.limit = options_.max_wait;
    return why;
}

admission<bulkhead::ticket> bulkhead::turned_away(errc why, call_context& call) const {
    call.emit(layer_, [&] { return bulkhead_wait_ended{.admitted = false}; });
    return refusal{.reason = why};
}

void bulkhead::resize(unsigned max_concurrent) {
    bulkhead_options wanted = options_;
    wanted.max_concurrent = max_concurrent;
    (void)validated(kind, wanted);
    permits_->resize(max_concurrent);
}

}  // namespace cutwater
