// A key from whoever calls, and an answer from a store that somebody else writes to: neither crashes, and what is taken reads back.
#include <cstdint>
#include <cstdlib>

#include "cutwater/http/idempotency/idempotency_key.hpp"
#include "cutwater/http/idempotency/response_codec.hpp"
#include "cutwater/http/structured_string.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace cw = cutwater;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto read = [](std::string value) {
        return cw::read_idempotency_key({{"Idempotency-Key", std::move(value)}}, {});
    };
    const auto key = read(std::string{text});
    if (key && (key->empty() || key->size() > 255)) std::abort();
    if (key && read(cw::detail::to_structured_string(*key)) != key) std::abort();

    using codec = cw::cell_codec<cw::http_response>;
    const auto response = codec::decode(text);
    if (!response) return 0;
    if (response->body.size() > size) std::abort();
    const auto again = codec::decode(codec::encode(*response));
    if (!again || again->fields.size() > response->fields.size()) std::abort();
    return 0;
}
