// What a throttle costs a call: one that is accepted while nothing is rejected, one that is rejected, one that is let through
// meanwhile, and one that fails; alone and with two threads on one throttle. The references stand in the same run.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

/// One thread's calls through a throttle, as a pipeline makes them.
class caller {
public:
    explicit caller(cw::throttle& through) : through_{through} {}

    /// Whether it was admitted.
    bool call(const cw::observation& seen) {
        call_.now.forget();
        auto answer = through_.admit(call_, call_.now);
        auto* const ticket = std::get_if<cw::throttle::ticket>(&answer);
        if (ticket == nullptr) return false;
        cw::permit<cw::throttle> held{through_, *ticket};
        call_.now.forget();
        held.settle(seen, call_, call_.now);
        return true;
    }

private:
    cw::throttle& through_;
    cw::blocking_parking place_;
    cw::call_context call_{cw::nothing_said, cw::this_machine, place_};
};

const cw::observation succeeded{};
const cw::observation failed{.judged = {.meaning = cw::verdict::transient}};

void measure(benchmark::State& state, cw::throttle& shared, const cw::observation& seen) {
    caller calls{shared};
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(calls.call(seen));
}

cw::throttle& of(cw::throttle_options options) {
    return *new cw::throttle{std::move(options)};  // for the life of the process
}

/// Of which the dependency has accepted nothing.
cw::throttle& rejecting(double probability) {
    cw::throttle& made = of({.window = 24h, .max_rejection = probability});
    for (int i = 0; i < 10'000; ++i) made.record_failed(cw::now());
    return made;
}

void accepted(benchmark::State& state) {
    static auto& shared = of({});
    measure(state, shared, succeeded);
}
void accepted_by_criticality(benchmark::State& state) {
    static auto& shared = of({.windows = cw::throttle_windows::by_criticality});
    measure(state, shared, succeeded);
}
void fails(benchmark::State& state) {
    static auto& shared = of({.max_rejection = 0.0});
    measure(state, shared, failed);
}
/// Ninety-nine of a hundred are rejected; the hundredth fails, under the lock.
void rejected(benchmark::State& state) {
    static auto& shared = rejecting(0.99);
    measure(state, shared, failed);
}
CUTWATER_BENCH(accepted, "throttle/accepted");
CUTWATER_BENCH(accepted_by_criticality, "throttle/accepted/by_criticality");
CUTWATER_BENCH(fails, "throttle/fails");
CUTWATER_BENCH(rejected, "throttle/rejected");

/// Asked by hand: what it costs to look.
void look(benchmark::State& state) {
    static auto& shared = of({});
    for (auto _ : state) cw::bench::keep(shared.read(cw::instant{1h}));
}
CUTWATER_BENCH(look, "throttle/read");

}  // namespace
