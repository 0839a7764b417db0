// A shop with a database that everybody shares, a disk of its own and a partner behind a circuit breaker: what its pages say on a bad day, and what an
// orchestrator does about it. In virtual time; in a program a `health_runner` runs the checks.

#include <cstdlib>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/health/health_json.hpp"
#include "cutwater/health/health_monitor.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

cw::testing::virtual_time passing_time;

void pass(cw::health_monitor& health, cw::duration d) {
    for (const cw::instant end = passing_time.in(d); passing_time.present() < end; passing_time.pass(1s))
        for (cw::due_check& due : health.take_due()) due.run();
}

void say(const char* when, const cw::health_monitor& health) {
    const cw::health_report now = health.report();
    std::cout << when << ": " << to_text(now.status) << (now.live ? ", live" : ", not live")
              << (now.ready ? ", ready" : ", not ready: " + cw::in_words(now.not_ready_because)) << '\n';
    for (const cw::check_report& each : now.checks)
        if (each.status != cw::health_status::healthy)
            std::cout << "    " << each.name << " is " << to_text(each.status) << ": " << each.detail << ". "
                      << each.what_to_do << '\n';
}

}  // namespace

int main() {
    bool database_works = true;
    bool disk_has_room = true;
    cw::circuit_breaker partner{
        {.name = "partner", .window = cw::breaker_window::consecutive, .consecutive_failures = 3, .open_for = 1min}};
    cw::pipeline orders{cw::ref(partner)};

    cw::health_monitor health{{.name = "shop"}, passing_time};
    health.check({.name = "database",
                  .importance = cw::check_importance::critical,
                  .startup = cw::startup_effect::waits,
                  .what_to_do = "See the database's own page; answers come from the cache meanwhile."},
                 [&] { return database_works; });
    health.check({.name = "disk", .readiness = cw::readiness_effect::own}, [&] {
        return disk_has_room ? cw::check_result::ok("40 % free")
                             : cw::check_result::failed("full", "Delete old exports on this machine.");
    });
    health.watch(partner);
    const auto beats = health.heartbeat({.name = "event loop", .within = 10min});
    say("before anything has run", health);

    pass(health, 1min);
    say("a good minute", health);

    for (int i = 0; i < 3; ++i) (void)passing_time.run(orders, []() -> int { throw std::runtime_error{"503"}; });
    pass(health, 5s);
    say("the partner is down", health);

    database_works = false;
    pass(health, 1min);
    say("the database is down", health);
    const bool still_there = health.is_ready() && health.is_live();

    disk_has_room = false;
    pass(health, 1min);
    say("and here the disk is full", health);
    const bool left = !health.is_ready() && health.is_live();

    std::cout << cw::probe_json(health.report(), cw::health_probe::ready);
    return still_there && left ? EXIT_SUCCESS : EXIT_FAILURE;
}
