// What a shared retry budget costs a call that succeeds at once, and what it costs to pay from it, over a store in memory; and by how much four instances are
// over it together, by the size of a lease.

#include "cutwater/policy/shared_retry_budget/shared_retry_budget.hpp"

#include <algorithm>

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/shared_retry_budget/retry_fleet_test.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

template <class Budget>
void measure(benchmark::State& state, Budget& budget) {
    cw::pipeline guarded{cw::retry{{.budget = &budget}}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
void succeeds(benchmark::State& state) {
    static cw::memory_store cells;
    static cw::shared_retry_budget shared{cells};
    measure(state, shared);
}
/// Beside it: the same with a budget of one process.
void succeeds_alone(benchmark::State& state) {
    static cw::retry_budget alone;
    measure(state, alone);
}
CUTWATER_BENCH(succeeds, "shared_retry_budget/success");
CUTWATER_BENCH(succeeds_alone, "shared_retry_budget/reference/retry_budget");

/// By hand: paid for, as often as there is something in hand.
template <unsigned Lease>
void pays(benchmark::State& state) {
    static cw::memory_store cells;
    static cw::shared_retry_budget shared{cells,
                                          {.ratio = 10, .min_per_second = 1e6, .capacity = 1'000'000, .lease = Lease}};
    cw::blocking_parking nowhere;
    for (auto _ : state) {
        cw::call_context call{cw::nothing_said, cw::this_machine, nowhere};
        cw::bench::keep(shared.try_charge(nullptr, call));
    }
}
CUTWATER_BENCH(pays<1>, "shared_retry_budget/charge/lease:1");
CUTWATER_BENCH(pays<10>, "shared_retry_budget/charge/lease:10");
CUTWATER_BENCH(pays<100>, "shared_retry_budget/charge/lease:100");

/// Four instances that share a fifth of their calls and twenty a second, a hundred at once; questions take 2 ms.
cw::testing::retry_fleet_options fifth(unsigned lease) {
    return {.instances = 4,
            .budget = {.ratio = 0.2, .window = 1s, .min_per_second = 20, .capacity = 100, .lease = lease},
            .store_takes = 2ms};
}
void tell(benchmark::State& state, const cw::testing::retry_fleet& all) {
    state.counters["originals"] = static_cast<double>(all.originals());
    state.counters["paid_per_second"] = static_cast<double>(all.paid()) / 60;
    state.counters["over_by"] = std::max(0.0, all.worst_excess());
    state.counters["bound"] = 4.0 * static_cast<double>(state.range(0));
    state.counters["questions_per_second"] = static_cast<double>(all.cells.asked) / 60;
}
/// A minute in which everything fails, and two further attempts are wanted for each of a thousand calls a second.
void is_wanted(benchmark::State& state) {
    for (auto _ : state) {
        cw::testing::retry_fleet_options o = fifth(static_cast<unsigned>(state.range(0)));
        o.longest_pause = 8ms;
        o.fails = 1;
        cw::testing::retry_fleet all{o};
        all.run(60s);
        tell(state, all);
    }
}
/// The worst that they can do: each has a lease in hand, waits until the store has as many as it holds, and then all are used at once.
void is_over(benchmark::State& state) {
    for (auto _ : state) {
        cw::testing::retry_fleet_options o = fifth(static_cast<unsigned>(state.range(0)));
        o.budget.ratio = 0;
        o.bursts_every = 20s;
        cw::testing::retry_fleet all{o};
        all.run(60s);
        tell(state, all);
    }
}
void leases(benchmark::internal::Benchmark* each) {
    each->ArgName("lease")->Iterations(1)->Unit(benchmark::kMillisecond);
    for (const int lease : {1, 5, 20, 50}) each->Arg(lease);
}
BENCHMARK(is_wanted)->Name("shared_retry_budget/four_instances/wanted")->Apply(leases);
BENCHMARK(is_over)->Name("shared_retry_budget/four_instances/in_bursts")->Apply(leases);

}  // namespace
