// What one event costs a call whose ledger is kept, and one whose ledger nobody wants.

#include "cutwater/observe/ledger/call_ledger.hpp"

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;

cw::circuit_opened opened() {
    return {.reason = cw::circuit_reason::failure_rate, .failure_rate = 0.5, .calls = 10, .open_for = {}};
}
const cw::event_origin somewhere{
    .layer = "inventory", .operation = "get_stock", .call_id = "order-1", .attempt = 1, .at = {}};

void is_kept(benchmark::State& state) {
    cw::call_ledger kept{{.max_entries = 1'000}};
    const cw::circuit_opened body = opened();
    int heard = 0;
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        kept.on_event(cw::event{somewhere, body});
        if (++heard % 1'000 == 0) kept.clear();
    }
}
void is_of_another_call(benchmark::State& state) {
    static cw::call_ledger kept{{.only_call = "order-7"}};
    const cw::circuit_opened body = opened();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) kept.on_event(cw::event{somewhere, body});
}
CUTWATER_BENCH_ALONE(is_kept, "ledger/event/kept");
CUTWATER_BENCH(is_of_another_call, "ledger/event/of_another_call");

}  // namespace
