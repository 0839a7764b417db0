#include "cutwater/observe/log/sampled.hpp"

#include <utility>

namespace cutwater {

sampled::sampled(listener& to, sampled_options options)
    : to_{&to}, options_{validated("sampled", std::move(options))},
      limits_{.first = options_.first, .every = options_.every, .period = options_.period}, rows_{options_.max_kinds} {}

sampled::key sampled::key_of(const event& e) noexcept {
    const bool is_apart = e.kind().level == severity::error || !e.kind().measures.empty();
    return {.kind = &e.kind(), .layer = e.origin().layer, .operation = is_apart ? e.origin().operation : name{}};
}

void sampled::on_event(const event& e) {
    row* const known = rows_.get(key_of(e));
    row& of = known != nullptr ? *known : others_;
    sampling_kernel::answer answer;
    {
        const std::scoped_lock held{of.lock};
        answer = of.kernel.next(e.origin().at, limits_);
    }
    sweep(e.origin().at);
    if (!answer.passes) {
        suppressed_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    passed_.fetch_add(1, std::memory_order_relaxed);
    if (answer.left_out == 0) return to_->on_event(e);
    const event_extra more{.field = "suppressed", .value = static_cast<std::int64_t>(answer.left_out)};
    to_->on_event(e.with(more));
}

/// Once in each period, by whoever comes first.
void sampled::sweep(instant now) {
    instant::rep due = sweeps_at_.load(std::memory_order_relaxed);
    if (now.time_since_epoch().count() < due) return;
    const bool is_first = due == instant::min().time_since_epoch().count();
    if (!sweeps_at_.compare_exchange_strong(due, add(now, limits_.period).time_since_epoch().count())) return;
    if (is_first) return;
    tell_each(now, [&](sampling_kernel& of) { return of.take_left_out(now, limits_); });
}

void sampled::tell_suppressed(instant now) {
    tell_each(now, [](sampling_kernel& of) { return of.take_left_out(); });
}

template <class Take>
void sampled::tell_each(instant now, Take&& take) {
    rows_.for_each([&](const key& of, row& from) { tell(of, from, now, take); });
    tell({}, others_, now, take);
}

template <class Take>
void sampled::tell(const key& of, row& from, instant now, Take&& take) {
    std::uint64_t left_out = 0;
    {
        const std::scoped_lock held{from.lock};
        left_out = take(from.kernel);
    }
    if (left_out == 0) return;
    const events_suppressed body{.suppressed_event = of.kind != nullptr ? of.kind->name : std::string_view{},
                                 .suppressed = left_out};
    to_->on_event(event{{.layer = of.layer, .operation = of.operation, .at = now}, body});
}

}  // namespace cutwater
