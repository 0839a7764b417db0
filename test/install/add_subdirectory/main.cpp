// The library alone: policies put together at run time, and one that works by itself.
#include <cstdio>
#include <stdexcept>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main(int count, char**) {
    cw::any_pipeline<int> guarded;
    guarded.add(cw::timeout{2s});
    if (count > 0) guarded.add(cw::fallback{cw::tier("last known", 5)});
    guarded.add(cw::circuit_breaker{{.window = cw::breaker_window::consecutive, .consecutive_failures = 1}});

    auto broken = []() -> int { throw std::runtime_error{"broken"}; };
    const cw::result<int> first = guarded.run(broken);   // fails, and opens the circuit
    const cw::result<int> second = guarded.run(broken);  // is refused
    const auto alone = cw::retry{}([] { return 7; });

    std::printf("%s%d, %d, %d\n", guarded.describe().c_str(), *first, *second, *alone);
    return first.is_degraded() && second == 5 && alone == 7 ? 0 : 1;
}
