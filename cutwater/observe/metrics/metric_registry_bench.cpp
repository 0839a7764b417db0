// What it costs to be counted: a call of a pipeline that nobody watches, one whose events go nowhere, one that is counted; and what one record costs, alone and with two
// threads on one series.

#include "cutwater/observe/metrics/metric_registry.hpp"

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

struct deaf final : cw::listener {
    void on_event(const cw::event&) override {}
};

template <class Pipeline>
void call(benchmark::State& state, Pipeline& guarded) {
    static const cw::name get{"get"};
    const cw::call_options said{.operation = get};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run(said, cw::bench::bare_call));
}

void unwatched(benchmark::State& state) {
    static cw::pipeline guarded{cw::retry{}};
    call(state, guarded);
}
CUTWATER_BENCH(unwatched, "metrics/reference/unwatched");

void to_nobody(benchmark::State& state) {
    static deaf nobody;
    static cw::pipeline guarded{cw::observe{nobody}, cw::retry{}};
    call(state, guarded);
}
CUTWATER_BENCH(to_nobody, "metrics/reference/events_to_nobody");

cw::metric_registry& registry() {
    static cw::metric_registry all;
    return all;
}

void counted(benchmark::State& state) {
    static cw::event_metrics counts{registry()};
    static cw::pipeline guarded{cw::observe{counts}, cw::retry{}};
    call(state, guarded);
}
CUTWATER_BENCH(counted, "metrics/counted_call");

void one_counter(benchmark::State& state) {
    static const auto series = registry().open(cw::metrics::attempts, {});
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) series->record(1);
}
CUTWATER_BENCH(one_counter, "metrics/counter");

void one_histogram(benchmark::State& state) {
    static const auto series = registry().open(cw::metrics::call_duration, {});
    const cw::bench::count_allocations counting{state};
    double value = 0.0001;
    for (auto _ : state) {
        series->record(value);
        value = value > 50 ? 0.0001 : value * 1.1;
    }
}
CUTWATER_BENCH(one_histogram, "metrics/histogram");

/// A registry of a large service, as an exporter reads it.
void read(benchmark::State& state) {
    cw::metric_registry large;
    std::vector<std::shared_ptr<cw::metric_series>> held;
    for (int i = 0; i < 1000; ++i)
        held.push_back(
            large.open(cw::metrics::calls, {.operation = cw::name{"op " + std::to_string(i)}, .detail = "success"}));
    for (auto _ : state) cw::bench::keep(large.read(cw::instant{}));
}
CUTWATER_BENCH(read, "metrics/read/1000_series");

}  // namespace
