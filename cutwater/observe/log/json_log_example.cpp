// A bad minute of a dependency, as its log tells it: one JSON object a line.
#include "cutwater/observe/log/json_log.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    stock.fails(std::errc::connection_reset, 20ms).hangs().returns(7, 30ms).throws(std::runtime_error{"no such table"});

    // The log: every line to standard output, stamped with the virtual time as if it were the first of May.
    const auto first_of_may = std::chrono::sys_days{std::chrono::year{2024} / 5 / 1};
    cw::json_log log{[](std::string_view line) { std::printf("%.*s\n", static_cast<int>(line.size()), line.data()); },
                     {.logger = "shop", .min_level = cw::severity::debug, .wall_clock = [&] {
                          return first_of_may + std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed());
                      }}};

    cw::pipeline inventory{
        cw::observe{log},
        cw::retry{{.max_attempts = 3, .jitter = cw::jitter::none}},
        cw::timeout{{.name = "attempt", .after = 500ms}},
    };

    log.write({.message = "shop opens", .more = {{"attempts_allowed", 3}, {"attempt_limit", cw::duration{500ms}}}});
    const auto first = time.run(inventory, {.operation = "get_stock", .id = "order-1"}, stock.blocking());
    const auto second = time.run(inventory, {.operation = "get_stock", .id = "order-2"}, stock.blocking());
    log.write({.level = cw::severity::warning,
               .message = "shop closes",
               .more = {{"first_order", first.has_value()}, {"second_order", second.has_value()}},
               .thrown = second ? nullptr : second.error().cause()});
    return log.lost() == 0 ? 0 : 1;
}
