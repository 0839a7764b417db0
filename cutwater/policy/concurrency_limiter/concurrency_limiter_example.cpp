// A service that takes a thousand calls a second, and clients that want two thousand. Without a limit all of them wait until nobody wants
// the answer any more; with one, those that are let in are served. Nothing here waits for real: it is a simulated minute.

#include "cutwater/policy/concurrency_limiter/concurrency_limiter.hpp"

#include <iomanip>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

/// A minute of it; how many calls a second were of use.
template <class Pipeline>
double minute_of(Pipeline& guarded) {
    cw::sim::world world{42};
    cw::sim::service shop{world, {.workers = 10, .takes = cw::sim::latency::exponential(10ms)}};
    cw::sim::clients all{world, cw::sim::via(world, guarded, shop)};
    all.set_patience(500ms);
    all.arrive(2000);
    world.run_for(20s);
    shop.set_workers(5);  // half of it fails
    world.run_for(20s);
    shop.set_workers(10);
    world.run_for(20s);
    return static_cast<double>(all.seen().succeeded) / 60;
}

int main() {
    cw::pipeline unlimited{cw::timeout{500ms}};
    cw::concurrency_limiter limiter{{.name = "shop"}};
    cw::pipeline limited{cw::ref(limiter), cw::timeout{500ms}};

    const double without = minute_of(unlimited);
    const double with = minute_of(limited);
    std::cout << std::fixed << std::setprecision(0)  //
              << "wanted:          2000 calls a second\n"
              << "possible:         833\n"
              << "without a limit: " << std::setw(4) << without << "\n"
              << "with one:        " << std::setw(4) << with << " (now " << limiter.limit() << " at once)\n";
    return with > 750 && without < 100 ? 0 : 1;
}
