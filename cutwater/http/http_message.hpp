// A request and what came back, whole.
//
//     cw::http_request order{.method = "PUT", .url = url, .fields = {{"content-type", "text/plain"}}, .body = "7 pieces"};
//     auto answer = co_await client.send(order);
//     if (answer && answer->status == 503) wait_for(answer->fields.find("retry-after"));
//
// Thread safety: as values.
#pragma once

#include <cstddef>
#include <string>

#include "cutwater/http/http_fields.hpp"
#include "cutwater/http/http_url.hpp"

namespace cutwater {

struct http_request {
    std::string method = "GET";
    http_url url;
    http_fields fields = {};  ///< beside those that the client sets; `Host`, `User-Agent` and `Accept` of yours win
    std::string body = {};
};

struct http_response {
    unsigned status = 0;
    std::string reason = {};
    http_fields fields = {};
    std::string body = {};

    /// What it owns, for a cache.
    [[nodiscard]] std::size_t heap_bytes() const noexcept {
        return reason.capacity() + body.capacity() + fields.heap_bytes();
    }
};

}  // namespace cutwater
