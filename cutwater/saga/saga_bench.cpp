// What a saga of three steps costs over a store in memory, beside the calls alone and the four writes alone; and one that finds its end.

#include "cutwater/saga/saga.hpp"

#include <string>

#include "bench/support/reference.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace {

namespace cw = cutwater;
using counting = cw::saga<std::uint64_t>;

cw::memory_store& cells() {
    static auto& made = *new cw::memory_store{{.max_cells = 100'000'000}};
    return made;
}
void step(std::uint64_t& n) { cw::bench::keep(++n); }

counting& of_three() {
    static counting made{cells(),
                         {.kept_for = std::chrono::seconds{1}},
                         {{"one", &step, &step}, {"two", &step, &step}, {"three", &step, cw::no_undo}}};
    return made;
}

/// Ids that come once.
std::string next_id(const benchmark::State& state) {
    static thread_local std::uint64_t number = 0;
    return std::to_string(state.thread_index()) + "-" + std::to_string(++number);
}

void completes(benchmark::State& state) {
    for (auto _ : state) cw::bench::keep(of_three().run(next_id(state), 7));
}
void replays(benchmark::State& state) {
    static counting kept{cells(), {.name = "kept"}, {{"one", &step, &step}}};
    (void)kept.run("known", 7);
    for (auto _ : state) cw::bench::keep(kept.run("known", 7));
}
void three_calls(benchmark::State& state) {
    for (auto _ : state) {
        std::uint64_t n = 7;
        step(n);
        step(n);
        step(n);
    }
}
/// Of about as many bytes.
void four_writes(benchmark::State& state) {
    const std::string bytes(200, 'x');
    for (auto _ : state) {
        const std::string key = "bare-" + next_id(state);
        cw::cell_version version = 0;
        for (int i = 0; i < 4; ++i)
            version = cw::ask(cells(), {cw::swap_cell{key, version, bytes, std::chrono::seconds{1}}})->version;
    }
}

CUTWATER_BENCH(completes, "saga/completes");
CUTWATER_BENCH(replays, "saga/replays");
CUTWATER_BENCH(three_calls, "saga/three_calls");
CUTWATER_BENCH(four_writes, "saga/four_writes");

}  // namespace
