// What fault injection costs a call: disarmed, armed with rules that do not fire, and where it fails the attempt; alone and with two threads on
// one drill.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;
using cw::bench::bare_call;
using cw::bench::keep;

template <class Pipeline>
void measure(benchmark::State& state, Pipeline& guarded) {
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(bare_call));
}

cw::fault_options rule(cw::injection what, cw::fault_when when, cw::arming armed) {
    return {.rules = {{.name = "it", .what = std::move(what), .when = std::move(when)}}, .armed = armed};
}
const cw::injection reset = cw::injection::failure(std::errc::connection_reset);

void no_layer(benchmark::State& state) {
    static cw::pipeline shared{cw::classify{}};
    measure(state, shared);
}
CUTWATER_BENCH_ALONE(no_layer, "reference/no_layer");

void disarmed(benchmark::State& state) {
    static cw::pipeline shared{cw::fault{rule(reset, cw::fault_when::always(), cw::arming::off)}};
    measure(state, shared);
}
void spared_by_script(benchmark::State& state) {
    static cw::pipeline shared{cw::fault{rule(reset, cw::fault_when::first(0), cw::arming::on)}};
    measure(state, shared);
}
void fails(benchmark::State& state) {
    static cw::pipeline shared{cw::fault{rule(reset, cw::fault_when::always(), cw::arming::on)}};
    measure(state, shared);
}
void changed(benchmark::State& state) {
    static cw::pipeline shared{
        cw::fault{rule(cw::injection::wrong_result<int>([](int v) { return v + 1; }), {}, cw::arming::on)}};
    measure(state, shared);
}
CUTWATER_BENCH(disarmed, "fault/disarmed");
CUTWATER_BENCH(spared_by_script, "fault/armed/does_not_fire");
CUTWATER_BENCH(fails, "fault/armed/error");
CUTWATER_BENCH(changed, "fault/armed/wrong_result");

}  // namespace
