// What a concurrency limiter costs a call: a permit, two readings of the clock, a sample; and being refused. Alone and with two threads on
// one limiter. The references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;

void measure(benchmark::State& state, cw::concurrency_limiter& shared) {
    cw::blocking_parking place;
    cw::call_context call{cw::nothing_said, cw::this_machine, place};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        call.now.forget();
        auto answer = shared.admit(call, call.now);
        if (auto* const ticket = std::get_if<cw::concurrency_limiter::ticket>(&answer)) {
            cw::permit<cw::concurrency_limiter> held{shared, *ticket};
            call.now.forget();  // the call was made
            held.settle(cw::observation{}, call, call.now);
        }
        cw::bench::keep(answer);
    }
}

cw::concurrency_limiter& of(cw::concurrency_limiter_options options) {
    return *new cw::concurrency_limiter{std::move(options)};  // for the life of the process
}

void by_latency(benchmark::State& state) {
    static auto& shared = of({});
    measure(state, shared);
}
void by_failures(benchmark::State& state) {
    static auto& shared = of({.rule = cw::limit_rule::aimd});
    measure(state, shared);
}
void refused(benchmark::State& state) {
    static auto& shared = [] -> auto& {
        auto& made = of({.initial_limit = 1});
        cw::blocking_parking place;
        cw::call_context call{cw::nothing_said, cw::this_machine, place};
        (void)made.admit(call, call.now);  // and never goes
        return made;
    }();
    measure(state, shared);
}

CUTWATER_BENCH(by_latency, "concurrency_limiter/by_latency");
CUTWATER_BENCH(by_failures, "concurrency_limiter/by_failures");
CUTWATER_BENCH(refused, "concurrency_limiter/refuses");

}  // namespace
