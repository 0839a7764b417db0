// A pipeline's metrics as Prometheus reads them.
#include "cutwater/observe/prometheus/prometheus_metrics.hpp"

#include <cstdio>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    stock.returns(7, 20ms).fails(std::errc::connection_reset).returns(7, 30ms);

    cw::metric_registry registry;
    cw::event_metrics counts{registry};
    cw::pipeline inventory{cw::observe{counts}, cw::retry{}, cw::bulkhead{{.name = "room", .max_concurrent = 10}}};
    const auto watched = registry.watch(inventory);
    for (int i = 0; i < 2; ++i) (void)time.run(inventory, {.operation = "get_stock"}, stock.blocking());

    const cw::prometheus_metrics shown{registry, time};
    const std::string page = shown.text();
    std::printf("%s", page.c_str());
    return page.contains(R"(cutwater_calls_total{operation="get_stock",verdict="success"} 2)") ? 0 : 1;
}
