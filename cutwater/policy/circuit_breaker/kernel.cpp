#include "cutwater/policy/circuit_breaker/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cutwater {

namespace {

constexpr double whole_call = 1'000'000;  // of ramp credit
constexpr double first_share_of_ramp = 0.1;

bool measures(breaker_mode m) { return m != breaker_mode::disabled && m != breaker_mode::forced_open; }

}  // namespace

circuit_breaker_kernel::circuit_breaker_kernel(const circuit_breaker_options& options)
    : options_{&options}, mode_{options.mode}, window_{make_window(options)} {}

circuit_state circuit_breaker_kernel::state(instant now) const noexcept {
    if (mode_ == breaker_mode::forced_open) return circuit_state::open;
    return state_ == circuit_state::open && now >= open_until_ ? circuit_state::half_open : state_;
}

window_counts circuit_breaker_kernel::counts(instant now) const noexcept {
    return std::visit([&](const auto& window) { return window.counts(now); }, window_);
}

bool circuit_breaker_kernel::admits_all() const noexcept {
    return mode_ != breaker_mode::forced_open && state_ == circuit_state::closed && !ramping_;
}

bool circuit_breaker_kernel::refuses_all() const noexcept {
    return mode_ == breaker_mode::forced_open || state_ == circuit_state::open;
}

bool circuit_breaker_kernel::is_settled() const noexcept {
    return !measures(mode_) || std::visit([](const auto& window) { return window.is_settled(); }, window_);
}

bool circuit_breaker_kernel::is_fresh(instant now) const noexcept {
    const bool ramps = ramping_ && between(since_, now) < options_->ramp_for;
    const bool grows = openings_in_a_row_ > 0 && !is_healthy(now);
    return mode_ == options_->mode && state_ == circuit_state::closed && !ramps && !grows &&
           std::visit([&](const auto& window) { return window.is_empty(now); }, window_);
}

/// Closed for so long that what was before it is forgotten.
bool circuit_breaker_kernel::is_healthy(instant now) const noexcept {
    return state_ == circuit_state::closed && between(since_, now) >= options_->healthy_after;
}

duration circuit_breaker_kernel::retry_after(instant now) const noexcept {
    if (mode_ == breaker_mode::forced_open) return options_->open_for;
    instant soonest = now;
    if (state_ == circuit_state::open) soonest = open_until_;
    if (ramping_) soonest = add(since_, options_->ramp_for);
    if (leases_taken() > 0) soonest = std::ranges::min(round_->leases, {}, &lease::expires).expires;
    return std::max(between(now, soonest), duration::zero());
}

auto circuit_breaker_kernel::admit(instant now) -> admitted {
    if (mode_ == breaker_mode::forced_open) return {.retry_after = retry_after(now)};
    if (state_ == circuit_state::closed) return ramping_ ? admit_ramping(now) : admitted{.ticket = ticket(now)};
    if (state_ == circuit_state::half_open) return admit_probe(now);
    if (now < open_until_) return {.retry_after = retry_after(now)};
    const circuit_change change = enter(circuit_state::half_open, circuit_reason::time, now);
    admitted first = admit_probe(now);
    first.change = change;
    return first;
}

auto circuit_breaker_kernel::admit_probe(instant now) -> admitted {
    probe_round& round = *round_;
    round.expire(now);
    if (round.taken() + round.successes + round.failures >= options_->probes) return {.retry_after = retry_after(now)};
    if (++round.last_lease == 0) ++round.last_lease;
    round.leases.push_back({.number = round.last_lease, .expires = add(now, options_->probe_lease)});
    return {.ticket = circuit_ticket{.epoch = epoch_, .lease = round.last_lease, .started = now}};
}

/// Lets through an even share that grows from a tenth to all: by credit, so that it is exact and needs no dice.
auto circuit_breaker_kernel::admit_ramping(instant now) -> admitted {
    const duration elapsed = std::max(between(since_, now), duration::zero());
    if (elapsed >= options_->ramp_for) {
        ramping_ = false;
        return {.ticket = ticket(now)};
    }
    const double share = static_cast<double>(elapsed.count()) / static_cast<double>(options_->ramp_for.count());
    ramp_credit_ += static_cast<unsigned>(whole_call * std::max(first_share_of_ramp, share));
    if (ramp_credit_ < static_cast<unsigned>(whole_call)) return {.retry_after = retry_after(now)};
    ramp_credit_ -= static_cast<unsigned>(whole_call);
    return {.ticket = ticket(now)};
}

