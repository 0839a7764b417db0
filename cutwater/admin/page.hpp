// A page of an admin server: a path, and what it shows to whoever asks.
//
//     cw::admin_server admin;
//     admin.page("/version", [](const cw::page_request&) { return cw::page_answer{.body = "1.2.3\n"}; });
//
// Pages are made on a thread of the server's, one at a time: the next waits for one that takes long. Those that are given
// as `probe` are made on another, at once, and must not block. What one throws becomes 500, without its words; so does what
// cannot be sent: a status that is not from 200 to 999, a content type with a line break or another control character. With 204
// and 304 there is no body.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace cutwater {

struct page_request {
    std::string_view path;
    std::string_view query{};  ///< what is behind the `?`, as it came

    /// Whether the query has this flag: `verbose`, `verbose=1`, but not `verbose=0` or `verbose=false`.
    [[nodiscard]] bool has(std::string_view flag) const noexcept;
};

struct page_answer {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body{};
};

using page_function = std::function<page_answer(const page_request&)>;

}  // namespace cutwater
