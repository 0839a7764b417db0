#include "cutwater/sim/clients.hpp"

#include <algorithm>
#include <random>

namespace cutwater::sim {

void tally::add(const result<void>& r, duration time) {
    if (r) {
        ++succeeded;
        took.push_back(time);
    } else if (r.error().code() == condition::refused) {
        ++refused;
    } else if (r.error().code() == condition::timeout) {
        ++timed_out;
    } else {
        ++failed;
    }
}

duration tally::percentile(double share) const {
    if (took.empty()) return duration::zero();
    std::vector<duration> sorted = took;
    const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1));
    std::ranges::nth_element(sorted, sorted.begin() + rank);
    return sorted[static_cast<std::size_t>(rank)];
}

void clients::arrive(double per_second) {
    stop();
    arrive_next(per_second, generation_);
}

void clients::arrive_next(double per_second, unsigned generation) {
    if (per_second <= 0) return;
    const std::chrono::duration<double> gap{std::exponential_distribution<double>{per_second}(world_.random())};
    world_.after(std::chrono::duration_cast<duration>(gap), [=, this] {
        if (generation != generation_) return;
        call();
        arrive_next(per_second, generation);
    });
}

void clients::keep_busy(unsigned how_many, duration think) {
    for (unsigned i = 0; i < how_many; ++i) world_.after({}, [=, this, g = generation_] { go_round(think, g); });
}

void clients::go_round(duration think, unsigned generation) {
    if (generation != generation_) return;
    call([=, this] { world_.after(think, [=, this] { go_round(think, generation); }); });
}

void clients::tick_together(unsigned how_many, duration period) {
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
