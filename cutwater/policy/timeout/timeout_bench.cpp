// What a timeout costs a call: where it ends in time, and where the limit ends it; in time also with two threads on one
// timeout. The clock is the machine's: one reading is most of it.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;
using cw::bench::bare_call;
using cw::bench::keep;

template <class Pipeline, class F>
void measure(benchmark::State& state, Pipeline&& guarded, const F& f, const cw::call_options& said = cw::nothing_said) {
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(said, f));
}

/// As a client that was told its deadline fails when that passes; it passes at once, so that nobody waits.
std::expected<int, std::error_code> cut_short(cw::attempt& a) {
    while (a.remaining() > 0s) {}
    return std::unexpected{std::make_error_code(std::errc::timed_out)};
}

void no_layer(benchmark::State& state) { measure(state, cw::pipeline{cw::classify{}}, bare_call); }
CUTWATER_BENCH_ALONE(no_layer, "reference/no_layer");

void in_time(benchmark::State& state) {
    static cw::pipeline shared{cw::timeout{1h}};
    measure(state, shared, bare_call);
}
void two_limits(benchmark::State& state) { measure(state, cw::pipeline{cw::timeout{2h}, cw::timeout{1h}}, bare_call); }
void within_a_deadline(benchmark::State& state) {
    measure(state, cw::pipeline{cw::timeout{1h}}, bare_call, {.deadline = cw::in(1h)});
}
void limit_reached(benchmark::State& state) { measure(state, cw::pipeline{cw::timeout{1ns}}, cut_short); }
void nothing_left(benchmark::State& state) {
    static cw::pipeline shared{cw::timeout{1h}};
    measure(state, shared, bare_call, {.deadline = cw::now()});
}
CUTWATER_BENCH(in_time, "timeout/in_time");
CUTWATER_BENCH_ALONE(two_limits, "timeout/in_time_through_two_limits");
CUTWATER_BENCH_ALONE(within_a_deadline, "timeout/in_time_with_a_callers_deadline");
CUTWATER_BENCH_ALONE(limit_reached, "timeout/limit_reached");
CUTWATER_BENCH(nothing_left, "timeout/nothing_is_left");

}  // namespace
