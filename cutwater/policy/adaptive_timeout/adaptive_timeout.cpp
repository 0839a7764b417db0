#include "cutwater/policy/adaptive_timeout/adaptive_timeout.hpp"

#include <cmath>

namespace cutwater {

adaptive_timeout::adaptive_timeout(adaptive_timeout_options options)
    : options_{std::make_unique<const adaptive_timeout_options>(validated(kind, std::move(options)))},
      layer_{options_->name}, kernel_{*options_}, estimate_{options_->estimate},
      state_{std::make_unique<state>(options_->initial)} {
    if (!estimate_)
        estimate_ = std::make_shared<latency_estimate>(latency_estimate_options{
            .name = options_->name, .window = options_->window, .min_samples = options_->min_samples});
}

/// Never longer than whatever limit was in force, or than until another attempt had won: what comes of a call that goes on after it is no
/// answer to it.
void adaptive_timeout::after(const session& s, const observation& seen, call_context& call) noexcept {
    if (call.sent == s.sent) return;
    const instant lost_at = call.lost_at();
    const latency_sample what = adaptive_timeout_kernel::sample_of(seen, lost_at);
    if (what == latency_sample::none) return;
    const instant now = call.now;
    const duration took = between(s.began, now);
    if (took < duration::zero()) return;  // time has jumped back
    if (what == latency_sample::ended) return estimate_->record(took, now);
    const duration waited = std::min({took, s.limit, between(s.began, call.deadline), between(s.began, lost_at)});
    if (waited >= duration::zero()) estimate_->record_censored(waited, now);
}

adaptive_timeout_reading adaptive_timeout::read(instant now) const noexcept {
    const latency_reading known = estimate_->read(options_->percentile, now);
    const double strain = state_->strain.load(std::memory_order_relaxed);
    const duration base = kernel_.base_after(duration{state_->base.load(std::memory_order_relaxed)}, known.percentile);
    return {.samples = known.samples,
            .censored_share = known.censored_share(),
            .percentile = known.percentile,
            .strain = strain,
            .limit = kernel_.limit(base, strain)};
}

void adaptive_timeout::change(duration base, duration limit, const std::optional<latency_percentile>& known,
                              call_context& call) {
    state_->base.store(base.count(), std::memory_order_relaxed);
    state_->limit.store(limit.count(), std::memory_order_relaxed);
    duration::rep told = state_->told.load(std::memory_order_relaxed);
    if (!adaptive_timeout_kernel::is_much(duration{told}, limit)) return;
    if (!state_->told.compare_exchange_strong(told, limit.count(), std::memory_order_relaxed)) return;
    call.emit(layer_, [&] {
        return adaptive_limit_changed{duration{told}, limit, known ? known->value : duration::zero(),
                                      state_->strain.load(std::memory_order_relaxed)};
    });
}

void adaptive_timeout::ask_strain(instant now) {
    duration::rep asked = state_->strain_asked.load(std::memory_order_relaxed);
    const duration since = between(instant{duration{asked}}, now);
    if (since >= duration::zero() && since < strain_every) return;
    if (!state_->strain_asked.compare_exchange_strong(asked, now.time_since_epoch().count(), std::memory_order_relaxed))
        return;
    if (const double said = options_->strain(); !std::isnan(said))
        state_->strain.store(std::clamp(said, 0.0, 1.0), std::memory_order_relaxed);
}

}  // namespace cutwater
