#include "cutwater/policy/endpoints/kernel.hpp"

#include <algorithm>

namespace cutwater {

endpoint_reading reading_of(const endpoint& what, const endpoint_ejections::health& state,
                            const endpoint_tally& tally) {
    const endpoint_state is = state.ejected     ? endpoint_state::ejected
                              : state.returning ? endpoint_state::returning
                                                : endpoint_state::healthy;
    return {.address = what.address,
            .zone = what.zone,
            .weight = what.weight,
            .state = is,
            .until = is == endpoint_state::healthy ? instant{} : state.until,
            .in_flight = 0,
            .latency = {},
            .success_rate = tally.calls() > 0 ? tally.success_rate() : state.last_rate,
            .calls = tally.calls(),
            .ejections = state.ejections};
}

endpoints_kernel::endpoints_kernel(const endpoints_options& options) : options_{&options}, ejections_{options} {
    (void)replace(options.each, instant::min());
}

endpoints_kernel::state* endpoints_kernel::find(std::uint32_t id) noexcept {
    const auto found = std::ranges::find(at_, id, &state::id);
    return found == at_.end() ? nullptr : &*found;
}

endpoint_load endpoints_kernel::load_of(std::size_t place, instant now) const noexcept {
    const state& s = at_[plan_.entries[place].place];
    const double weight = plan_.entries[place].weight;
    if (options_->picker == endpoint_picker::least_latency)
        return {s.in_flight / weight, weight, s.latency.read(now, options_->latency_memory)};
    const double failed = s.latency.failures_as_calls(s.tally.consecutive, now, options_->latency_memory);
    return {.waiting = (s.in_flight + failed) / weight, .weight = weight};
}

void endpoints_kernel::begin_epochs(std::span<const endpoint_change> changes) {
    for (const endpoint_change& c : changes) {
        if (c.what != endpoint_change::kind::ejected && c.what != endpoint_change::kind::returned) continue;
        state& s = at_[c.place];
        s.tally = c.what == endpoint_change::kind::ejected ? s.tally.next_ejected() : s.tally.next_in_use();
        s.latency = {};
    }
}

void endpoints_kernel::make_plan(instant now, endpoint_changes& changes) {
    begin_epochs(changes);
    plan_ = ejections_.plan(now, changes);
}

endpoint_changes endpoints_kernel::advance(instant now) {
    endpoint_changes changes;
    if (now < plan_.until) return changes;
    const bool compares = ejections_.is_interval_over(now);
    std::vector<endpoint_tally> tallies;
    for (const state& s : at_) tallies.push_back(s.tally);
    ejections_.advance(now, tallies, changes);
    if (compares)
        for (state& s : at_) s.tally = s.tally.without_calls();
    make_plan(now, changes);
    return changes;
}

auto endpoints_kernel::admit(instant now, random_source& dice, const tried_targets& tried) -> answer {
    answer given;
    ejections_.stir(dice);
    given.changes = advance(now);
    const auto picked = pick(
        plan_, dice,
        endpoint_mark{!tried.empty(), [&](std::size_t i) { return tried.contains(at_[plan_.entries[i].place].id); }},
        endpoint_mark{true, [&](std::size_t i) { return at_[plan_.entries[i].place].rests_until > now; }},
        [&](std::size_t i) { return load_of(i, now); });
    if (picked)
        given.sent = send(at_[plan_.entries[*picked].place].id, now);
    else if (plan_.more_at != never)
        given.retry_after = between(now, plan_.more_at);
    return given;
}

bool endpoints_kernel::may_send(std::uint32_t id, const tried_targets& tried) const {
    const auto has = [&](const endpoint_plan::entry& e) { return at_[e.place].id == id; };
    const auto is_untried = [&](const endpoint_plan::entry& e) { return !tried.contains(at_[e.place].id); };
    if (plan_.passes == 0 || std::ranges::none_of(plan_.entries, has)) return false;
    return !tried.contains(id) || std::ranges::none_of(plan_.entries, is_untried);
}

auto endpoints_kernel::send(std::uint32_t id, instant now) -> ticket {
    state& s = *find(id);
    ++s.in_flight;
    return {.id = id, .epoch = s.tally.epoch, .began = now};
}

endpoint_changes endpoints_kernel::settle(const ticket& t, endpoint_end how, instant now) {
    abandon(t);
    return count(t, how, now);
}

endpoint_changes endpoints_kernel::count(const ticket& t, endpoint_end how, instant now) {
    endpoint_changes changes;
    state* const s = find(t.id);
    if (s == nullptr || how == endpoint_end::neutral || !s->tally.takes(t.epoch)) return changes;
    const duration took = std::max(between(t.began, now), duration::zero());
    s->latency.learn(how == endpoint_end::failure ? std::max(took, options_->failure_penalty) : took, now,
                     options_->latency_memory);
    if (how == endpoint_end::success)
        s->tally = s->tally.with_success();
    else
        fail(*s, now, changes);
    return changes;
}

void endpoints_kernel::fail(state& s, instant now, endpoint_changes& changes) {
    s.tally = s.tally.with_failure();
    if (options_->consecutive_failures == 0 || s.tally.consecutive < options_->consecutive_failures) return;
    s.tally = s.tally.without_row();
    if (!ejections_.may_eject()) return;
    ejections_.eject(static_cast<std::size_t>(&s - at_.data()), ejection_cause::consecutive_failures, now, changes);
    make_plan(now, changes);
}

void endpoints_kernel::abandon(const ticket& t) noexcept {
    state* const s = find(t.id);
    --(s == nullptr ? gone_in_flight_ : s->in_flight);
}

void endpoints_kernel::rest(const ticket& t, instant until) noexcept {
    if (state* const s = find(t.id)) s->rests_until = std::max(s->rests_until, until);
}

void endpoints_kernel::lose(const ticket& t, instant at) noexcept {
    state* const s = find(t.id);
    if (s != nullptr && s->tally.takes(t.epoch))
        s->latency.learn_at_least(between(t.began, at), at, options_->latency_memory);
}

bool endpoints_kernel::has_awake(instant now) const noexcept {
    return std::ranges::any_of(plan_.entries,
                               [&](const endpoint_plan::entry& e) { return at_[e.place].rests_until <= now; });
}

endpoint_changes endpoints_kernel::replace(const endpoint_list& list, instant now) {
    endpoint_changes changes;
    std::vector<endpoint_ejections::member> members;
    std::vector<state> next;
    for (const endpoint& e : list) {
        const bool is_ours = options_->zone.empty() || e.zone == options_->zone;
        const auto stays =
            std::ranges::find(at_, e.address, [](const state& s) -> const std::string& { return s.what.address; });
        members.push_back({.weight = e.weight, .is_ours = is_ours});
        if (stays == at_.end()) {
            next.push_back({.id = ++last_id_, .what = e, .tally = endpoint_tally{}.next_in_use()});
            continue;
        }
        members.back().state = ejections_.members()[static_cast<std::size_t>(stays - at_.begin())].state;
        next.push_back(*stays);
        next.back().what = e;
    }
    for (const state& s : at_)
        if (std::ranges::find(next, s.id, &state::id) == next.end()) gone_in_flight_ += s.in_flight;
    at_ = std::move(next);
    ejections_.replace(std::move(members), now, changes);
    make_plan(now, changes);
    return changes;
}

endpoints_reading endpoints_kernel::read(instant now) const {
    endpoints_reading out{ejections_.panics(), ejections_.healthy(), plan_.passes, {}};
    for (std::size_t i = 0; i < at_.size(); ++i) {
        const state& s = at_[i];
        out.each.push_back(reading_of(s.what, ejections_.members()[i].state, s.tally));
        out.each.back().in_flight = s.in_flight;
        out.each.back().latency = duration{static_cast<duration::rep>(s.latency.read(now, options_->latency_memory))};
    }
    return out;
}

}  // namespace cutwater
