// What an objective costs: the end of a call that it counts, that of one it is not for, one of several objectives; and reading how it stands.

#include "cutwater/observe/slo/slo_tracker.hpp"

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

void call_ends(benchmark::State& state, cw::slo_tracker& objectives) {
    static const cw::name order{"place_order"};
    cw::instant now{1000h};
    const cw::call_completed body{.attempts = 1, .elapsed = 20ms, .meaning = cw::verdict::success};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        objectives.on_event(cw::event{{.operation = order, .at = now}, body});
        now += 1ms;
    }
}

void counted(benchmark::State& state) {
    static cw::slo_tracker objectives{{{.name = "orders"}}};
    call_ends(state, objectives);
}
CUTWATER_BENCH(counted, "slo/call_counted");

void of_another(benchmark::State& state) {
    static cw::slo_tracker objectives{{{.name = "stock", .operations = {"get_stock"}}}};
    call_ends(state, objectives);
}
CUTWATER_BENCH(of_another, "slo/call_of_another");

void five(benchmark::State& state) {
    static cw::slo_tracker objectives{
        {{.name = "one"}, {.name = "two"}, {.name = "three"}, {.name = "four"}, {.name = "five"}}};
    call_ends(state, objectives);
}
CUTWATER_BENCH(five, "slo/call_counted_by_5");

void read(benchmark::State& state) {
    static cw::slo_tracker objectives{{{.name = "orders"}}};
    for (auto _ : state) cw::bench::keep(objectives.read(cw::instant{1000h}));
}
CUTWATER_BENCH(read, "slo/read");

}  // namespace
