#include "cutwater/drive/clock/clock.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <random>

namespace cutwater {

namespace {

/// Counts forks, so that a child seeds anew instead of jittering in step with its parent.
std::atomic<unsigned>& generation() {
    static std::atomic<unsigned> count{0};
    static const int registered = pthread_atfork(nullptr, nullptr, [] { generation().fetch_add(1); });
    (void)registered;
    return count;
}

std::uint64_t fresh_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) ^ device() ^ static_cast<std::uint64_t>(now().time_since_epoch().count());
}

}  // namespace

random_source& machine::random() noexcept {
    thread_local random_source source{fresh_seed()};
    thread_local unsigned seeded_in = generation().load();
    if (const unsigned current = generation().load(std::memory_order_relaxed); current != seeded_in) {
        source = random_source{fresh_seed()};
        seeded_in = current;
    }
    return source;
}

std::chrono::steady_clock::time_point to_steady(instant t) noexcept {
    constexpr instant far_ahead{std::chrono::years{200}};
    return std::chrono::steady_clock::time_point{std::min(t, far_ahead).time_since_epoch()};
}

}  // namespace cutwater
