// The usual stack in one line, through an outage: a warehouse that answers, refuses connections for two minutes, and is well
// again. In virtual time, so it is over at once.

#include <cstdlib>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    auto get_stock =
        cw::standard_pipeline({.name = "warehouse", .total = 3s, .breaking = {.minimum_calls = 10, .open_for = 30s}},
                              cw::fallback{cw::tier("last known", 12)});
    std::cout << get_stock.describe() << '\n';

    unsigned requests = 0;
    const auto warehouse = [&]() -> std::expected<int, std::error_code> {
        ++requests;
        if (time.elapsed() >= 1min && time.elapsed() < 3min)
            return std::unexpected{std::make_error_code(std::errc::connection_refused)};
        return 7;
    };

    unsigned empty_handed = 0;
    for (cw::duration minute = 1min; minute <= 5min; minute += 1min) {
        unsigned live = 0;
        unsigned degraded = 0;
        for (requests = 0; time.elapsed() < minute; time.pass(1s)) {  // a user each second
            const auto pieces = time.run(get_stock, {.operation = "get_stock"}, warehouse);
            ++(!pieces ? empty_handed : pieces.is_degraded() ? degraded : live);
        }
        std::cout << "until " << cw::to_text(minute) << ": " << live << " live answers, " << degraded
                  << " last known ones; the warehouse saw " << requests << " requests\n";
    }
    return empty_handed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
