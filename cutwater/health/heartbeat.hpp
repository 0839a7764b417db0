// The sign of life of something that turns: an event loop, a consumer of a queue, a scheduler.
//
//     cw::health_monitor health;
//     const auto beats = health.heartbeat({.name = "event loop", .within = 10s});
//     for (int turn = 0; turn < 10; ++turn) beats->beat();
//
// Liveness is made of these and of nothing else: a process that cannot reach its database is not helped by a restart, one whose loop
// no longer turns is. What waits for work on purpose says `rest` before, and `beat` after. It is watched as long as somebody holds it.
//
// Thread safety: every member, from any thread; none takes a lock. Lifetime: the monitor's time outlives it.
#pragma once

#include <atomic>

#include "cutwater/core/environment.hpp"
#include "cutwater/health/options.hpp"

namespace cutwater {

class heartbeat {
public:
    /// Beats once. Made by `health_monitor::heartbeat`.
    heartbeat(heartbeat_options options, environment& time) : options_{std::move(options)}, time_{&time} { beat(); }

    void beat() noexcept { latest_.store(time_->now(), std::memory_order_relaxed); }
    /// Nothing is expected of it until the next beat.
    void rest() noexcept { latest_.store(never, std::memory_order_relaxed); }

    [[nodiscard]] const heartbeat_options& options() const noexcept { return options_; }
    [[nodiscard]] duration age(instant now) const noexcept {
        const instant latest = latest_.load(std::memory_order_relaxed);
        return latest >= now ? duration::zero() : between(latest, now);
    }
    [[nodiscard]] bool beats(instant now) const noexcept { return age(now) <= options_.within; }

private:
    heartbeat_options options_;
    environment* time_;
    std::atomic<instant> latest_{};
};

}  // namespace cutwater
