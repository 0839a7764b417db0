// A client for tests of an admin server: one connection, used for request after request, and for bytes that are no request.
#pragma once

#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace cutwater::testing {

class admin_client {
public:
    using answer = boost::beast::http::response<boost::beast::http::string_body>;

    explicit admin_client(std::uint16_t port) { socket_.connect({boost::asio::ip::address_v4::loopback(), port}); }

    answer send(boost::beast::http::verb method, std::string_view target) {
        boost::beast::http::request<boost::beast::http::empty_body> asked{method, {target.data(), target.size()}, 11};
        asked.set(boost::beast::http::field::host, "localhost");
        boost::beast::http::write(socket_, asked);
        return receive(method);
    }
    answer get(std::string_view target) { return send(boost::beast::http::verb::get, target); }

    /// What comes; throws where nothing does.
    answer receive(boost::beast::http::verb method = boost::beast::http::verb::get) {
        boost::beast::http::response_parser<boost::beast::http::string_body> parser;
        parser.skip(method == boost::beast::http::verb::head);
        boost::beast::http::read(socket_, buffer_, parser);
        return parser.release();
    }
    /// False where the server has hung up.
    bool write(std::string_view bytes) {
        boost::system::error_code failed;
        boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), failed);
        return !failed;
    }
    /// All that comes until the server hangs up.
    std::string read_to_end() {
        std::string all;
        boost::system::error_code end;
        boost::asio::read(socket_, boost::asio::dynamic_buffer(all), end);
        return all;
    }

private:
    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_{context_};
    boost::beast::flat_buffer buffer_;
};

}  // namespace cutwater::testing
