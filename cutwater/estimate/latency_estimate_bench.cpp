// What an estimate costs: a sample, where all are alike and where they are not, a reading that is remembered, and one that is computed.

#include "cutwater/estimate/latency_estimate.hpp"

#include "bench/support/reference.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

constexpr cw::instant noon{12h};

/// A thousand of them, from 1 to 101 ms.
cw::latency_estimate& full() {
    static cw::latency_estimate& one = *[] {
        auto* const made = new cw::latency_estimate;  // for the life of the process
        for (int i = 0; i < 1000; ++i) made->record(1ms + i * 100us, noon);
        return made;
    }();
    return one;
}

void record_alike(benchmark::State& state) {
    for (auto _ : state) full().record(20ms, noon);
}
void record_different(benchmark::State& state) {
    cw::duration took = state.thread_index() * 1ms;
    for (auto _ : state) full().record(took = took < 100ms ? took + 1777us : 1ms, noon);
}
void percentile(benchmark::State& state) {
    for (auto _ : state) cw::bench::keep(full().percentile(0.99, noon));
}
void percentile_computed(benchmark::State& state) {
    cw::instant now = noon;
    for (auto _ : state) cw::bench::keep(full().percentile(0.9, now += 60ms));  // each in a new 1024th of a minute
}
void next_slice(benchmark::State& state) {
    static cw::latency_estimate shared;
    cw::instant now = noon;
    for (auto _ : state) shared.record(20ms, now += 15s);
}
CUTWATER_BENCH(record_alike, "latency_estimate/record_alike");
CUTWATER_BENCH(record_different, "latency_estimate/record_different");
CUTWATER_BENCH(percentile, "latency_estimate/percentile");
CUTWATER_BENCH_ALONE(percentile_computed, "latency_estimate/percentile_computed");
CUTWATER_BENCH_ALONE(next_slice, "latency_estimate/next_slice");

}  // namespace
