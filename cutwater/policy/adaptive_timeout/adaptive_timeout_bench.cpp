// What an adaptive timeout costs a call that ends in time, beside a timeout with a fixed limit; also with two threads on one of them. The clock is the
// machine's: two readings are most of it.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;
using cw::bench::bare_call;
using cw::bench::keep;

template <class Pipeline>
void measure(benchmark::State& state, Pipeline& guarded) {
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(guarded.run(bare_call));
}

/// Looks at the clock when a call begins and when it has ended, and does nothing with it.
class two_looks {
public:
    [[nodiscard]] cw::name layer_name() const { return "looks"; }
    [[nodiscard]] cw::instant before(cw::call_context& call) const { return call.now; }
    void after(cw::instant began, const cw::observation&, cw::call_context& call) const {
        keep(cw::between(began, call.now));
    }
};

void fixed(benchmark::State& state) {
    static cw::pipeline shared{cw::timeout{1h}};
    measure(state, shared);
}
void fixed_and_looks(benchmark::State& state) {
    static cw::pipeline shared{two_looks{}, cw::timeout{1h}};
    measure(state, shared);
}
void adaptive(benchmark::State& state) {
    static cw::pipeline shared{cw::adaptive_timeout{{.initial = 1h, .floor = 1min, .ceiling = 1h}}};
    measure(state, shared);
}
void strained(benchmark::State& state) {
    static cw::pipeline shared{
        cw::adaptive_timeout{{.initial = 1h, .floor = 1min, .ceiling = 1h, .strain = [] { return 0.5; }}}};
    measure(state, shared);
}
CUTWATER_BENCH(fixed, "adaptive_timeout/reference/timeout");
CUTWATER_BENCH(fixed_and_looks, "adaptive_timeout/reference/timeout_and_two_looks");
CUTWATER_BENCH(adaptive, "adaptive_timeout/in_time");
CUTWATER_BENCH(strained, "adaptive_timeout/in_time_with_a_signal");

}  // namespace
