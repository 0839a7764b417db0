// At three in the morning a circuit opened. Nobody watched; the recorder did: the last decisions of each layer, up to the one that opened it.
#include "cutwater/observe/recorder/flight_recorder.hpp"

#include <iostream>
#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    for (int i = 0; i < 200; ++i) stock.returns(7, 5ms);
    stock.fails(std::errc::connection_reset, 5ms).hangs();

    std::stringstream file;  // or a file of its own for each dump; a service hands the lines to an async_sink
    cw::flight_recorder recorder{[&](std::string_view line) { file << line << '\n'; }, {.last = 6}};
    cw::pipeline inventory{
        cw::observe{recorder},
        cw::retry{{.max_attempts = 3, .base_delay = 100ms, .jitter = cw::jitter::none}},
        cw::circuit_breaker{
            {.name = "inventory", .window = cw::breaker_window::consecutive, .consecutive_failures = 3}},
        cw::timeout{{.name = "attempt", .after = 500ms}},
    };
    for (int i = 0; i < 205; ++i)
        (void)time.run(inventory, {.operation = "get_stock", .id = "order-" + std::to_string(i)}, stock.blocking());

    const auto books = cw::read_ledger(file);
    if (!books) return 1;
    const cw::ledger_book& told = books->front();
    std::cout << "dumped, because: " << told.reason << '\n';
    for (const cw::ledger_entry& e : told.entries)
        std::cout << cw::to_text(e.at) << "  " << e.call_id << "  " << e.layer << ": " << e.event << '\n';
    return recorder.dumps() == 1 && told.entries.back().event == "circuit_opened" ? 0 : 1;
}
