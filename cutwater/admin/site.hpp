// Private to the room: the pages, and the answer to a request. Without sockets.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "cutwater/admin/page.hpp"

namespace cutwater::detail {

using wire_request = boost::beast::http::request<boost::beast::http::string_body>;
using wire_answer = boost::beast::http::response<boost::beast::http::string_body>;

enum class page_pace : std::uint8_t { may_be_long, at_once };

class site {
public:
    /// Throws `invalid_options` for a path that no request can ask for.
    void add(std::string path, page_function shows, page_pace pace = page_pace::may_be_long);

    /// Whether its page is one that may take long.
    [[nodiscard]] bool takes_long(const wire_request& asked) const noexcept;
    /// To a request that was read whole.
    [[nodiscard]] wire_answer answer(const wire_request& asked) const;
    /// To one that could not be: the connection is closed after it.
    [[nodiscard]] static wire_answer refusal(unsigned status, std::string words);

private:
    [[nodiscard]] wire_answer show(const page_request& asked, unsigned version) const;
    [[nodiscard]] page_answer look_up(const page_request& asked) const;

    struct kept_page {
        page_function shows;
        page_pace pace;
    };
    std::map<std::string, kept_page, std::less<>> pages_;
};

}  // namespace cutwater::detail
