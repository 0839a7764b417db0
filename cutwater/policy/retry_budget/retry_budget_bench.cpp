// What a retry budget costs a call that succeeds at once, in each mode, and what it costs to ask it; alone and with two threads on one
// budget. Beside it the same call with a retry that has none.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;
using cw::bench::bare_call;
using cw::bench::keep;

/// For the life of the process.
cw::retry_budget& of(cw::retry_budget_options options) { return *new cw::retry_budget{std::move(options)}; }

template <class Pipeline>
void measure(benchmark::State& state, Pipeline& guarded) {
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(bare_call));
}

void no_layer(benchmark::State& state) {
    static cw::pipeline shared{cw::classify{}};
    measure(state, shared);
}
void no_budget(benchmark::State& state) {
    static cw::pipeline shared{cw::retry{}};
    measure(state, shared);
}
CUTWATER_BENCH(no_layer, "reference/no_layer");
CUTWATER_BENCH(no_budget, "retry_budget/reference/retry_without");

void saturated(benchmark::State& state) {
    static cw::pipeline shared{cw::retry{{.budget = &of({.mode = cw::budget_mode::token_bucket})}}};
    measure(state, shared);
}
/// So much is missing that every success brings something.
void unsaturated(benchmark::State& state) {
    static cw::retry_budget& budget =
        of({.mode = cw::budget_mode::cost, .capacity = 1'000'000'000, .retry_cost = 1'000'000});
    static cw::pipeline shared{cw::retry{{.budget = &budget}}};
    while (budget.try_charge(cw::charge_cause::failure, {})) {}
    measure(state, shared);
}
void by_ratio(benchmark::State& state) {
    static cw::pipeline shared{cw::retry{{.budget = &of({})}}};
    measure(state, shared);
}
CUTWATER_BENCH(saturated, "retry_budget/success/saturated");
CUTWATER_BENCH(unsaturated, "retry_budget/success/unsaturated");
CUTWATER_BENCH(by_ratio, "retry_budget/success/ratio");

/// By hand: a retry that is asked for, and paid for as often as there is something.
void ask(benchmark::State& state, cw::retry_budget& budget) {
    for (auto _ : state) keep(budget.try_charge(cw::charge_cause::failure, cw::now()));
}
void ask_ratio(benchmark::State& state) {
    static cw::retry_budget& budget = of({});
    ask(state, budget);
}
void ask_cost(benchmark::State& state) {
    static cw::retry_budget& budget = of({.mode = cw::budget_mode::cost});
    ask(state, budget);
}
/// By hand: an original is counted, the time is known.
void count(benchmark::State& state) {
    static cw::retry_budget& budget = of({});
    for (auto _ : state) budget.record_original(cw::instant{1h});
}
CUTWATER_BENCH(ask_ratio, "retry_budget/exhausted/ratio");
CUTWATER_BENCH(ask_cost, "retry_budget/exhausted/cost");
CUTWATER_BENCH(count, "retry_budget/original/ratio");

}  // namespace
