// What a fallback costs a call: where it is not needed, where its first tier or its second answers, and where none does;
// the first two also with two threads on one fallback.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using cw::bench::bare_call;
using cw::bench::keep;
using answer = std::expected<int, std::error_code>;

answer fails() { return std::unexpected{std::make_error_code(std::errc::connection_reset)}; }

template <class Pipeline, class F>
void measure(benchmark::State& state, Pipeline&& guarded, const F& f) {
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(f));
}

void no_layer(benchmark::State& state) { measure(state, cw::pipeline{cw::classify{}}, bare_call); }
void no_layer_and_a_failure(benchmark::State& state) { measure(state, cw::pipeline{cw::classify{}}, fails); }
CUTWATER_BENCH_ALONE(no_layer, "reference/no_layer");
CUTWATER_BENCH_ALONE(no_layer_and_a_failure, "reference/no_layer_and_a_failure");

void not_needed(benchmark::State& state) {
    static cw::pipeline shared{cw::fallback{0}};
    measure(state, shared, bare_call);
}
void constant(benchmark::State& state) {
    static cw::pipeline shared{cw::fallback{0}};
    measure(state, shared, fails);
}
void function(benchmark::State& state) {
    measure(state, cw::pipeline{cw::fallback{[] { return bare_call(); }}}, fails);
}
void second_tier(benchmark::State& state) { measure(state, cw::pipeline{cw::fallback{fails, 0}}, fails); }
void all_tiers_fail(benchmark::State& state) { measure(state, cw::pipeline{cw::fallback{fails, fails}}, fails); }
CUTWATER_BENCH(not_needed, "fallback/not_needed");
CUTWATER_BENCH(constant, "fallback/constant");
CUTWATER_BENCH_ALONE(function, "fallback/function");
CUTWATER_BENCH_ALONE(second_tier, "fallback/second_tier");
CUTWATER_BENCH_ALONE(all_tiers_fail, "fallback/all_tiers_fail");

}  // namespace
