// Makes calls through a pipeline, for whoever counts its instructions: `counted_instructions WAY CALLS`.
//
//   unwatched  nobody listens, and there is no exporter in the program
//   beside     nobody listens to this pipeline; another one is counted, watched and exported
//   counted    this one is

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"
#include "cutwater/observe/prometheus/prometheus_metrics.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

constexpr auto three_layers = [](auto&&... first) {
    return cw::pipeline{first..., cw::retry{}, cw::circuit_breaker{{.name = "health"}},
                        cw::bulkhead{{.name = "room", .max_concurrent = 10}}};
};

int sum_of_calls(auto& guarded, long calls) {
    const cw::name get{"get"};
    int sum = 0;
    for (long i = 0; i < calls; ++i) sum += guarded.run({.operation = get}, [] { return 7; }).value_or(0);
    return sum;
}

/// A pipeline that an exporter shows, in the same process.
struct watched_service {
    cw::metric_registry registry{};
    cw::event_metrics counts{registry};
    decltype(three_layers(cw::observe{counts})) guarded{three_layers(cw::observe{counts})};
    cw::metric_registry::watched watched = registry.watch(guarded);
    cw::prometheus_metrics shown{registry};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fputs("usage: counted_instructions unwatched|beside|counted CALLS\n", stderr), 2;
    const std::string_view way = argv[1];
    const long calls = std::strtol(argv[2], nullptr, 10);
    std::optional<watched_service> service;
    if (way != "unwatched") service.emplace();
    auto unwatched = three_layers();
    if (service) (void)sum_of_calls(service->guarded, 10);
    const int sum = way == "counted" ? sum_of_calls(service->guarded, calls) : sum_of_calls(unwatched, calls);
    if (service) (void)service->shown.text();
    return sum == 7 * calls ? 0 : 1;
}
