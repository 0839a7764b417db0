// What tracing costs a call with one attempt: where there is none, where it is not recorded, and where it is.

#include "cutwater/observe/trace/traced.hpp"

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;

/// Takes spans, and throws them away.
class no_sink final : public cw::span_sink {
public:
    void take(cw::trace_span&& ended) noexcept override {
        const cw::trace_span taken = std::move(ended);
        cw::bench::keep(taken);
    }
};

const cw::name operation{"get"};

void without(benchmark::State& state) {
    cw::pipeline guarded{cw::retry{}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run({.operation = operation}, cw::bench::bare_call));
}

void with(benchmark::State& state, const cw::tracer_options& options, const cw::trace_context* from) {
    no_sink sink;
    cw::tracer tracer{sink, options};
    cw::pipeline guarded{cw::traced{tracer}, cw::retry{}, cw::traced_attempt{tracer}};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(guarded.run({.operation = operation, .trace = from}, cw::bench::bare_call));
}

void recorded(benchmark::State& state) { with(state, {}, nullptr); }
void not_chosen(benchmark::State& state) { with(state, {.share = 0}, nullptr); }
void not_wanted(benchmark::State& state) {
    const auto from = cw::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    with(state, {}, &*from);
}
void kept_if_failed(benchmark::State& state) {
    with(state, {.share = 0, .keep = cw::kept_spans::failures_too}, nullptr);
}

CUTWATER_BENCH_ALONE(without, "traced/no_layer");
CUTWATER_BENCH_ALONE(not_wanted, "traced/not_recorded/callers_trace");
CUTWATER_BENCH_ALONE(not_chosen, "traced/not_recorded/own_trace");
CUTWATER_BENCH_ALONE(kept_if_failed, "traced/recorded/thrown_away");
CUTWATER_BENCH_ALONE(recorded, "traced/recorded");

}  // namespace
