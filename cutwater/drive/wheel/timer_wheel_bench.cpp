#include "cutwater/drive/wheel/timer_wheel.hpp"

#include <deque>
#include <mutex>

#include "bench/support/reference.hpp"
#include "cutwater/core/random.hpp"

namespace cutwater {
namespace {

struct silent final : timer_wheel::node {
    void on_expiry() noexcept override {}
};

/// One timer armed and disarmed beside `pending` others.
void arm_and_disarm(benchmark::State& state) {
    timer_wheel wheel;
    random_source random{42};
    std::deque<silent> others(static_cast<std::size_t>(state.range(0)));
    for (silent& other : others) wheel.arm(other, instant{random.below(std::chrono::hours{1})});
    silent timer;
    instant due{std::chrono::milliseconds{500}};
    const bench::count_allocations counting{state};
    for (auto _ : state) {
        due += std::chrono::microseconds{1};
        wheel.arm(timer, due);
        wheel.disarm(timer);
    }
    for (silent& other : others) wheel.disarm(other);
}
BENCHMARK(arm_and_disarm)->Name("timer_wheel/arm_and_disarm")->Arg(1)->Arg(1000)->Arg(1'000'000)->UseRealTime();

/// The same under a lock, on a wheel that two threads share: they take turns, for who shares one locks it.
void arm_and_disarm_locked(benchmark::State& state) {
    static timer_wheel wheel;
    static std::mutex lock;
    silent timer;
    instant due{std::chrono::milliseconds{500}};
    for (auto _ : state) {
        due += std::chrono::microseconds{1};
        {
            const std::scoped_lock held{lock};
            wheel.arm(timer, due);
        }
        const std::scoped_lock held{lock};
        wheel.disarm(timer);
    }
}
CUTWATER_BENCH(arm_and_disarm_locked, "timer_wheel/arm_and_disarm_locked");

}  // namespace
}  // namespace cutwater
