// Whole pipelines on the blocking driver: 0, 1, 3, 5 and 6 layers, one and two threads, and the same chosen at run time.

#include <stdexcept>

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;
using cw::bench::bare_call;
using cw::bench::keep;

constexpr unsigned plenty = 1'000'000;

auto one_layer() { return cw::pipeline{cw::retry{}}; }
auto one_breaker() { return cw::pipeline{cw::circuit_breaker{}}; }
auto one_bulkhead() { return cw::pipeline{cw::bulkhead{{.max_concurrent = plenty}}}; }
auto one_timeout() { return cw::pipeline{cw::timeout{1h}}; }
auto one_fallback() { return cw::pipeline{cw::fallback{0}}; }

template <cw::breaker_window Window>
auto three_layers() {
    return cw::pipeline{cw::retry{}, cw::circuit_breaker{{.window = Window}}, cw::bulkhead{{.max_concurrent = plenty}}};
}

auto five_layers() {
    return cw::pipeline{cw::timeout{2s}, cw::retry{}, cw::circuit_breaker{}, cw::bulkhead{{.max_concurrent = plenty}},
                        cw::timeout{500ms}};
}

auto six_layers() {
    return cw::pipeline{cw::fallback{0},
                        cw::timeout{2s},
                        cw::retry{},
                        cw::circuit_breaker{},
                        cw::bulkhead{{.max_concurrent = plenty}},
                        cw::timeout{500ms}};
}

template <cw::breaker_window Window>
auto three_chosen() {
    return cw::any_pipeline<int>{cw::retry{}, cw::circuit_breaker{{.window = Window}},
                                 cw::bulkhead{{.max_concurrent = plenty}}};
}

auto five_chosen() {
    return cw::any_pipeline<int>{cw::timeout{2s}, cw::retry{}, cw::circuit_breaker{},
                                 cw::bulkhead{{.max_concurrent = plenty}}, cw::timeout{500ms}};
}

/// All threads of a benchmark share one pipeline, as the threads of a service do.
template <auto Make>
void calls(benchmark::State& state) {
    static auto guarded = Make();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(bare_call));
}
CUTWATER_BENCH(calls<one_layer>, "pipeline/1_layer/sync");
CUTWATER_BENCH(calls<one_breaker>, "pipeline/circuit_breaker/sync");
CUTWATER_BENCH(calls<one_bulkhead>, "pipeline/bulkhead/sync");
CUTWATER_BENCH(calls<one_timeout>, "pipeline/timeout/sync");
CUTWATER_BENCH(calls<one_fallback>, "pipeline/fallback/sync");
CUTWATER_BENCH(calls<three_layers<cw::breaker_window::count>>, "pipeline/3_layers_count/sync");
CUTWATER_BENCH(calls<three_layers<cw::breaker_window::time>>, "pipeline/3_layers_time/sync");
CUTWATER_BENCH(calls<five_layers>, "pipeline/5_layers/sync");
CUTWATER_BENCH(calls<six_layers>, "pipeline/6_layers/sync");
CUTWATER_BENCH(calls<three_chosen<cw::breaker_window::count>>, "any_pipeline/3_layers_count/sync");
CUTWATER_BENCH(calls<five_chosen>, "any_pipeline/5_layers/sync");

/// A refusal, through the whole pipeline.
void refused(benchmark::State& state) {
    static cw::circuit_breaker open{{.mode = cw::breaker_mode::automatic, .open_for = 1h, .open_max = 1h}};
    open.open(cw::now());
    static cw::pipeline guarded{cw::retry{}, cw::ref(open), cw::bulkhead{}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(bare_call));
}
CUTWATER_BENCH(refused, "pipeline/3_layers_open_circuit/sync");

/// An exception of the callable's through one layer, beside one that a plain RAII guard sees.
[[noreturn]] int throws() { throw std::runtime_error{"no"}; }

void exception_through_a_layer(benchmark::State& state) {
    cw::pipeline guarded{cw::bulkhead{}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(throws));
}
CUTWATER_BENCH_ALONE(exception_through_a_layer, "pipeline/exception/sync");

struct guard {
    guard() = default;
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() { benchmark::ClobberMemory(); }
};

void exception_through_a_guard(benchmark::State& state) {
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        std::exception_ptr caught;
        try {
            const guard held{};
            keep(throws());
        } catch (...) {
            caught = std::current_exception();
        }
        keep(caught);
    }
}
CUTWATER_BENCH_ALONE(exception_through_a_guard, "reference/exception");

}  // namespace
