#include "cutwater/policy/circuit_breaker/kernel.hpp"

#include <algorithm>
#include <cmath>

namespace cutwater {

namespace {

constexpr double first_share_of_ramp = 0.1;

bool measures(breaker_mode m) { return m != breaker_mode::disabled && m != breaker_mode::forced_open; }

}  // namespace

circuit_breaker_kernel::circuit_breaker_kernel(const circuit_breaker_options& options)
    : options_{options}, mode_{options.mode}, by_count_{options.window_calls},
      by_time_{options.window_time, options.window_buckets} {}

circuit_state circuit_breaker_kernel::state(instant now) const noexcept {
    if (mode_ == breaker_mode::forced_open) return circuit_state::open;
    if (mode_ != breaker_mode::automatic) return circuit_state::closed;
    return state_ == circuit_state::open && now >= open_until_ ? circuit_state::half_open : state_;
}

window_counts circuit_breaker_kernel::counts(instant now) const noexcept {
    switch (options_.window) {
        case breaker_window::time: return by_time_.counts(now);
        case breaker_window::count: return by_count_.counts();
        case breaker_window::consecutive: return {.calls = in_a_row_, .failures = in_a_row_, .slow = 0};
    }
    return {};
}

bool circuit_breaker_kernel::is_settled() const noexcept {
    if (!measures(mode_)) return true;
    switch (options_.window) {
        case breaker_window::time: return false;  // time forgets: every success counts
        case breaker_window::count: return by_count_.is_settled();
        case breaker_window::consecutive: return in_a_row_ == 0;
    }
    return false;
}

duration circuit_breaker_kernel::retry_after(instant now) const noexcept {
    if (mode_ == breaker_mode::forced_open) return options_.open_for;
    if (state_ == circuit_state::open) return std::max(between(now, open_until_), duration::zero());
    instant soonest = now;
    if (state_ == circuit_state::half_open && taken_ > 0) {
        soonest = never;
        for (const lease& l : leases_)
            if (l.number != 0) soonest = std::min(soonest, l.expires);
    } else if (ramping_) {
        soonest = add(since_, options_.ramp_for);
    }
    return std::max(between(now, soonest), duration::zero());
}

auto circuit_breaker_kernel::admit(instant now) -> admitted {
    if (mode_ == breaker_mode::forced_open) return {.retry_after = retry_after(now)};
    if (mode_ != breaker_mode::automatic) return {.ticket = circuit_ticket{.epoch = epoch_, .started = now}};
    if (state_ == circuit_state::closed)
        return ramping_ ? admit_ramping(now) : admitted{.ticket = circuit_ticket{.epoch = epoch_, .started = now}};
    if (state_ == circuit_state::open) {
        if (now < open_until_) return {.retry_after = retry_after(now)};
        const circuit_change change = enter(circuit_state::half_open, circuit_reason::time, now);
        admitted first = admit_probe(now);
        first.change = change;
        return first;
    }
    return admit_probe(now);
}

auto circuit_breaker_kernel::admit_probe(instant now) -> admitted {
    expire_leases(now);
    if (taken_ + probe_successes_ + probe_failures_ >= options_.probes) return {.retry_after = retry_after(now)};
    lease* const free = find_lease(0);
    *free = {.number = next_lease_, .expires = add(now, options_.probe_lease)};
    next_lease_ = next_lease_ + 1 == 0 ? 1 : next_lease_ + 1;
    ++taken_;
    return {.ticket = circuit_ticket{.epoch = epoch_, .lease = free->number, .started = now}};
}

/// Lets through an even share that grows from a tenth to all: by credit, so that it is exact and needs no dice.
auto circuit_breaker_kernel::admit_ramping(instant now) -> admitted {
    const duration elapsed = std::max(between(since_, now), duration::zero());
    if (elapsed >= options_.ramp_for) {
        ramping_ = false;
        return {.ticket = circuit_ticket{.epoch = epoch_, .started = now}};
    }
    const double share = static_cast<double>(elapsed.count()) / static_cast<double>(options_.ramp_for.count());
    ramp_credit_ += std::max(first_share_of_ramp, share);
    if (ramp_credit_ < 1.0) return {.retry_after = retry_after(now)};
    ramp_credit_ -= 1.0;
    return {.ticket = circuit_ticket{.epoch = epoch_, .started = now}};
}

auto circuit_breaker_kernel::settle(const circuit_ticket& ticket, circuit_verdict how, instant now,
                                    random_source& random, std::uint64_t elsewhere) -> std::optional<circuit_change> {
    if (ticket.epoch != epoch_) return {};
    if (!judges_dependency(how.meaning)) {
        abandon(ticket);
        return {};
    }
    if (ticket.lease != 0) return settle_probe(ticket, is_failure(how.meaning) || how.slow, now, random);
    if (state_ != circuit_state::closed || !measures(mode_)) return {};
    return mark({.failed = is_failure(how.meaning), .slow = how.slow}, now, elsewhere, random);
}

auto circuit_breaker_kernel::record(circuit_verdict how, instant now, random_source& random, std::uint64_t elsewhere)
    -> std::optional<circuit_change> {
    const admitted asked = admit(now);
    if (!asked.ticket) return asked.change;
    const auto change = settle(*asked.ticket, how, now, random, elsewhere);
    return change ? change : asked.change;
}

auto circuit_breaker_kernel::mark(call_mark m, instant now, std::uint64_t elsewhere, random_source& random)
    -> std::optional<circuit_change> {
    if (m.is_clean()) {
        add_successes(1, now);
        return {};
    }
    add_mark(m, now);
    window_counts seen = counts(now);
    if (options_.window == breaker_window::time) seen.calls += elsewhere;
    const auto why = verdict_of(seen);
    if (!why || mode_ == breaker_mode::forced_closed) return {};
    if (mode_ != breaker_mode::metrics_only) return trip(*why, seen, now, random);
    clear_window();
    return circuit_change{.from = state_, .to = state_, .reason = *why, .counts = seen, .only_would = true};
}

void circuit_breaker_kernel::add_mark(call_mark m, instant now) {
    in_a_row_ = m.failed ? in_a_row_ + 1 : 0;
    if (options_.window == breaker_window::count) by_count_.add(m);
    if (options_.window == breaker_window::time) by_time_.add(m, now);
}

void circuit_breaker_kernel::add_successes(std::uint64_t n, instant now) {
    if (n == 0) return;
    in_a_row_ = 0;
    if (options_.window == breaker_window::count) by_count_.add_successes(n);
    if (options_.window == breaker_window::time) by_time_.add_successes(n, now);
}

std::optional<circuit_reason> circuit_breaker_kernel::verdict_of(const window_counts& seen) const noexcept {
    if (options_.window == breaker_window::consecutive)
        return in_a_row_ >= options_.consecutive_failures ? std::optional{circuit_reason::consecutive_failures}
                                                          : std::nullopt;
    if (seen.calls < options_.minimum_calls) return {};
    if (seen.failure_rate() >= options_.failure_rate) return circuit_reason::failure_rate;
    if (options_.slow_after != forever && seen.slow_rate() >= options_.slow_rate) return circuit_reason::slow_rate;
    return {};
}

auto circuit_breaker_kernel::settle_probe(const circuit_ticket& t, bool failed, instant now, random_source& random)
    -> std::optional<circuit_change> {
    expire_leases(now);
    lease* const held = find_lease(t.lease);
    if (held == nullptr) return {};  // it had expired: another probe has its place
    release(*held);
    ++(failed ? probe_failures_ : probe_successes_);
    if (probe_successes_ >= options_.probe_successes) return enter(circuit_state::closed, circuit_reason::probes, now);
    if (probe_failures_ <= options_.probes - options_.probe_successes) return {};
    const window_counts probed{.calls = probe_successes_ + probe_failures_, .failures = probe_failures_, .slow = 0};
    return trip(circuit_reason::failed_probes, probed, now, random);
}

void circuit_breaker_kernel::abandon(const circuit_ticket& ticket) noexcept {
    if (ticket.epoch != epoch_ || ticket.lease == 0) return;
    if (lease* const held = find_lease(ticket.lease)) release(*held);
}

circuit_change circuit_breaker_kernel::trip(circuit_reason why, const window_counts& seen, instant now,
                                            random_source& random) {
    const bool was_healthy = state_ == circuit_state::closed && between(since_, now) >= options_.healthy_after;
    if (was_healthy) openings_in_a_row_ = 0;
    const duration open_time = next_open_time(random);
    ++openings_in_a_row_;
    circuit_change change = enter(circuit_state::open, why, now);
    open_until_ = add(now, open_time);
    change.counts = seen;
    change.open_for = open_time;
    return change;
}

duration circuit_breaker_kernel::next_open_time(random_source& random) const {
    const double growth = std::pow(options_.open_growth, static_cast<double>(openings_in_a_row_));
    const duration base = std::min(scale(options_.open_for, growth), options_.open_max);
    return add(base, random.below(scale(base, options_.open_jitter)));
}

circuit_change circuit_breaker_kernel::enter(circuit_state next, circuit_reason why, instant now) {
    const circuit_change change{.from = state_, .to = next, .reason = why};
    state_ = next;
    since_ = now;
    ++epoch_;
    taken_ = probe_successes_ = probe_failures_ = 0;
    leases_.assign(next == circuit_state::half_open ? options_.probes : 0, lease{});
    ramping_ = next == circuit_state::closed && options_.ramp_for > duration::zero() && why != circuit_reason::manual;
    ramp_credit_ = 0;
    clear_window();
    return change;
}

auto circuit_breaker_kernel::open(instant now, random_source& random) -> std::optional<circuit_change> {
    if (state(now) == circuit_state::open) return {};
    return trip(circuit_reason::manual, counts(now), now, random);
}

auto circuit_breaker_kernel::close(instant now) -> std::optional<circuit_change> {
    if (state_ == circuit_state::closed) return {};
    openings_in_a_row_ = 0;
    return enter(circuit_state::closed, circuit_reason::manual, now);
}

auto circuit_breaker_kernel::set_mode(breaker_mode mode, instant now) -> std::optional<circuit_change> {
    if (mode == mode_) return {};
    const circuit_state before = state(now);
    mode_ = mode;
    circuit_change change = enter(circuit_state::closed, circuit_reason::manual, now);
    change.from = before;
    change.to = state(now);
    return change.from == change.to ? std::nullopt : std::optional{change};
}

circuit_snapshot circuit_breaker_kernel::snapshot(instant now) const noexcept {
    const circuit_state seen = state_;
    return {
        .state = seen,
        .open_left = seen == circuit_state::open ? std::max(between(now, open_until_), duration::zero()) : duration{},
        .openings_in_a_row = openings_in_a_row_,
        .counts = counts(now)};
}

void circuit_breaker_kernel::restore(const circuit_snapshot& kept, instant now) {
    enter(kept.state, circuit_reason::manual, now);
    openings_in_a_row_ = kept.openings_in_a_row;
    if (kept.state == circuit_state::open) open_until_ = add(now, std::min(kept.open_left, options_.open_max));
    if (kept.state != circuit_state::closed) return;
    constexpr std::uint64_t most = 1'000'000;  // a snapshot comes from outside: its numbers are not trusted
    const std::uint64_t failures = std::min({kept.counts.failures, kept.counts.calls, most});
    add_successes(std::min(kept.counts.calls - failures, most), now);
    for (std::uint64_t i = 0; i < failures; ++i) add_mark({.failed = true}, now);
}

auto circuit_breaker_kernel::find_lease(std::uint32_t number) noexcept -> lease* {
    const auto found = std::ranges::find(leases_, number, &lease::number);
    return found == leases_.end() ? nullptr : &*found;
}

void circuit_breaker_kernel::release(lease& l) noexcept {
    l = {};
    --taken_;
}

void circuit_breaker_kernel::expire_leases(instant now) noexcept {
    for (lease& l : leases_)
        if (l.number != 0 && l.expires <= now) release(l);
}

void circuit_breaker_kernel::clear_window() noexcept {
    by_count_.clear();
    by_time_.clear();
    in_a_row_ = 0;
}

}  // namespace cutwater
