#include "cutwater/policy/concurrency_limiter/concurrency_limiter.hpp"

namespace cutwater {

concurrency_limiter::concurrency_limiter(concurrency_limiter_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      shared_{std::make_unique<shared>(options_)} {
    options_.initial_limit = options_.first_limit();
}

void concurrency_limiter::learn(const ticket& t, const observation& seen, moment& now) const {
    const verdict v = seen.meaning();
    const bool is_about_it = v == verdict::success || v == verdict::permanent || v == verdict::transient;
    if (!is_about_it) {
        const bool ran_out = seen.failure != nullptr && seen.failure->code() == errc::deadline_exceeded;
        return ran_out ? shared_->epochs.ran_out(t.counts_in, now.get() - t.began)
                       : shared_->epochs.neutral(t.counts_in);
    }
    if (is_overload(t, seen)) return shared_->epochs.dropped(t.counts_in);
    if (v == verdict::transient) return shared_->epochs.neutral(t.counts_in);
    shared_->epochs.answered(t.counts_in, now.get() - t.began);
}

bool concurrency_limiter::is_overload(const ticket& t, const observation& seen) const {
    if (!options_.is_overload) return seen.meaning() == verdict::transient;
    try {
        return options_.is_overload(seen);
    } catch (...) {
        shared_->epochs.neutral(t.counts_in);
        throw;
    }
}

void concurrency_limiter::close_epoch(call_context& call, instant now) {
    const auto moved =
        shared_->epochs.close(now, call.random(), [&](unsigned limit) { shared_->permits.resize(limit); });
    if (!moved) return;
    call.emit(layer_, [&] {
        return concurrency_limit_moved{moved->to, moved->from, moved->typical, moved->idle, moved->probing};
    });
}

}  // namespace cutwater
