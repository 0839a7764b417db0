// Retry-After, from whoever answers: it never crashes, is never negative, and a date means the same in its own now.
#include "cutwater/http/retry_after.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cutwater/http/http_date.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace std::chrono_literals;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    for (const auto now : {std::chrono::sys_seconds{0s}, std::chrono::sys_seconds{1'700'000'000s},
                           std::chrono::sys_seconds{32'503'680'000s}}) {
        const auto wait = cutwater::parse_retry_after(text, now);
        if (wait && *wait < cutwater::duration::zero()) std::abort();
        const auto when = cutwater::parse_http_date(text, now);
        if (when && !wait) std::abort();
        if (when && cutwater::parse_retry_after(text, *when + 24h * 365 * 99) != cutwater::duration::zero() &&
            text.find('-') == std::string_view::npos)
            std::abort();
    }
    return 0;
}
