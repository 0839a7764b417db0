// What the policies were worth in a bad minute, as the metrics say it.
#include "cutwater/observe/metrics/metric_registry.hpp"

#include <cstdio>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/effect.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};

    cw::metric_registry registry;
    cw::event_metrics counts{registry};
    cw::circuit_breaker health{{.name = "inventory", .window_calls = 20, .minimum_calls = 10}};
    cw::pipeline inventory{cw::observe{counts}, cw::fallback{0}, cw::retry{{.max_attempts = 3}}, cw::ref(health)};
    const auto watched = registry.watch(inventory);

    for (int call = 0; call < 300; ++call) {
        const bool is_down = call >= 100 && call < 200;  // a third of the time everything fails, else one in ten
        if (is_down || call % 10 == 0) stock.fails(std::errc::connection_reset, 20ms);
        stock.returns(7, 20ms);
        (void)time.run(inventory, {.operation = "get_stock", .idempotent = cw::idempotency::idempotent},
                       stock.blocking());
        time.pass(200ms);
    }

    const auto read = registry.read(time.now());
    std::printf("%s", cw::effect_of(read).text().c_str());
    const double refused = cw::metric_total(read, cw::metrics::refusals);
    std::printf("\nthe circuit changed its state %.0f times, and refused %.0f attempts\n",
                cw::metric_total(read, cw::metrics::circuit_changes), refused);
    return cw::effect_of(read).calls == 300 ? 0 : 1;
}
