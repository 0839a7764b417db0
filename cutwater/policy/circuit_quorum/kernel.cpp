#include "cutwater/policy/circuit_quorum/kernel.hpp"

#include <algorithm>

namespace cutwater {

namespace {

constexpr int times_stale = 3;  // then it is forgotten

}  // namespace

circuit_quorum_kernel::circuit_quorum_kernel(const circuit_quorum_options& o) noexcept
    : stale_after_{o.stale_after}, open_at_least_{o.open_at_least}, quorum_{o.quorum}, min_instances_{o.min_instances},
      max_instances_{o.max_instances} {}

void circuit_quorum_kernel::hear(const circuit_bulletin& said, std::uint64_t mine, instant now) {
    std::vector<heard> seen;
    seen.reserve(said.reports.size());
    for (const circuit_report& report : said.reports) {
        if (report.instance == mine) continue;
        const heard* const before = find(report.instance);
        if (before != nullptr && before->last.number == report.number)
            seen.push_back(*before);
        else
            seen.push_back({.last = report, .changed = now, .is_alive = before != nullptr});
    }
    others_ = std::move(seen);
}

circuit_bulletin circuit_quorum_kernel::compose(const circuit_bulletin& said, const circuit_report& ours,
                                                instant now) const {
    circuit_bulletin next;
    for (const circuit_report& report : said.reports)
        if (report.instance != ours.instance && !is_forgotten(report.instance, now)) next.reports.push_back(report);
    if (next.reports.size() < max_instances_) next.reports.push_back(ours);
    return next;
}

circuit_advice circuit_quorum_kernel::advise(circuit_state ours, instant now, instant open_until) {
    const circuit_tally others = tally(now);
    const bool most_open = is_quorum(others.open, others.all());
    const bool most_closed = is_quorum(others.closed, others.all());
    const bool has_risen = most_open && !was_most_open_;
    was_most_open_ = most_open;
    if (ours == circuit_state::closed || !most_closed) has_heeded_closed_ = false;
    const bool is_long_open = in_state_for(ours, now, open_until) >= open_at_least_;
    if (has_risen && ours == circuit_state::closed) return circuit_advice::others_open;
    if (!most_closed || ours != circuit_state::open || !is_long_open || has_heeded_closed_) return circuit_advice::none;
    has_heeded_closed_ = true;
    return circuit_advice::others_closed;
}

circuit_tally circuit_quorum_kernel::tally(instant now) const noexcept {
    circuit_tally counted;
    for (const heard& h : others_) {
        if (!is_fresh(h, now)) continue;
        const bool is_over = between(h.changed, now) >= h.last.open_left;
        if (h.last.state == circuit_state::closed)
            ++counted.closed;
        else if (h.last.state == circuit_state::open && !is_over)
            ++counted.open;
        else
            ++counted.half_open;
    }
    return counted;
}

duration circuit_quorum_kernel::in_state_for(circuit_state ours, instant now, instant open_until) noexcept {
    const bool is_another_opening = ours == circuit_state::open && open_until != own_open_until_;
    if (ours != own_ || is_another_opening || own_since_ == instant::min()) {
        own_ = ours;
        own_since_ = now;
        own_open_until_ = open_until;
    }
    return std::max(between(own_since_, now), duration::zero());
}

auto circuit_quorum_kernel::find(std::uint64_t instance) const noexcept -> const heard* {
    const auto found = std::ranges::find_if(others_, [&](const heard& h) { return h.last.instance == instance; });
    return found != others_.end() ? &*found : nullptr;
}

bool circuit_quorum_kernel::is_fresh(const heard& h, instant now) const noexcept {
    return h.is_alive && between(h.changed, now) <= stale_after_;
}

bool circuit_quorum_kernel::is_forgotten(std::uint64_t instance, instant now) const noexcept {
    const heard* const h = find(instance);
    return h != nullptr && between(h->changed, now) > times_stale * stale_after_;
}

bool circuit_quorum_kernel::is_quorum(unsigned agree, unsigned of) const noexcept {
    return agree >= min_instances_ && static_cast<double>(agree) >= quorum_ * static_cast<double>(of);
}

}  // namespace cutwater
