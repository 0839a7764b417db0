#include "cutwater/policy/concurrency_limiter/concurrency_limiter.hpp"

namespace cutwater {

concurrency_limiter::concurrency_limiter(concurrency_limiter_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      shared_{std::make_unique<shared>(options_)} {}

void concurrency_limiter::learn(const ticket& t, const observation& seen, moment& now) const {
    const verdict v = seen.meaning();
    const bool is_about_it = v == verdict::success || v == verdict::permanent || v == verdict::transient;
    if (!is_about_it) return shared_->epochs.neutral(t.counts_in);
    if (options_.is_overload ? options_.is_overload(seen) : v == verdict::transient)
        shared_->epochs.dropped(t.counts_in);
    else if (v == verdict::transient)
        shared_->epochs.neutral(t.counts_in);
    else
        shared_->epochs.answered(t.counts_in, now.get() - t.began);
}

void concurrency_limiter::close_epoch(call_context& call, instant now) {
    const auto moved = shared_->epochs.close(now, call.random());
    if (!moved) return;
    shared_->permits.resize(moved->to);
    call.emit(layer_, [&] {
        return concurrency_limit_moved{moved->to, moved->from, moved->typical, moved->idle, moved->probing};
    });
}

}  // namespace cutwater
