// Twice as much as can be done is asked for, by those who wait for an answer and by a nightly job. The shedder at the door lets in what can be
// done, and those who wait first. Nothing here waits for real: it is a simulated minute.

#include "cutwater/policy/load_shedder/load_shedder.hpp"

#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::load_shedder door{{.name = "door", .target_concurrent = 30}};
    cw::pipeline serve{cw::ref(door), cw::timeout{1s}};

    cw::sim::world world{42};
    cw::sim::service shop{world, {.workers = 10, .takes = cw::sim::latency::exponential(10ms)}};  // a thousand a second
    cw::sim::clients buyers{world, cw::sim::via(world, serve, shop), {.importance = cw::criticality::critical}};
    cw::sim::clients job{world, cw::sim::via(world, serve, shop), {.importance = cw::criticality::best_effort}};
    buyers.arrive(600);
    job.arrive(1400);
    world.run_for(60s);

    const auto a_second = [](std::uint64_t calls) { return calls / 60; };
    std::cout << "buyers: " << a_second(buyers.seen().succeeded) << " of 600 a second, the slowest hundredth over "
              << buyers.seen().percentile(0.99) / 1ms << " ms\n"
              << "job:    " << a_second(job.seen().succeeded)
              << " of 1400 a second; the rest is told to come back later\n"
              << "load:   " << door.load() << " of what there should be\n";
    return a_second(buyers.seen().succeeded) >= 580 && a_second(job.seen().succeeded) >= 300 ? 0 : 1;
}
