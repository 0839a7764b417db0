// What an answer to a probe costs, with ten checks, and what a page does.

#include "bench/support/reference.hpp"
#include "cutwater/health/health_json.hpp"
#include "cutwater/health/health_monitor.hpp"

namespace {

namespace cw = cutwater;

/// Ten checks that have run, of which two are not well.
cw::health_monitor& ten() {
    static cw::health_monitor health;
    static const bool made = [] {
        for (int i = 0; i < 10; ++i)
            health.check({.name = "check " + std::to_string(i),
                          .stale_after = std::chrono::hours{24},
                          .readiness = cw::readiness_effect::shared},
                         [i] { return i < 8 ? cw::check_result::ok() : cw::check_result::degraded("slow", "look"); });
        for (cw::due_check& each : health.take_due()) each.run();
        return true;
    }();
    benchmark::DoNotOptimize(made);
    return health;
}

void is_ready(benchmark::State& state) {
    const cw::health_monitor& health = ten();
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(health.is_ready());
}
void report(benchmark::State& state) {
    const cw::health_monitor& health = ten();
    for (auto _ : state) cw::bench::keep(health.report());
}
void page(benchmark::State& state) {
    const cw::health_monitor& health = ten();
    for (auto _ : state) cw::bench::keep(cw::health_json(health.report(), cw::health_detail::full));
}
void beat(benchmark::State& state) {
    static const auto beats = ten().heartbeat({.name = "loop"});
    for (auto _ : state) beats->beat();
}
CUTWATER_BENCH(is_ready, "health/is_ready");
CUTWATER_BENCH_ALONE(report, "health/report");
CUTWATER_BENCH_ALONE(page, "health/page");
CUTWATER_BENCH(beat, "health/beat");

}  // namespace
