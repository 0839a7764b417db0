// A response as bytes: on the wire, and in a cell of a store.
//
//     cw::memory_store cells;
//     cw::idempotency_guard<cw::http_response> payments{cells, {.name = "payments"}};       // keeps whole responses
//
// What is kept is a response as HTTP/1.1 has it, written and read by Boost.Beast: status, reason, fields and body. Left out are the
// fields that belong to a connection (`Connection`, `Content-Length`, `Transfer-Encoding`), which whoever sends it sets anew, fields that cannot be
// sent, and the body of a 1xx, 204 or 304, which has none.
//
// Thread safety: functions of their arguments. Throws `std::bad_alloc`.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "cutwater/http/http_message.hpp"
#include "cutwater/store/codec.hpp"

namespace cutwater {

using wire_response = boost::beast::http::response<boost::beast::http::string_body>;

/// For `boost::beast::http::async_write`: with its length.
[[nodiscard]] wire_response to_wire(const http_response& response);

template <>
struct cell_codec<http_response> {
    static std::string encode(const http_response& response);
    /// Nothing where the bytes are no response, have been cut, or have more behind it. Reads no more than there is.
    static std::optional<http_response> decode(std::string_view bytes);
};

}  // namespace cutwater
