// What the examples with HTTP may take for granted, beside prelude_asio.hpp.
#pragma once

#define SNIPPETS_WITH_HTTP

#include "cutwater/http.hpp"
#include "test/docs/prelude_asio.hpp"

namespace snippets {

struct http_user : awaitable_client {
    asio::awaitable<std::expected<cw::http_response, cw::error>> send(const cw::http_request&) {
        co_return cw::http_response{.status = 200};
    }
};
[[maybe_unused]] static http_user client;

inline const cw::http_url url = *cw::http_url::parse("https://stock.example/items/7");
inline const cw::http_request request{.url = url};
inline cw::circuit_breaker stock_health{{.name = "stock"}};

inline const std::string field = "Sun, 06 Nov 1994 08:49:37 GMT";
inline tcp::socket socket{io};
inline tcp::socket& stream = socket;

inline void wait_for(const auto&) {}

}  // namespace snippets
