// What a fair bulkhead costs a call: a tenant looked up, a permit taken and given back; and being refused. Alone and with two threads on one. The
// references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;

void measure(benchmark::State& state, cw::fair_bulkhead& shared) {
    cw::blocking_parking place;
    const cw::call_options said{.tenant = "gold"};
    cw::call_context call{said, cw::this_machine, place};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        auto answer = shared.admit(call, call.now);
        if (auto* const ticket = std::get_if<cw::fair_bulkhead::ticket>(&answer)) {
            cw::permit<cw::fair_bulkhead> held{shared, *ticket};
            held.settle(cw::observation{}, call, call.now);
        }
        cw::bench::keep(answer);
    }
}

cw::fair_bulkhead& of(cw::fair_bulkhead_options options) {
    options.shares = {{"gold", 3}, {"silver", 1}};
    return *new cw::fair_bulkhead{std::move(options)};  // for the life of the process
}

void everything_may_be_borrowed(benchmark::State& state) {
    static auto& shared = of({.max_queue = 10});
    measure(state, shared);
}
void half_may_be_borrowed(benchmark::State& state) {
    static auto& shared = of({.may_borrow = 0.5});
    measure(state, shared);
}
CUTWATER_BENCH(everything_may_be_borrowed, "fair_bulkhead/everything_may_be_borrowed");
CUTWATER_BENCH(half_may_be_borrowed, "fair_bulkhead/half_may_be_borrowed");

}  // namespace
