#include "cutwater/policy/endpoints/ejections.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace cutwater {

namespace {

constexpr int ramp_steps = 10;

using member = endpoint_ejections::member;

double sum_of(const std::vector<member>& members, auto&& weight) {
    return std::accumulate(members.begin(), members.end(), 0.0,
                           [&](double sum, const member& m) { return sum + weight(m); });
}

/// 0 where there is nothing to have a share of.
double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

// ---- who is ejected ----

unsigned endpoint_ejections::most_ejected() const noexcept {
    const auto most = static_cast<unsigned>(options_->max_ejected * count() + 1e-9);
    return std::max(most, count() > 1 && options_->max_ejected > 0 ? 1U : 0U);
}

duration endpoint_ejections::length_for(std::size_t place) const noexcept {
    const health& h = members_[place].state;
    const duration longest = std::min(scale(options_->base_ejection, h.in_a_row), options_->max_ejection);
    if (options_->ejection_jitter == 0) return longest;
    random_source chance{salt_ ^ (std::uint64_t{place} << 32U | h.ejections)};
    return longest - chance.below(scale(longest, options_->ejection_jitter));
}

void endpoint_ejections::eject(std::size_t place, ejection_cause cause, instant now, endpoint_changes& changes) {
    health& h = members_[place].state;
    ++ejected_;
    ++h.in_a_row;
    ++h.ejections;
    h.ejected = true;
    h.returning = false;
    h.since = now;
    const duration how_long = length_for(place);
    h.until = add(now, how_long);
    changes.push_back({.what = endpoint_change::kind::ejected,
                       .place = place,
                       .cause = cause,
                       .how_long = how_long,
                       .in_a_row = h.in_a_row,
                       .ejected_now = ejected_,
                       .of = count()});
}

void endpoint_ejections::put_back(std::size_t place, instant now, endpoint_changes& changes) {
    health& h = members_[place].state;
    --ejected_;
    h.ejected = false;
    h.returning = options_->ramp > duration::zero();
    h.since = now;
    h.until = add(now, options_->ramp);
    changes.push_back({.what = endpoint_change::kind::returned,
                       .place = place,
                       .how_long = options_->ramp,
                       .ejected_now = ejected_,
                       .of = count()});
}

void endpoint_ejections::replace(std::vector<member> members, instant now, endpoint_changes& changes) {
    members_ = std::move(members);
    ejected_ = static_cast<unsigned>(std::ranges::count_if(members_, [](const member& m) { return m.state.ejected; }));
    put_back_those_in_excess(now, changes);
}

void endpoint_ejections::put_back_those_in_excess(instant now, endpoint_changes& changes) {
    if (ejected_ <= most_ejected()) return;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < members_.size(); ++i)
        if (members_[i].state.ejected) places.push_back(i);
    std::ranges::sort(places, {}, [&](std::size_t i) { return std::pair{members_[i].state.until, i}; });
    places.resize(ejected_ - most_ejected());
    for (const std::size_t i : places) put_back(i, now, changes);
}

void endpoint_ejections::advance(instant now, std::span<const endpoint_tally> tallies, endpoint_changes& changes) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        health& h = members_[i].state;
        if (now < h.until) continue;
        h.returning = false;
        if (h.ejected) put_back(i, now, changes);
    }
    if (!is_interval_over(now)) return;
    if (compare_at_ != instant::min()) compare(now, tallies, changes);
    compare_at_ = add(now, options_->interval);
}

// ---- the comparison of an interval ----

void endpoint_ejections::compare(instant now, std::span<const endpoint_tally> tallies, endpoint_changes& changes) {
    const auto passed = static_cast<std::uint64_t>(between(compare_at_, now) / options_->interval) + 1;
    for (std::size_t i = 0; i < members_.size(); ++i)
        if (tallies[i].calls() > 0) members_[i].state.last_rate = tallies[i].success_rate();
    compare_success_rates(now, tallies, changes);
    compare_failure_shares(now, tallies, changes);
    const auto has_just_changed = [&](const health& h) { return h.ejected || (h.ejections > 0 && h.since == now); };
    for (member& m : members_)
        if (!has_just_changed(m.state))
            m.state.in_a_row -= static_cast<unsigned>(std::min<std::uint64_t>(passed, m.state.in_a_row));
}

void endpoint_ejections::compare_success_rates(instant now, std::span<const endpoint_tally> tallies,
                                               endpoint_changes& changes) {
    if (options_->success_rate_factor == 0) return;
    const auto has_enough = [&](const endpoint_tally& t) {
        return t.ejected == 0 && t.calls() >= options_->success_rate_calls;
    };
    std::vector<double> rates;
    for (const endpoint_tally& t : tallies)
        if (has_enough(t)) rates.push_back(t.success_rate());
    if (rates.size() < options_->success_rate_endpoints) return;
    const auto n = static_cast<double>(rates.size());
    const double mean = std::reduce(rates.begin(), rates.end()) / n;
    const double squares = std::transform_reduce(rates.begin(), rates.end(), 0.0, std::plus{},
                                                 [&](double r) { return (r - mean) * (r - mean); });
    const double least = mean - options_->success_rate_factor * std::sqrt(squares / n);
    for (std::size_t i = 0; i < tallies.size() && may_eject(); ++i)
        if (!members_[i].state.ejected && has_enough(tallies[i]) && tallies[i].success_rate() < least)
            eject(i, ejection_cause::success_rate, now, changes);
}

