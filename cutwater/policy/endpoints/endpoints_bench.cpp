// What it costs to pick an endpoint and to settle, of 3, 10 and 100, by calls in flight and by latency; alone and with two threads on one
// set. The references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

cw::endpoints& of(unsigned how_many, cw::endpoint_picker picker) {
    cw::endpoints_options o{.picker = picker};
    for (unsigned i = 0; i < how_many; ++i) o.each.push_back({.address = std::to_string(i)});
    return *new cw::endpoints{o};  // for the life of the process
}

void measure(benchmark::State& state, cw::endpoints& shared) {
    cw::blocking_parking place;
    cw::call_context call{cw::nothing_said, cw::this_machine, place};
    const cw::observation succeeded{};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        call.now.forget();
        call.tried() = {};
        cw::permit<cw::endpoints> held;
        if (shared.try_admit(held.blank(), call, call.now)) {
            held.hold(shared);
        } else {
            auto answer = shared.admit(call, call.now);
            held = cw::permit<cw::endpoints>{shared, std::get<cw::endpoints::ticket>(answer)};
        }
        call.now.forget();
        held.settle(succeeded, call, call.now);
    }
}

void in_flight_3(benchmark::State& state) {
    static auto& shared = of(3, cw::endpoint_picker::least_in_flight);
    measure(state, shared);
}
void in_flight_10(benchmark::State& state) {
    static auto& shared = of(10, cw::endpoint_picker::least_in_flight);
    measure(state, shared);
}
void in_flight_100(benchmark::State& state) {
    static auto& shared = of(100, cw::endpoint_picker::least_in_flight);
    measure(state, shared);
}
void latency_10(benchmark::State& state) {
    static auto& shared = of(10, cw::endpoint_picker::least_latency);
    measure(state, shared);
}
CUTWATER_BENCH(in_flight_3, "endpoints/in_flight/3");
CUTWATER_BENCH(in_flight_10, "endpoints/in_flight/10");
CUTWATER_BENCH(in_flight_100, "endpoints/in_flight/100");
CUTWATER_BENCH(latency_10, "endpoints/latency/10");

}  // namespace
