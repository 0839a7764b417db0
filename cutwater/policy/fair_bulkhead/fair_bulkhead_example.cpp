// Two customers share the workers of a report service, three to one. At night the small one has all of them; when the large one comes back it has its
// share within one report's time. Nothing here waits for real: it is a simulated minute.

#include "cutwater/policy/fair_bulkhead/fair_bulkhead.hpp"

#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::fair_bulkhead reports{{.name = "reports",
                               .max_concurrent = 20,
                               .shares = {{"gold", 3}, {"silver", 1}},
                               .max_queue = 100,
                               .max_wait = 10s}};
    cw::pipeline guarded{cw::ref(reports)};
    cw::sim::world world{42};
    cw::sim::service workers{world, {.workers = 20, .takes = cw::sim::latency::constant(200ms)}};
    cw::sim::clients gold{world, cw::sim::via(world, guarded, workers), {.tenant = "gold"}};
    cw::sim::clients silver{world, cw::sim::via(world, guarded, workers), {.tenant = "silver"}};

    silver.keep_busy(60, 0ms);
    world.run_for(30s);
    std::cout << "silver alone has " << reports.in_use("silver") << " of 20\n";
    gold.keep_busy(60, 0ms);
    world.run_for(1s);
    std::cout << "with gold back: gold " << reports.in_use("gold") << ", silver " << reports.in_use("silver") << "\n";
    return reports.in_use("gold") == 15 && reports.in_use("silver") == 5 ? 0 : 1;
}