auto circuit_breaker_kernel::settle(const circuit_ticket& ticket, circuit_verdict how, instant now,
                                    random_source& random) -> std::optional<circuit_change> {
    if (ticket.epoch != epoch_) return {};
    if (!judges_dependency(how.meaning)) {
        abandon(ticket);
        return {};
    }
    const bool failed = is_failure(how.meaning);
    if (ticket.lease != 0) return settle_probe(ticket, failed || how.slow, now, random);
    if (state_ != circuit_state::closed || !measures(mode_)) return {};
    return mark({.failed = failed, .slow = how.slow}, now, random);
}

auto circuit_breaker_kernel::record(circuit_verdict how, instant now, random_source& random)
    -> std::optional<circuit_change> {
    if (state_ == circuit_state::closed) return settle(ticket(now), how, now, random);
    const admitted asked = admit(now);
    if (!asked.ticket) return asked.change;
    auto change = settle(*asked.ticket, how, now, random);
    if (!change) return asked.change;
    if (asked.change) change->from = asked.change->from;
    return change;
}

auto circuit_breaker_kernel::mark(call_mark m, instant now, random_source& random) -> std::optional<circuit_change> {
    add_mark(m, 1, now);
    if (m.is_clean()) return {};
    const window_counts seen = counts(now);
    const auto why = verdict_of(seen);
    if (!why || mode_ == breaker_mode::forced_closed) return {};
    if (mode_ != breaker_mode::metrics_only) return trip(*why, seen, now, random);
    circuit_change change = enter(circuit_state::closed, *why, now);
    change.counts = seen;
    change.only_would = true;
    return change;
}

void circuit_breaker_kernel::add_mark(call_mark m, std::uint64_t n, instant now) {
    if (n > 0) std::visit([&](auto& window) { window.add(m, n, now); }, window_);
}

void circuit_breaker_kernel::add_successes(std::uint64_t n, instant now) { add_mark({}, n, now); }

std::optional<circuit_reason> circuit_breaker_kernel::verdict_of(const window_counts& seen) const noexcept {
    if (options_->window == breaker_window::consecutive)
        return seen.failures >= options_->consecutive_failures ? std::optional{circuit_reason::consecutive_failures}
                                                               : std::nullopt;
    if (seen.calls < options_->minimum_calls) return {};
    if (seen.failure_rate() >= options_->failure_rate) return circuit_reason::failure_rate;
    if (options_->slow_after != forever && seen.slow_rate() >= options_->slow_rate) return circuit_reason::slow_rate;
    return {};
}

auto circuit_breaker_kernel::settle_probe(const circuit_ticket& t, bool failed, instant now, random_source& random)
    -> std::optional<circuit_change> {
    if (!round_) return {};
    probe_round& round = *round_;
    round.expire(now);
    if (!round.give_back(t.lease)) return {};  // it had expired: another probe has its place
    ++(failed ? round.failures : round.successes);
    if (round.successes >= options_->probe_successes) return enter(circuit_state::closed, circuit_reason::probes, now);
    if (round.failures <= options_->probes - options_->probe_successes) return {};
    const window_counts probed{.calls = round.successes + round.failures, .failures = round.failures, .slow = 0};
    return trip(circuit_reason::failed_probes, probed, now, random);
}

void circuit_breaker_kernel::abandon(const circuit_ticket& ticket) noexcept {
    if (ticket.epoch == epoch_ && round_) (void)round_->give_back(ticket.lease);
}

void circuit_breaker_kernel::probe_round::expire(instant now) noexcept {
    std::erase_if(leases, [&](const lease& l) { return l.expires <= now; });
}

bool circuit_breaker_kernel::probe_round::give_back(std::uint32_t number) noexcept {
    return std::erase_if(leases, [&](const lease& l) { return l.number == number; }) > 0;
}

