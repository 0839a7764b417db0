// A world of its own: its time stands still until something happens, and then jumps there. An hour of a thousand clients takes
// seconds, and the same seed gives the same hour.
//
//     cw::sim::world world{42};
//     world.after(10ms, [&] { ... });
//     world.run_for(1h);                       // whatever is due in it happens, in order; what comes together, as it was asked for
//
// One set of policies for each world: a policy that has seen one world's time would see it jump back in the next, and what it remembers
// would be in the future. Where a policy has to go on in a second world, that one begins where the first has ended:
//
//     cw::sim::world first{1};
//     first.run_for(1h);
//     cw::sim::world second{2, first.now()};
//
// What is due at `never` never happens, and is not kept. It is the `environment` of the calls that `send` makes in it: they read its clock and draw from its random numbers.
// Lifetime: where the world ends, calls that are under way are destroyed, and what they hold is abandoned: their pipelines are still there then. So the
// pipelines are made before the world, or `end` is called before they go. Thread safety: none; a world belongs to one thread. An event that throws ends the run with what it threw.
#pragma once

#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "cutwater/core/environment.hpp"

namespace cutwater::sim {

class world final : public environment {
public:
    using event = std::move_only_function<void()>;

    explicit world(std::uint64_t seed = 42, instant begins = start) noexcept
        : began_{begins}, now_{begins}, random_{seed} {}
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world() { end(); }

    [[nodiscard]] instant now() noexcept override { return now_; }
    [[nodiscard]] random_source& random() noexcept override { return random_; }
    [[nodiscard]] duration elapsed() const noexcept { return now_ - began_; }

    /// Has `what` happen `in` from now; at once, after what is due already, where that is not positive.
    void after(duration in, event what) { at(add(now_, in), std::move(what)); }
    void at(instant when, event what);

    /// Lets the next thing happen; false where there is none.
    bool step();
    /// Lets everything happen that is due until then, and moves there; `never` is no time to move to.
    void run_until(instant end);
    void run_for(duration d) { run_until(add(now_, d)); }
    /// Until nothing is left to happen.
    void run();

    /// Nothing happens any more, and whatever is under way is destroyed.
    void end() noexcept;

    /// Keeps something alive until it is let go, or until the world ends.
    void adopt(std::shared_ptr<void> something) { adopted_.insert(std::move(something)); }
    void let_go(const std::shared_ptr<void>& something) noexcept { adopted_.erase(something); }

    static constexpr instant start{std::chrono::hours{1000}};  // far enough from zero that nothing wraps

private:
    struct entry {
        instant at;
        std::uint64_t order;
        event what;
    };
    [[nodiscard]] static bool is_later(const entry& a, const entry& b) noexcept {
        return a.at != b.at ? a.at > b.at : a.order > b.order;
    }

    instant began_;
    instant now_;
    random_source random_;
    std::uint64_t asked_for_ = 0;
    std::vector<entry> due_;  // a heap, the next one first
    std::unordered_set<std::shared_ptr<void>> adopted_;
};

}  // namespace cutwater::sim
