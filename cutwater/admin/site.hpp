// Private to the room: the pages, and the answer to a request. Without sockets.
#pragma once

#include <map>
#include <string>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "cutwater/admin/page.hpp"

namespace cutwater::detail {

using wire_request = boost::beast::http::request<boost::beast::http::string_body>;
using wire_answer = boost::beast::http::response<boost::beast::http::string_body>;

class site {
public:
    /// Throws `invalid_options` for a path that no request can ask for.
    void add(std::string path, page_function shows);

    /// To a request that was read whole.
    [[nodiscard]] wire_answer answer(const wire_request& asked) const;
    /// To one that could not be: the connection is closed after it.
    [[nodiscard]] static wire_answer refusal(unsigned status, std::string words);

private:
    [[nodiscard]] wire_answer show(const page_request& asked, unsigned version) const;
    [[nodiscard]] page_answer look_up(const page_request& asked) const;

    std::map<std::string, page_function, std::less<>> pages_;
};

}  // namespace cutwater::detail
