// Fields from whoever calls: they never crash, and what is read of them is written as something that is read as the same.
#include "cutwater/core/trace_context.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace cw = cutwater;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto parent = cw::parse_traceparent(text);
        parent && cw::parse_traceparent(cw::to_traceparent(*parent)) != parent)
        std::abort();
    const auto state = cw::trace_state::parse(text);
    if (!state) return 0;
    if (state->text().size() > cw::trace_state::max_text || cw::trace_state::parse(state->text()) != state)
        std::abort();
    return 0;
}
