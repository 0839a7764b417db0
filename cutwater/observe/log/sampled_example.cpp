// An outage, and the log of it: the first refusals of each kind, then one in a hundred, with the number of those left out; written by a thread aside, so that no
// call waits for the disk.
#include "cutwater/observe/log/sampled.hpp"

#include <functional>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/log/async_sink.hpp"
#include "cutwater/observe/log/json_log.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    stock.fails(std::errc::connection_refused, 1ms);  // and again, for ever

    const auto first_of_may = std::chrono::sys_days{std::chrono::year{2024} / 5 / 1};
    cw::async_sink aside{std::cout};
    cw::json_log log{std::ref(aside), {.logger = "shop", .wall_clock = [&] {
                                           return first_of_may +
                                                  std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed());
                                       }}};
    cw::sampled fewer{log, {.first = 2, .every = 100, .period = 1s}};

    cw::pipeline inventory{
        cw::observe{fewer},
        cw::circuit_breaker{
            {.name = "inventory", .window = cw::breaker_window::consecutive, .consecutive_failures = 3}},
    };
    for (int i = 0; i < 3000; ++i) {
        (void)time.run(inventory, {.operation = "get_stock"}, stock.blocking());
        time.pass(1ms);
    }
    fewer.tell_suppressed(time.present());
    aside.flush();

    log.write({.message = "of the outage",
               .more = {{"events", fewer.passed() + fewer.suppressed()}, {"lines", aside.written()}}});
    aside.flush();
    return aside.dropped() == 0 && fewer.suppressed() > 5000 && aside.written() < 100 ? 0 : 1;
}
