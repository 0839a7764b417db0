// What recording costs: an event, a call that succeeds, and a dump.

#include "cutwater/observe/recorder/flight_recorder.hpp"

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;

void nowhere(std::string_view line) { cw::bench::keep(line.size()); }

struct deaf final : cw::listener {
    void on_event(const cw::event& e) noexcept override { cw::bench::keep(e.origin().attempt); }
};

void an_event(benchmark::State& state) {
    static cw::flight_recorder recorder{nowhere};
    const cw::event_origin somewhere{
        .layer = "inventory", .operation = "get_stock", .call_id = "order-1", .attempt = 1, .at = {}};
    const cw::circuit_refused body{.state = cw::circuit_state::open, .retry_after = std::chrono::seconds{2}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) recorder.on_event(cw::event{somewhere, body});
}
/// Heard, and not kept: what building the events costs.
void a_call_that_is_heard(benchmark::State& state) {
    static deaf hears;
    static cw::pipeline guarded{cw::observe{hears}, cw::retry{}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
void a_call(benchmark::State& state) {
    static cw::flight_recorder recorder{nowhere};
    static cw::pipeline guarded{cw::observe{recorder}, cw::retry{}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
void a_call_whose_debug_events_are_not_kept(benchmark::State& state) {
    static cw::flight_recorder recorder{nowhere, {.min_level = cw::severity::warning}};
    static cw::pipeline guarded{cw::observe{recorder}, cw::retry{}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(cw::bench::bare_call));
}
void a_dump_of_ten_layers(benchmark::State& state) {
    static cw::flight_recorder recorder{nowhere};
    const cw::circuit_refused body{.state = cw::circuit_state::open, .retry_after = std::chrono::seconds{2}};
    for (int i = 0; i < 640; ++i)
        recorder.on_event(cw::event{{.layer = cw::name{"layer " + std::to_string(i % 10)}, .at = {}}, body});
    for (auto _ : state) cw::bench::keep(recorder.dump("again"));
}

CUTWATER_BENCH(an_event, "recorder/event");
CUTWATER_BENCH(a_call_that_is_heard, "recorder/reference/call_that_is_heard");
CUTWATER_BENCH(a_call, "recorder/call");
CUTWATER_BENCH(a_call_whose_debug_events_are_not_kept, "recorder/call/warnings_only");
CUTWATER_BENCH_ALONE(a_dump_of_ten_layers, "recorder/dump/10_layers");

}  // namespace
