// What a circuit breaker costs a call: admission and settling, on the machine's own clock, alone and with two threads on one
// breaker. The references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

/// One thread's calls through a breaker, as a pipeline makes them.
class caller {
public:
    explicit caller(cw::circuit_breaker& through) : through_{through} {}

    /// Whether it was admitted.
    bool call(const cw::observation& seen) {
        call_.now.forget();
        auto answer = through_.admit(call_, call_.now);
        auto* const ticket = std::get_if<cw::circuit_ticket>(&answer);
        if (ticket == nullptr) return false;
        cw::permit<cw::circuit_breaker> held{through_, *ticket};
        call_.now.forget();
        held.settle(seen, call_, call_.now);
        return true;
    }

private:
    cw::circuit_breaker& through_;
    cw::blocking_parking place_;
    cw::call_context call_{cw::nothing_said, cw::this_machine, place_};
};

const cw::observation succeeded{};
const cw::observation failed{.judged = {.meaning = cw::verdict::transient}};

/// `failures` of a hundred calls fail.
void measure(benchmark::State& state, cw::circuit_breaker& shared, unsigned failures) {
    caller calls{shared};
    unsigned n = 0;
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) {
        const bool fails = failures > 0 && ++n % 100 < failures;
        cw::bench::keep(calls.call(fails ? failed : succeeded));
    }
}

cw::circuit_breaker& of(cw::circuit_breaker_options options) {
    return *new cw::circuit_breaker{std::move(options)};  // for the life of the process
}

const cw::circuit_breaker_options counting{.window = cw::breaker_window::count};
const cw::circuit_breaker_options in_a_row{.window = cw::breaker_window::consecutive};
const cw::circuit_breaker_options by_time{};
const cw::circuit_breaker_options timed_by_count{.window = cw::breaker_window::count, .slow_after = 1s};
const cw::circuit_breaker_options timed_by_time{.slow_after = 1s};
const cw::circuit_breaker_options forced{.mode = cw::breaker_mode::forced_open};

void count_clean(benchmark::State& state) {
    static auto& shared = of(counting);
    measure(state, shared, 0);
}
void count_one_percent(benchmark::State& state) {
    static auto& shared = of(counting);
    measure(state, shared, 1);
}
void count_slow_calls(benchmark::State& state) {
    static auto& shared = of(timed_by_count);
    measure(state, shared, 0);
}
void consecutive_clean(benchmark::State& state) {
    static auto& shared = of(in_a_row);
    measure(state, shared, 0);
}
void time_clean(benchmark::State& state) {
    static auto& shared = of(by_time);
    measure(state, shared, 0);
}
void time_one_percent(benchmark::State& state) {
    static auto& shared = of(by_time);
    measure(state, shared, 1);
}
void time_slow_calls(benchmark::State& state) {
    static auto& shared = of(timed_by_time);
    measure(state, shared, 0);
}
void all_failing(benchmark::State& state) {
    static auto& shared = of({.mode = cw::breaker_mode::forced_closed, .window = cw::breaker_window::count});
    measure(state, shared, 100);
}
void refused_open(benchmark::State& state) {
    static auto& shared = [] -> auto& {
        auto& made = of({.open_for = 24h, .open_max = 24h});
        (void)made.open(cw::now());
        return made;
    }();
    measure(state, shared, 0);
}
void refused_forced(benchmark::State& state) {
    static auto& shared = of(forced);
    measure(state, shared, 0);
}
CUTWATER_BENCH(count_clean, "circuit_breaker/count/clean");
CUTWATER_BENCH(count_one_percent, "circuit_breaker/count/one_percent_fail");
CUTWATER_BENCH(count_slow_calls, "circuit_breaker/count/slow_calls");
CUTWATER_BENCH(consecutive_clean, "circuit_breaker/consecutive/clean");
CUTWATER_BENCH(time_clean, "circuit_breaker/time/clean");
CUTWATER_BENCH(time_one_percent, "circuit_breaker/time/one_percent_fail");
CUTWATER_BENCH(time_slow_calls, "circuit_breaker/time/slow_calls");
CUTWATER_BENCH(all_failing, "circuit_breaker/count/all_fail");
CUTWATER_BENCH(refused_open, "circuit_breaker/refused/open");
CUTWATER_BENCH(refused_forced, "circuit_breaker/refused/forced_open");

/// Asked by hand: what it costs to look.
void look(benchmark::State& state) {
    static auto& shared = of(by_time);
    for (auto _ : state) cw::bench::keep(shared.is_open(cw::instant{1h}));
}
CUTWATER_BENCH(look, "circuit_breaker/is_open");

}  // namespace
