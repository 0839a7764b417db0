// The library alone: a dependency that fails twice and then recovers, behind a breaker and a retry.
#include <cstdio>
#include <expected>
#include <system_error>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::circuit_breaker health{{.name = "stock"}};
    cw::pipeline guarded{cw::timeout{2s}, cw::retry{{.max_attempts = 3, .base_delay = 1ms}}, cw::ref(health)};

    unsigned calls = 0;
    auto stock = [&]() -> std::expected<int, std::errc> {
        if (++calls < 3) return std::unexpected{std::errc::connection_reset};
        return 7;
    };
    const cw::result<int> pieces = guarded.run({.operation = "get_stock"}, stock);

    std::printf("%s%d pieces after %u calls\n", guarded.describe().c_str(), pieces.value_or(0), calls);
    return pieces == 7 && calls == 3 && !health.is_open(cw::now()) ? 0 : 1;
}
