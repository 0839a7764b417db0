// Fields from whoever calls: they never crash, say nothing that is out of range, and what is sent on is read as the same.
#include "cutwater/http/call_metadata.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace cw = cutwater;
    std::string_view text{reinterpret_cast<const char*>(data), size};
    cw::http_fields fields;
    while (!text.empty()) {  // a line each: name:value
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto colon = std::min(line.find(':'), line.size());
        fields.add(std::string{line.substr(0, colon)}, std::string{line.substr(std::min(line.size(), colon + 1))});
    }
    const cw::call_metadata got = cw::extract(fields);
    const bool in_range = got.attempt >= 1 && got.time_left.value_or(cw::duration::zero()) >= cw::duration::zero() &&
                          got.malformed <= fields.size();
    const cw::instant now{std::chrono::seconds{1}};
    const cw::call_options said = got.options(now);
    if (!in_range || said.deadline < now || said.id != got.key) std::abort();
    if (cw::extract(fields) != got) std::abort();
    return 0;
}
