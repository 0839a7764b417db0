#include "cutwater/sim/world.hpp"

#include <algorithm>
#include <utility>

namespace cutwater::sim {

void world::end() noexcept {
    // What goes may wake others, who ask for something to happen.
    while (!adopted_.empty()) adopted_.extract(adopted_.begin());
    while (!due_.empty()) std::exchange(due_, {}).clear();
}

void world::at(instant when, event what) {
    if (when == never) return;
    due_.push_back({std::max(when, now_), asked_for_++, std::move(what)});
    std::ranges::push_heap(due_, is_later);
}

bool world::step() {
    if (due_.empty()) return false;
    std::ranges::pop_heap(due_, is_later);
    entry next = std::move(due_.back());
    due_.pop_back();
    now_ = next.at;
    next.what();
    return true;
}

void world::run_until(instant end) {
    while (!due_.empty() && due_.front().at <= end) step();
    if (end != never) now_ = std::max(now_, end);
}

void world::run() {
    while (step()) {}
}

}  // namespace cutwater::sim
