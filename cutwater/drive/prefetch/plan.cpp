#include "cutwater/drive/prefetch/plan.hpp"

#include <utility>

namespace cutwater {

std::optional<prefetch_ticket> prefetch_plan::add(const cache_key& key) {
    if (keys_.size() >= options_.max_keys) return std::nullopt;
    resting_.make_room(keys_.size() + 1);
    const auto [at, is_new] = keys_.try_emplace(detail::kept_key{key});
    if (!is_new) return std::nullopt;
    at->second.number = ++numbers_;
    at->second.key = &at->first;
    return prefetch_ticket{.key = at->first, .number = numbers_, .born = {}, .stop = at->second.stop.get_token()};
}

std::optional<std::stop_source> prefetch_plan::remove(const cache_key& key) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return std::nullopt;
    if (found->second.rests) resting_.remove(found->second);
    (void)forget_failures(found->second);
    std::stop_source stop = std::move(found->second.stop);
    keys_.erase(found);
    return stop;
}

std::optional<prefetch_news> prefetch_plan::hear(prefetch_report report, instant now, double share) {
    const auto found = keys_.find(report.of.key);
    if (found == keys_.end() || found->second.number != report.of.number || found->second.rests) return std::nullopt;
    entry& e = found->second;
    const std::optional<instant> taken = std::exchange(e.taken, std::nullopt);
    switch (report.what) {
        case prefetch_report::kind::refreshed: e.begun = taken; [[fallthrough]];
        case prefetch_report::kind::unneeded: return refreshed(e, std::move(report), now, share);
        case prefetch_report::kind::failed: e.begun = taken; return failed(e, std::move(report), now, share);
        case prefetch_report::kind::declared: break;
    }
    if (report.value) e.born = report.value->born;
    rest(e, report.value ? kernel_.before_it_ends(*report.value, std::nullopt, share) : kernel_.first(now, share));
    return std::nullopt;
}

/// Where nothing is kept of what came, it is as if it were kept: it is asked for no more often for that.
std::optional<prefetch_news> prefetch_plan::refreshed(entry& e, prefetch_report report, instant now, double share) {
    const cache_lifetime value = report.value.value_or(cache_lifetime{now, usual_});
    e.born = report.value ? std::optional{value.born} : std::nullopt;
    rest(e, kernel_.before_it_ends(value, e.begun, share));
    const unsigned failures = forget_failures(e);
    if (report.what == prefetch_report::kind::unneeded && failures == 0) return std::nullopt;
    return prefetch_news{std::move(report), failures, between(now, std::max(now, e.due))};
}

prefetch_news prefetch_plan::failed(entry& e, prefetch_report report, instant now, double share) {
    if (e.failures++ == 0) ++failing_;
    rest(e, kernel_.after_failure(now, e.begun.value_or(now), e.failures, report.wish, share));
    return {std::move(report), e.failures, between(now, e.due)};
}

unsigned prefetch_plan::forget_failures(entry& e) noexcept {
    if (e.failures > 0) --failing_;
    return std::exchange(e.failures, 0U);
}

void prefetch_plan::rest(entry& e, instant due) noexcept {
    e.due = due;
    e.rests = true;
    resting_.push(e);
}

std::optional<prefetch_ticket> prefetch_plan::take_due(instant now) {
    if (next_due() > now) return std::nullopt;
    entry& e = resting_.first();
    prefetch_ticket taken{.key = *e.key, .number = e.number, .born = e.born, .stop = e.stop.get_token()};
    resting_.remove(e);
    e.rests = false;
    e.taken = now;
    return taken;
}

}  // namespace cutwater
