// What a shared limit costs a call, by the permits of a lease, over a store in memory; and by how much four instances are over it together.

#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"

#include <algorithm>

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/shared_rate_limiter/fleet_test.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

/// As fast as it can be.
template <unsigned Lease>
void admits(benchmark::State& state) {
    static cw::memory_store cells;
    static cw::shared_rate_limiter shared{
        cells, {.permits = 1'000'000'000, .per = 1s, .burst = 1'000'000'000, .lease = Lease}};
    static cw::pipeline guarded{cw::ref(shared)};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
    state.SetItemsProcessed(state.iterations());
}
void refuses(benchmark::State& state) {
    static cw::memory_store cells;
    static cw::shared_rate_limiter shared{cells, {.permits = 1, .per = 24h, .burst = 1, .lease = 1}};
    static cw::pipeline guarded{cw::ref(shared)};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
CUTWATER_BENCH(admits<1>, "shared_rate_limiter/admits/lease:1");
CUTWATER_BENCH(admits<10>, "shared_rate_limiter/admits/lease:10");
CUTWATER_BENCH(admits<100>, "shared_rate_limiter/admits/lease:100");
CUTWATER_BENCH(refuses, "shared_rate_limiter/refuses");

/// Four instances that share a thousand a second, a hundred at once; questions take 2 ms.
cw::testing::fleet_options thousand(unsigned lease) {
    return {.instances = 4,
            .callers = 4,
            .limit = {.permits = 1000, .per = 1s, .burst = 100, .lease = lease},
            .store_takes = 2ms};
}
void tell(benchmark::State& state, const cw::testing::fleet& all) {
    const auto admitted = static_cast<double>(all.admitted());
    state.counters["per_second"] = admitted / 30;
    state.counters["over_by"] = std::max(0.0, all.worst_excess_in_permits());
    state.counters["bound"] = 4.0 * static_cast<double>(state.range(0));
    state.counters["questions_per_100"] = 100.0 * all.cells.asked / admitted;
}
/// Half a minute in which they want more than there is.
void is_wanted(benchmark::State& state) {
    for (auto _ : state) {
        cw::testing::fleet_options o = thousand(static_cast<unsigned>(state.range(0)));
        o.longest_pause = 10ms;
        cw::testing::fleet all{o};
        all.run(30s);
        tell(state, all);
    }
}
/// What they do on purpose: each has permits leased, waits until the store has as many again, and then all are used at once.
void is_over(benchmark::State& state) {
    for (auto _ : state) {
        cw::testing::fleet_options o = thousand(static_cast<unsigned>(state.range(0)));
        o.callers = 1;
        o.bursts_every = 500ms;
        cw::testing::fleet all{o};
        all.run(30s);
        tell(state, all);
    }
}
/// How often instances that want twice what there is ask, by limit, burst and lease, and by how many they are.
void asks(benchmark::State& state) {
    for (auto _ : state) {
        const auto rate = static_cast<unsigned>(state.range(0));
        cw::testing::fleet all{{.instances = static_cast<unsigned>(state.range(3)),
                                .callers = 4,
                                .limit = {.permits = rate,
                                          .per = 1s,
                                          .burst = static_cast<unsigned>(state.range(1)),
                                          .lease = static_cast<unsigned>(state.range(2))},
                                .store_takes = 2ms,
                                .longest_pause = 11ms * 1000 * state.range(3) / (4 * state.range(0))}};
        all.run(30s);
        const auto admitted = static_cast<double>(all.admitted());
        state.counters["per_second"] = admitted / 30;
        state.counters["questions_per_100"] = 100.0 * all.cells.asked / admitted;
    }
}
BENCHMARK(asks)
    ->Name("shared_rate_limiter/asks")
    ->ArgNames({"a_second", "burst", "lease", "instances"})
    ->Args({1000, 100, 50, 4})
    ->Args({1000, 50, 50, 4})
    ->Args({300, 100, 50, 4})
    ->Args({100, 100, 50, 4})
    ->Args({1000, 100, 50, 16})
    ->Args({1000, 400, 200, 16})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
void leases(benchmark::internal::Benchmark* each) {
    each->ArgName("lease")->Iterations(1)->Unit(benchmark::kMillisecond);
    for (const int lease : {1, 10, 25, 100}) each->Arg(lease);
}
BENCHMARK(is_wanted)->Name("shared_rate_limiter/four_instances/wanted")->Apply(leases);
BENCHMARK(is_over)->Name("shared_rate_limiter/four_instances/in_bursts")->Apply(leases);

}  // namespace
