// URLs from whoever types or configures them: what is accepted can be sent, and means the same when it is read again.
#include "cutwater/http/http_url.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto url = cutwater::http_url::parse(text);
    if (!url) return url.error().empty() ? std::abort(), 0 : 0;
    const auto may_be_sent = [](char c) { return c > ' ' && c < '\x7f'; };
    const auto again = cutwater::http_url::parse(url->text());
    const bool fine = again && again->text() == url->text() && again->host() == url->host() &&
                      again->port() == url->port() && again->target() == url->target() && url->port() != 0 &&
                      !url->host().empty() && url->target().starts_with('/') &&
                      std::ranges::all_of(url->target(), may_be_sent) && std::ranges::all_of(url->host(), may_be_sent);
    if (!fine) std::abort();
    return 0;
}
