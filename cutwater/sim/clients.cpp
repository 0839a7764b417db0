#include "cutwater/sim/clients.hpp"

#include <algorithm>
#include <random>

#include "cutwater/sim/given.hpp"

namespace cutwater::sim {

namespace {

/// A client that was refused at once, and does not think, is back as soon as a real one could be: in a round that took no time
/// at all, time would stand still.
constexpr duration shortest_round = std::chrono::microseconds{1};

}  // namespace

void tally::add(const result<void>& r, duration time) {
    if (r) {
        ++succeeded;
        took.push_back(time);
        return;
    }
    ++without_value[{std::string{r.error().layer().view()}, r.error().code()}];
    if (r.error().code() == condition::refused) {
        ++refused;
    } else if (r.error().code() == condition::timeout) {
        ++timed_out;
    } else {
        ++failed;
    }
}

std::uint64_t tally::ended_by(std::string_view layer, std::error_code code) const {
    const auto found = without_value.find({std::string{layer}, code});
    return found == without_value.end() ? 0 : found->second;
}

duration tally::percentile(double share) const {
    detail::require(share >= 0 && share <= 1, share, {"tally::percentile", "share", "give one from 0 to 1"});
    if (took.empty()) return duration::zero();
    std::vector<duration> sorted = took;
    const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1));
    std::ranges::nth_element(sorted, sorted.begin() + rank);
    return sorted[static_cast<std::size_t>(rank)];
}

clients::clients(world& in, sender through, const call_options& said)
    : world_{in}, send_{std::move(through)}, said_{said} {
    texts_.reserve(said.id.size() + said.tenant.size() + said.target.size() + said.fingerprint.size());
    const auto kept = [&](std::string_view text) {
        texts_.append(text);
        return std::string_view{texts_}.substr(texts_.size() - text.size());
    };
    said_.id = kept(said.id);
    said_.tenant = kept(said.tenant);
    said_.target = kept(said.target);
    said_.fingerprint = kept(said.fingerprint);
}

void clients::set_patience(duration d) {
    detail::require(d >= duration::zero(), d, {"clients::set_patience", "d", "give none (0s), or more"});
    patience_ = d;
}

void clients::arrive(double per_second) {
    detail::require(per_second >= 0 && per_second <= 1e9, per_second,
                    {"clients::arrive", "per_second", "give a rate from 0 (nobody) to 1e9 (one a nanosecond)"});
    stop();
    arrive_next(per_second, generation_);
}

void clients::arrive_next(double per_second, unsigned generation) {
    if (per_second <= 0) return;
    const double gap = std::exponential_distribution<double>{per_second}(world_.random());
    world_.after(detail::saturated(gap * 1e9), [=, this] {
        if (generation != generation_) return;
        call();
        arrive_next(per_second, generation);
    });
}

void clients::keep_busy(unsigned how_many, duration think) {
    detail::require(think >= duration::zero(), think, {"clients::keep_busy", "think", "give none (0s), or more"});
    for (unsigned i = 0; i < how_many; ++i) world_.after({}, [=, this, g = generation_] { go_round(think, g); });
}

void clients::go_round(duration think, unsigned generation) {
    if (generation != generation_) return;
    const instant soonest = add(world_.now(), shortest_round);
    call([=, this] {
        world_.at(std::max(add(world_.now(), think), soonest), [=, this] { go_round(think, generation); });
    });
}

void clients::tick_together(unsigned how_many, duration period) {
    detail::require(period > duration::zero(), period,
                    {"clients::tick_together", "period", "give the time from one round to the next, above 0"});
    world_.after({}, [=, this, g = generation_] { tick(how_many, period, g); });
}

void clients::tick(unsigned how_many, duration period, unsigned generation) {
    if (generation != generation_) return;
    for (unsigned i = 0; i < how_many; ++i) call();
    world_.after(period, [=, this] { tick(how_many, period, generation); });
}

void clients::call(std::function<void()> then) {
    ++sent_;
    call_options said = said_;
    said.deadline = std::min(said.deadline, add(world_.now(), patience_));
    send_(said, [this, began = world_.now(), then = std::move(then)](const result<void>& r) {
        seen_.add(r, world_.now() - began);
        if (then) then();
    });
}

}  // namespace cutwater::sim
