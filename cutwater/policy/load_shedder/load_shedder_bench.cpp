// What a load shedder costs a call that is let in, with and without a tenant, and one that is shed. The references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

void measure(benchmark::State& state, cw::load_shedder& shared, const cw::call_options& said) {
    cw::blocking_parking place;
    cw::call_context call{said, cw::this_machine, place};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        call.now.forget();
        auto answer = shared.admit(call, call.now);
        if (auto* const ticket = std::get_if<cw::load_shedder::ticket>(&answer)) {
            cw::permit<cw::load_shedder> held{shared, *ticket};
            held.settle(cw::observation{}, call, call.now);
        }
        cw::bench::keep(answer);
    }
}

cw::load_shedder& of(double load) {
    return *new cw::load_shedder{{.signals = {[load] { return load; }}}};  // for the life of the process
}

void lets_in(benchmark::State& state) {
    static auto& shared = of(0.5);
    measure(state, shared, {});
}
void lets_a_tenant_in(benchmark::State& state) {
    static auto& shared = of(0.5);
    measure(state, shared, {.tenant = "a tenant of ours"});
}
void sheds(benchmark::State& state) {
    static auto& shared = of(2);
    measure(state, shared, {.importance = cw::criticality::best_effort});
}
CUTWATER_BENCH(lets_in, "load_shedder/lets_in");
CUTWATER_BENCH(lets_a_tenant_in, "load_shedder/lets_a_tenant_in");
CUTWATER_BENCH(sheds, "load_shedder/sheds");

}  // namespace
