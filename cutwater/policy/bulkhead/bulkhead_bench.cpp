// What a bulkhead costs a call: taking a permit and giving it back, and being refused; alone and with two threads on one
// bulkhead. The references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;

void measure(benchmark::State& state, cw::bulkhead& shared) {
    cw::blocking_parking place;
    cw::call_context call{cw::nothing_said, cw::this_machine, place};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        auto answer = shared.admit(call, call.now);
        if (auto* const ticket = std::get_if<cw::bulkhead::ticket>(&answer)) {
            cw::permit<cw::bulkhead> held{shared, *ticket};
            held.settle(cw::observation{}, call, call.now);
        }
        cw::bench::keep(answer);
    }
}

cw::bulkhead& of(cw::bulkhead_options options) {
    return *new cw::bulkhead{std::move(options)};  // for the life of the process
}

void taken_and_given_back(benchmark::State& state) {
    static auto& shared = of({});
    measure(state, shared);
}
void with_a_queue_that_is_empty(benchmark::State& state) {
    static auto& shared = of({.max_queue = 100});
    measure(state, shared);
}
void refused(benchmark::State& state) {
    static auto& shared = [] -> auto& {
        auto& made = of({.max_concurrent = 1});
        cw::blocking_parking place;
        cw::call_context call{cw::nothing_said, cw::this_machine, place};
        (void)made.admit(call, call.now);
        return made;
    }();
    measure(state, shared);
}
CUTWATER_BENCH(taken_and_given_back, "bulkhead/taken_and_given_back");
CUTWATER_BENCH(with_a_queue_that_is_empty, "bulkhead/taken_and_given_back_with_a_queue");
CUTWATER_BENCH(refused, "bulkhead/refused");

}  // namespace
