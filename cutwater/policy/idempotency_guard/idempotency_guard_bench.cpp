// What a guarded call costs over a store in memory, beside the two questions that it asks there; and one that finds its outcome.

#include <string>

#include "bench/support/reference.hpp"
#include "cutwater/store.hpp"

namespace {

namespace cw = cutwater;

cw::memory_store& cells() {
    static auto& made = *new cw::memory_store{{.max_cells = 100'000'000}};
    return made;
}
auto& pay() {
    static cw::idempotency_guard<int> guard{cells(), {.keep_for = std::chrono::seconds{1}}};
    static cw::pipeline guarded{cw::ref(guard)};
    return guarded;
}
const cw::name operation{"pay"};

/// Keys that come once.
std::string next_key(const benchmark::State& state) {
    static thread_local std::uint64_t number = 0;
    return std::to_string(state.thread_index()) + "-" + std::to_string(++number);
}

void executes(benchmark::State& state) {
    for (auto _ : state) {
        const std::string key = next_key(state);
        cw::bench::keep(pay().run({.operation = operation, .id = key}, [] { return 7; }));
    }
}
void replays(benchmark::State& state) {
    (void)pay().run({.operation = operation, .id = "known"}, [] { return 7; });
    for (auto _ : state) cw::bench::keep(pay().run({.operation = operation, .id = "known"}, [] { return 7; }));
}
/// Reserving and committing by hand.
void two_swaps(benchmark::State& state) {
    for (auto _ : state) {
        const std::string key = "bare-" + next_key(state);
        const auto first = cw::ask(cells(), {cw::swap_cell{key, 0, "in use", std::chrono::seconds{1}}});
        cw::bench::keep(cw::ask(cells(), {cw::swap_cell{key, first->version, "done", std::chrono::seconds{1}}}));
    }
}

CUTWATER_BENCH(executes, "idempotency_guard/executes");
CUTWATER_BENCH(replays, "idempotency_guard/replays");
CUTWATER_BENCH(two_swaps, "idempotency_guard/two_swaps");

}  // namespace