circuit_change circuit_breaker_kernel::trip(circuit_reason why, const window_counts& seen, instant now,
                                            random_source& random) {
    if (is_healthy(now)) openings_in_a_row_ = 0;
    const duration open_time = next_open_time(random);
    circuit_change change = enter(circuit_state::open, why, now);
    if (openings_in_a_row_ < std::numeric_limits<unsigned>::max()) ++openings_in_a_row_;
    open_until_ = add(now, open_time);
    change.counts = seen;
    change.open_for = open_time;
    return change;
}

duration circuit_breaker_kernel::next_open_time(random_source& random) const {
    const double growth = std::pow(options_->open_growth, static_cast<double>(openings_in_a_row_));
    const duration base = std::min(scale(options_->open_for, growth), options_->open_max);
    return add(base, random.below(scale(base, options_->open_jitter)));
}

/// Begins an epoch.
circuit_change circuit_breaker_kernel::enter(circuit_state next, circuit_reason why, instant now) {
    if (is_healthy(now)) openings_in_a_row_ = 0;
    boxed<probe_round> round;
    if (next == circuit_state::half_open) round.make().leases.reserve(options_->probes);
    round_ = std::move(round);
    const circuit_change change{.from = std::exchange(state_, next), .to = next, .reason = why};
    if (++epoch_ == 0) ++epoch_;
    since_ = now;
    ramping_ = why == circuit_reason::probes && options_->ramp_for > duration::zero();
    ramp_credit_ = 0;
    std::visit([](auto& window) { window.clear(); }, window_);
    return change;
}

auto circuit_breaker_kernel::open(instant now, random_source& random) -> std::optional<circuit_change> {
    const circuit_state before = state(now);
    if (mode_ != breaker_mode::automatic || before == circuit_state::open) return {};
    circuit_change change = trip(circuit_reason::manual, counts(now), now, random);
    change.from = before;
    return change;
}

auto circuit_breaker_kernel::close(instant now) -> std::optional<circuit_change> {
    const circuit_state before = state(now);
    ramping_ = false;
    if (state_ == circuit_state::closed) return {};
    openings_in_a_row_ = 0;
    circuit_change change = enter(circuit_state::closed, circuit_reason::manual, now);
    change.from = before;
    return change;
}

auto circuit_breaker_kernel::probe(instant now) -> std::optional<circuit_change> {
    if (mode_ != breaker_mode::automatic || state(now) == circuit_state::half_open) return {};
    return enter(circuit_state::half_open, circuit_reason::manual, now);
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
    circuit_snapshot kept{
        .state = state_, .openings_in_a_row = is_healthy(now) ? 0 : openings_in_a_row_, .counts = counts(now)};
    if (state_ == circuit_state::open) kept.open_left = std::max(between(now, open_until_), duration::zero());
    return kept;
}

void circuit_breaker_kernel::restore(const circuit_snapshot& kept, instant now) {
    const bool has_state = mode_ == breaker_mode::automatic &&
                           (kept.state == circuit_state::open || kept.state == circuit_state::half_open);
    enter(has_state ? kept.state : circuit_state::closed, circuit_reason::manual, now);
    openings_in_a_row_ = kept.openings_in_a_row;
    const duration longest = add(options_->open_max, scale(options_->open_max, options_->open_jitter));
    open_until_ = add(now, std::clamp(kept.open_left, duration::zero(), longest));
    if (state_ == circuit_state::closed && measures(mode_)) refill(kept.counts, now);
}

/// Marks that add up to what was kept; which call was slow and which failed is not known any more.
void circuit_breaker_kernel::refill(const window_counts& kept, instant now) {
    constexpr std::uint64_t most = 1'000'000'000;
    const std::uint64_t calls = std::min(kept.calls, most);
    const std::uint64_t failures = std::min(kept.failures, calls);
    const std::uint64_t slow = std::min(kept.slow, calls);
    const std::uint64_t both = failures + slow > calls ? failures + slow - calls : 0;
    add_mark({}, calls - failures - slow + both, now);
    add_mark({.slow = true}, slow - both, now);
    add_mark({.failed = true}, failures - both, now);
    add_mark({.failed = true, .slow = true}, both, now);
}

}  // namespace cutwater
