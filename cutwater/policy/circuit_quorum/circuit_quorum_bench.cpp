// What hearing of others costs a call, alone and with two threads; what an exchange costs, by the number of instances; and when those that have not noticed an
// outage do, with it and without.

#include "cutwater/policy/circuit_quorum/circuit_quorum.hpp"

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/circuit_quorum/circuit_fleet_test.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

void breaker_alone(benchmark::State& state) {
    static cw::circuit_breaker health;
    static cw::pipeline guarded{cw::ref(health)};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
void with_others(benchmark::State& state) {
    static cw::memory_store cells;
    static cw::circuit_breaker health;
    static cw::circuit_quorum others{cells, health, {.every = 1h, .stale_after = 24h}};
    static cw::pipeline guarded{cw::ref(others), cw::ref(health)};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
CUTWATER_BENCH(breaker_alone, "circuit_quorum/reference/breaker");
CUTWATER_BENCH(with_others, "circuit_quorum/admits");

/// One exchange with others in the cell, over a store in memory: reading, composing and writing.
void exchanges(benchmark::State& state) {
    cw::memory_store cells;
    std::vector<std::unique_ptr<cw::circuit_breaker>> breakers;
    std::vector<std::unique_ptr<cw::circuit_quorum>> fleet;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        breakers.push_back(std::make_unique<cw::circuit_breaker>());
        fleet.push_back(std::make_unique<cw::circuit_quorum>(cells, *breakers.back(),
                                                             cw::circuit_quorum_options{.max_instances = 1000}));
    }
    std::size_t next = 0;
    for (auto _ : state) fleet[next++ % fleet.size()]->exchange(cw::this_machine);
}
BENCHMARK(exchanges)->Name("circuit_quorum/exchange")->ArgName("instances")->Arg(2)->Arg(10)->Arg(100);

/// One of nine calls every two seconds when what they call goes down: until it has opened, in virtual seconds.
void notices(benchmark::State& state) {
    for (auto _ : state) {
        cw::testing::circuit_fleet_options o{.instances = 9};
        o.breaker.window = cw::breaker_window::consecutive;
        o.breaker.consecutive_failures = 10;
        if (state.range(0) == 0) o.quorum.min_instances = 63;  // none is ever a quorum
        cw::testing::circuit_fleet all{o};
        all.of(0).longest_pause = 4s;
        all.run(2min);
        all.is_down = true;
        const unsigned before = all.of(0).sent;
        cw::duration took{};
        for (; all.of(0).state() != cw::circuit_state::open && took < 10min; took += 100ms) all.run(100ms);
        state.counters["seconds"] = static_cast<double>(took.count()) / 1e9;
        state.counters["calls_that_failed"] = static_cast<double>(all.of(0).sent - before);
    }
}
BENCHMARK(notices)->Name("circuit_quorum/rare_caller_opens")->ArgName("heeds")->Arg(0)->Arg(1)->Iterations(1);

}  // namespace
