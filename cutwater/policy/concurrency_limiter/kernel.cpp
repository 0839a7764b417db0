#include "cutwater/policy/concurrency_limiter/kernel.hpp"

namespace cutwater {

unsigned concurrency_kernel::limit() const noexcept { return is_probing() ? lowered_ : found(); }

duration concurrency_kernel::typical_of(const epoch_seen& seen) noexcept {
    const auto calls = static_cast<double>(seen.answered + seen.outstanding);
    const double sum =
        static_cast<double>(seen.answered) * static_cast<double>(seen.typical.count()) +
        static_cast<double>(seen.outstanding) * static_cast<double>(std::max(seen.age, seen.typical).count());
    return calls > 0 ? duration{static_cast<duration::rep>(sum / calls)} : duration::zero();
}

void concurrency_kernel::learn(const epoch_seen& finished, instant now, random_source& random) noexcept {
    epoch_seen seen = finished;
    if (seen.answered + seen.dropped == 0) seen.dropped = seen.dropped_late;
    seen.typical = typical_of(finished);
    const std::uint64_t calls = seen.answered + seen.dropped;
    if (calls + seen.outstanding == 0) return;
    if (seen.answered > 0)
        window_ = std::clamp(2 * seen.slow, options_.window, std::max(options_.window, options_.max_window / 2));
    const bool overloaded = static_cast<double>(seen.dropped) > options_.max_drop_rate * static_cast<double>(calls);
    if (is_probing())
        learn_of_probe(seen);
    else
        learn_at_full_limit(seen, overloaded);
    if (measures_latency() && !is_probing() && seen.answered > 0) plan_probe(seen, now, random);
}

void concurrency_kernel::learn_at_full_limit(const epoch_seen& seen, bool overloaded) noexcept {
    if (seen.answered > 0) idle_.note(seen.typical);
    const bool is_latency_known = seen.answered > 0 || (seen.outstanding > 0 && idle_.value() > duration::zero());
    if (!is_latency_known && !overloaded) return;
    const duration tolerated{
        static_cast<duration::rep>(static_cast<double>(seen.typical.count()) / options_.tolerance)};
    const auto ended = static_cast<double>(seen.answered + seen.dropped);
    limit_sample sample{.limit = limit_,
                        .in_flight = seen.most_in_flight,
                        .latency = seen.typical,
                        .idle_latency = idle_.value(),
                        .overloaded = overloaded,
                        .drop_share = overloaded ? static_cast<double>(seen.dropped) / ended : 0};
    double next = limit_;
    switch (options_.rule) {
        case limit_rule::vegas:
            sample.latency = std::max(tolerated, std::min(seen.typical, idle_.value()));
            next = next_by_vegas(sample);
            break;
        case limit_rule::gradient: next = next_by_gradient(sample, options_.tolerance); break;
        case limit_rule::aimd: next = next_by_aimd(sample, options_.backoff); break;
    }
    if (seen.answered == 0) next = std::min(next, limit_);
    limit_ = std::clamp(next, static_cast<double>(options_.min_limit), static_cast<double>(options_.max_limit));
}

void concurrency_kernel::learn_of_probe(const epoch_seen& seen) noexcept {
    if (seen.answered == 0) return idle_.abandon_probe();
    if (!idle_.probe(seen.typical)) return;
    if (lowered_ > options_.min_limit)
        lower();
    else
        idle_.end_probe();
}

/// The first probe comes soon: what was seen until then may have been an overload all along. One is brought forward where the limit has lost half of
/// what it was: it may be the dependency that has become slower, and not its queue longer. Each at a time that dice say: limiters that began
/// together, or that lose half together, do not probe together.
bool concurrency_kernel::is_due(instant now, random_source& random) noexcept {
    if (first_probe_after_ == 0) first_probe_after_ = 5 + static_cast<unsigned>(random.below(duration{16}).count());
    if (epochs_ < first_probe_after_) return ++epochs_, false;
    at_last_probe_ = std::max(at_last_probe_, found());
    if (!hurries_ && found() <= at_last_probe_ / 2) {
        hurries_ = true;
        probe_at_ = std::min(probe_at_, add(now, random.below(20 * window_)));
    }
    return now >= probe_at_;
}

void concurrency_kernel::plan_probe(const epoch_seen& seen, instant now, random_source& random) noexcept {
    if (!is_due(now, random)) return;
    hurries_ = false;
    at_last_probe_ = found();
    probe_at_ = add(now, options_.probe_every / 2 + random.below(options_.probe_every));
    idle_.begin_probe(seen.typical);
    if (found() <= options_.min_limit) return idle_.end_probe();  // it is as low as can be
    lowered_ = found();
    lower();
}

void concurrency_kernel::lower() noexcept { lowered_ = std::max(options_.min_limit, lowered_ / 2); }

}  // namespace cutwater
