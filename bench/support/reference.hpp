// What every figure is measured against, in the same process: the bare call, one uncontended atomic read-modify-write,
// one reading of the precise clock. And how allocations are counted.
//
//     void one_layer(benchmark::State& state) {
//         cw::pipeline guarded{cw::retry{}};
//         cw::bench::count_allocations counting{state};
//         for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
//     }
//     CUTWATER_BENCH(one_layer, "retry/first_attempt_succeeds");
//
// `tools/bench` runs every benchmark in several processes, divides by the references of the same run, and puts the
// targets beside the figures.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>

namespace cutwater::bench {

/// Allocations of this thread so far.
[[nodiscard]] std::uint64_t allocations() noexcept;

/// Bytes that this process has of the heap, with what the heap itself adds to each block.
[[nodiscard]] std::size_t heap_bytes() noexcept;

/// Reports the allocations of each iteration, as `allocs`.
class count_allocations {
public:
    explicit count_allocations(benchmark::State& state) noexcept : state_{state}, before_{allocations()} {}
    count_allocations(const count_allocations&) = delete;
    count_allocations& operator=(const count_allocations&) = delete;
    ~count_allocations() {
        const auto made = static_cast<double>(allocations() - before_);
        state_.counters["allocs"] = benchmark::Counter{made, benchmark::Counter::kAvgIterations};
    }

private:
    benchmark::State& state_;
    std::uint64_t before_;
};

/// Work that costs next to nothing and cannot be thrown away.
inline int bare_call() noexcept {
    int value = 1;
    benchmark::DoNotOptimize(value);
    return value;
}

/// Uses a result, so that it is made.
template <class Result>
void keep(Result&& result) {
    benchmark::DoNotOptimize(result);
}

}  // namespace cutwater::bench

/// On one thread, and on two that share what the benchmark uses.
#define CUTWATER_BENCH(function, name) BENCHMARK(function)->Name(name)->UseRealTime()->ThreadRange(1, 2)

/// On one thread.
#define CUTWATER_BENCH_ALONE(function, name) BENCHMARK(function)->Name(name)->UseRealTime()
