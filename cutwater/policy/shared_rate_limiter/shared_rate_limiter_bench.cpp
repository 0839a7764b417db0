// What a shared limit costs a call, by the permits of a lease, over a store in memory; and by how much four instances are over it together.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/shared_rate_limiter/fleet_test.hpp"
#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"
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

/// Half a minute of four instances that want more than there is, in virtual time; questions take 2 ms.
void is_over(benchmark::State& state) {
    const auto lease = static_cast<unsigned>(state.range(0));
    const auto thousand = [&] {
        return cw::testing::fleet{{.instances = 4,
                                   .callers = 4,
                                   .limit = {.permits = 1000, .per = 1s, .burst = 100, .lease = lease},
                                   .store_takes = 2ms,
                                   .longest_pause = 10ms}};
    };
    for (auto _ : state) {
        cw::testing::fleet all = thousand();
        all.run(30s);
        const auto admitted = static_cast<double>(all.admitted());
        state.counters["per_second"] = admitted / 30;
        state.counters["over_by"] = all.worst_excess_in_permits();
        state.counters["bound"] = 4.0 * lease;
        state.counters["questions_per_100"] = 100.0 * all.cells.asked / admitted;
        state.counters["waited_per_100"] = 100.0 * static_cast<double>(all.waited()) / admitted;
    }
}
BENCHMARK(is_over)->Name("shared_rate_limiter/four_instances")->ArgName("lease")->Arg(1)->Arg(10)->Arg(25)->Arg(100)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
