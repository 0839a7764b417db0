// A shop's stock service goes down for ten minutes, and then the shop restarts in the middle of it. In virtual time, so that it is over at once.

#include <cstdlib>
#include <iostream>

#include "cutwater/store.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    bool is_down = false;
    unsigned asked = 0;
    const auto stock_service = [&]() -> std::expected<int, std::errc> {
        ++asked;
        if (is_down) return std::unexpected{std::errc::connection_refused};
        return 7;
    };

    cw::memory_store cells{{}, time};  // stands for one that outlasts the process: cw::sqlite_store
    const cw::cache_options options{.name = "stock", .fresh_for = 10s, .stale_if_error = 1h};
    const cw::call_options question{.operation = "get_stock", .fingerprint = "sku-1"};
    constexpr int unknown = -1;

    unsigned live = 0, fresh = 0, stale = 0, unanswered = 0;
    const auto a_minute = [&](auto& pipeline) {
        for (int i = 0; i < 60; ++i, time.pass(1s)) {
            const auto pieces = time.run(pipeline, question, stock_service);
            ++(pieces == unknown ? unanswered : pieces.is_degraded() ? stale : pieces.source().empty() ? live : fresh);
        }
    };

    {
        cw::cache<int> known{options, cells, unknown};
        cw::pipeline inventory{cw::ref(known), cw::retry{{.max_attempts = 2}}};
        std::cout << inventory.describe() << '\n';
        a_minute(inventory);
        std::cout << "a good minute: " << live << " of 60 questions were asked, " << fresh << " answered from before\n";
        is_down = true;
        a_minute(inventory);
    }
    cw::cache<int> known{options, cells, unknown};  // the shop restarts
    cw::pipeline inventory{cw::ref(known), cw::retry{{.max_attempts = 2}}};
    a_minute(inventory);
    std::cout << "down: " << stale << " answers were stale, " << unanswered << " were the default\n";

    is_down = false;
    const auto again = time.run(inventory, question, stock_service);
    std::cout << "well again: " << (again.source().empty() ? "asked" : "from before") << '\n';
    return live >= 6 && live <= 8 && unanswered == 0 && stale > 100 && again == 7 && !again.is_degraded()
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