void endpoint_ejections::compare_failure_shares(instant now, std::span<const endpoint_tally> tallies,
                                                endpoint_changes& changes) {
    const auto has_enough = [&](const endpoint_tally& t) {
        return t.ejected == 0 && t.calls() >= options_->failure_share_calls;
    };
    if (std::ranges::count_if(tallies, has_enough) < static_cast<std::ptrdiff_t>(options_->failure_share_endpoints))
        return;
    for (std::size_t i = 0; i < tallies.size() && may_eject(); ++i)
        if (!members_[i].state.ejected && has_enough(tallies[i]) &&
            1 - tallies[i].success_rate() > options_->max_failure_share)
            eject(i, ejection_cause::failure_share, now, changes);
}

// ---- what the others are drawn by ----

double endpoint_ejections::healthy() const noexcept {
    return share(sum_of(members_, [](const member& m) { return m.state.ejected ? 0 : m.weight; }),
                 sum_of(members_, [](const member& m) { return m.weight; }));
}

double endpoint_ejections::weight_of(const member& m, instant now) const noexcept {
    if (!m.state.returning) return m.weight;
    const duration step = std::max(duration{1}, options_->ramp / ramp_steps);
    const auto done = std::clamp<duration::rep>(between(m.state.since, now) / step, 0, ramp_steps - 1) + 1;
    return m.weight * static_cast<double>(done) / ramp_steps;
}

instant endpoint_ejections::next_step(const health& h, instant now, duration ramp) noexcept {
    if (h.ejected) return h.until;
    if (!h.returning) return never;
    const duration step = std::max(duration{1}, ramp / ramp_steps);
    const auto done = std::clamp<duration::rep>(between(h.since, now) / step, 0, ramp_steps);
    return std::min(h.until, add(h.since, step * (done + 1)));
}

instant endpoint_ejections::next_return(instant now) const noexcept {
    instant next = never;
    for (const member& m : members_) next = std::min(next, next_step(m.state, now, options_->ramp));
    return next;
}

void endpoint_ejections::look_at_panic(endpoint_changes& changes) {
    const bool before = panics_;
    panics_ = !members_.empty() && options_->when_few == few_healthy::use_all && healthy() < options_->healthy_enough;
    if (panics_ == before) return;
    changes.push_back({.what = panics_ ? endpoint_change::kind::panic_began : endpoint_change::kind::panic_ended,
                       .ejected_now = ejected_,
                       .of = count()});
}

void endpoint_ejections::add_candidates(endpoint_plan& made, instant now) const {
    const auto add_those = [&](auto&& belong) {
        for (std::size_t i = 0; i < members_.size(); ++i) {
            const member& m = members_[i];
            if (!belong(m) || (m.state.ejected && !panics_)) continue;
            const double weight = panics_ ? m.weight : weight_of(m, now);
            const double before = made.entries.empty() ? 0 : made.entries.back().upto;
            if (!made.entries.empty() && made.entries.back().weight != weight) made.is_even = false;
            made.entries.push_back({.place = i, .weight = weight, .upto = before + weight});
        }
    };
    if (panics_) {
        add_those([](const member&) { return true; });
        made.ours = made.size();
        return;
    }
    add_those([](const member& m) { return m.is_ours; });
    made.ours = made.size();
    add_those([](const member& m) { return !m.is_ours; });
}

endpoint_plan endpoint_ejections::plan(instant now, endpoint_changes& changes) {
    look_at_panic(changes);
    const instant more_at = next_return(now);
    endpoint_plan made;
    made.until = std::min(compare_at_, more_at);
    made.more_at = more_at;
    add_candidates(made, now);
    if (panics_ || made.entries.empty()) {
        made.passes = made.entries.empty() ? 0 : 1;
        return made;
    }
    const auto whole = [](const member& m) { return m.weight; };
    const double usable = share(made.entries.back().upto, sum_of(members_, whole));
    if (options_->when_few == few_healthy::refuse && usable < options_->healthy_enough)
        made.passes = usable / options_->healthy_enough;
    if (made.ours == 0 || made.ours == made.size()) return made;
    const double ours = sum_of(members_, [](const member& m) { return m.is_ours ? m.weight : 0; });
    made.stays = std::min(1.0, share(made.entries[made.ours - 1].upto, ours) / options_->zone_enough);
    return made;
}

}  // namespace cutwater
