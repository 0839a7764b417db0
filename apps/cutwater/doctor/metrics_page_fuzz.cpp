// Whatever a page holds, it is read or refused; and what was read has names.
#include "apps/cutwater/doctor/metrics_page.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto page =
        cutwater::app::parse_metrics_page({reinterpret_cast<const char*>(data), size});  // NOLINT(*-reinterpret-cast)
    if (page)
        for (const auto& each : *page)
            if (each.name.empty()) std::abort();
    return 0;
}
