// What a rate limiter costs a call: a permit that is there, one that is not, and one that is given back; alone and with two
// threads on one limiter. The references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

enum class after : std::uint8_t { sent, refused };

void measure(benchmark::State& state, cw::rate_limiter& shared, after then = after::sent) {
    cw::blocking_parking place;
    cw::call_context call{cw::nothing_said, cw::this_machine, place};
    const unsigned sent = then == after::sent ? 1U : 0U;
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        call.now.forget();
        call.sent = 0;
        auto answer = shared.admit(call, call.now);
        if (auto* const ticket = std::get_if<cw::rate_limiter::ticket>(&answer)) {
            cw::permit<cw::rate_limiter> held{shared, *ticket};
            call.sent = sent;
            held.settle(cw::observation{}, call, call.now);
        }
        cw::bench::keep(answer);
    }
}

cw::rate_limiter& of(cw::rate_limiter_options options) {
    return *new cw::rate_limiter{std::move(options)};  // for the life of the process
}

cw::rate_limiter_options plenty(cw::rate_window window) {
    return {.window = window,
            .permits = 1'000'000,
            .per = window == cw::rate_window::rolling ? 1ms : 1us,
            .burst = window == cw::rate_window::rolling ? 1'000'000U : cw::rate_limiter_options::default_burst};
}

template <cw::rate_window Window>
void admits(benchmark::State& state) {
    static auto& shared = of(plenty(Window));
    measure(state, shared);
}
void refuses(benchmark::State& state) {
    static auto& shared = [] -> auto& {
        auto& made = of({.permits = 1, .per = 24h, .burst = 1});
        (void)made.try_acquire(cw::now());
        return made;
    }();
    measure(state, shared);
}
void gives_back(benchmark::State& state) {
    static auto& shared = of({.permits = 1, .per = 24h, .burst = 1});
    measure(state, shared, after::refused);
}
CUTWATER_BENCH(admits<cw::rate_window::rolling>, "rate_limiter/admits/rolling");
CUTWATER_BENCH(admits<cw::rate_window::fixed>, "rate_limiter/admits/fixed");
CUTWATER_BENCH(admits<cw::rate_window::sliding>, "rate_limiter/admits/sliding");
CUTWATER_BENCH(refuses, "rate_limiter/refuses");
CUTWATER_BENCH(gives_back, "rate_limiter/gives_back");

}  // namespace
