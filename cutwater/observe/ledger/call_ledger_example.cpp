// A customer asks about order 7. Its ledger was kept: each attempt, wait and decision, and why; saved, and read again.
#include "cutwater/observe/ledger/call_ledger.hpp"

#include <iostream>
#include <sstream>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/ledger/tell_attempts.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    stock.fails(std::errc::connection_reset, 20ms).hangs().returns(7, 30ms);

    cw::call_ledger kept{{.only_call = "order-7"}};
    cw::pipeline inventory{
        cw::observe{kept},
        cw::retry{{.max_attempts = 3, .base_delay = 100ms, .jitter = cw::jitter::none}},
        cw::timeout{{.name = "attempt", .after = 500ms}},
        cw::tell_attempts{},
    };
    for (const char* const order : {"order-6", "order-7", "order-8"})
        (void)time.run(inventory, {.operation = "get_stock", .id = order}, stock.blocking());

    std::ostringstream file;  // `cutwater explain --ledger FILE` draws it
    cw::write_ledger(file, kept.book());
    std::cout << file.str() << '\n';

    std::istringstream again{file.str()};
    const auto books = cw::read_ledger(again);
    if (!books) return 1;
    for (const cw::ledger_entry& e : books->front().entries)
        std::cout << "after " << cw::to_text(e.at) << ": " << e.layer << " says " << e.event << '\n';
    return kept.calls() == std::vector<std::string>{"order-7"} && books->front() == kept.book() ? 0 : 1;
}
