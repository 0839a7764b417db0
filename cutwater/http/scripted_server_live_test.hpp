// A server on loopback that does to each connection what a script says, for what no well-behaved server does.
//
//     scripted_server server{hangs, answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")};
//     server.url("/")       // the first request hangs, the second and all later ones get the answer
//
// Each connection has a thread of its own, and blocks there as long as it likes: it is shut down when the server goes.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace cutwater::testing {

using seen_request = boost::beast::http::request<boost::beast::http::string_body>;

class scripted_server {
public:
    using socket = boost::asio::ip::tcp::socket;
    using act = std::function<void(scripted_server&, socket&)>;

    template <class... Acts>
    explicit scripted_server(Acts... acts)
        : script_{std::move(acts)...}, acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}},
          port_{acceptor_.local_endpoint().port()}, accepting_{[this] { accept_all(); }} {}
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;
    ~scripted_server() {
        {
            const std::scoped_lock lock{mutex_};
            closing_ = true;
        }
        boost::system::error_code ignored;
        socket knock{context_};
        knock.connect(acceptor_.local_endpoint(), ignored);  // `accept` blocks until somebody comes
        accepting_.join();
        const std::scoped_lock lock{mutex_};
        for (const auto& open : connections_) open->shutdown(socket::shutdown_both, ignored);
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::string url(const std::string& target, const std::string& scheme = "http") const {
        return scheme + "://127.0.0.1:" + std::to_string(port_) + target;
    }
    [[nodiscard]] std::size_t connections() const {
        const std::scoped_lock lock{mutex_};
        return connections_.size();
    }
    [[nodiscard]] std::vector<seen_request> seen() const {
        const std::scoped_lock lock{mutex_};
        return seen_;
    }

    /// Reads one request whole and remembers it.
    void read_request(socket& from) {
        boost::beast::flat_buffer buffer;
        boost::beast::http::request_parser<boost::beast::http::string_body> parser;
        parser.body_limit(boost::none);
        boost::system::error_code failed;
        boost::beast::http::read(from, buffer, parser, failed);
        const std::scoped_lock lock{mutex_};
        if (!failed) seen_.push_back(parser.release());
    }
    static void write(socket& to, std::string_view bytes) {
        boost::system::error_code ignored;
        boost::asio::write(to, boost::asio::buffer(bytes.data(), bytes.size()), ignored);
    }
    /// Until the client hangs up, or the server goes.
    static void wait_for_end(socket& from) {
        boost::system::error_code end;
        char byte = 0;
        while (!end) from.read_some(boost::asio::buffer(&byte, 1), end);
    }

private:
    void accept_all() {
        for (;;) {
            auto connection = std::make_shared<socket>(acceptor_.accept());
            const std::scoped_lock lock{mutex_};
            if (closing_) return;
            const act& next = script_.at(std::min(connections_.size(), script_.size() - 1));
            connections_.push_back(connection);
            threads_.emplace_back([this, connection, next] {
                next(*this, *connection);
                boost::system::error_code ignored;
                connection->shutdown(socket::shutdown_both, ignored);
            });
        }
    }

    std::vector<act> script_;
    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_;
    mutable std::mutex mutex_;
    bool closing_ = false;
    std::vector<std::shared_ptr<socket>> connections_;
    std::vector<seen_request> seen_;
    std::vector<std::jthread> threads_;
    std::thread accepting_;
};

/// Reads the request, and answers with these bytes.
inline scripted_server::act answers(std::string bytes) {
    return [bytes = std::move(bytes)](scripted_server& server, scripted_server::socket& s) {
        server.read_request(s);
        scripted_server::write(s, bytes);
    };
}

/// Reads the request, and says nothing.
inline void hangs(scripted_server& server, scripted_server::socket& s) {
    server.read_request(s);
    scripted_server::wait_for_end(s);
}

/// Accepts, and neither reads nor says anything.
inline void tarpits(scripted_server&, scripted_server::socket& s) { scripted_server::wait_for_end(s); }

/// Reads the request, and hangs up.
inline void hangs_up(scripted_server& server, scripted_server::socket& s) { server.read_request(s); }

inline const std::string answer_ok = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

}  // namespace cutwater::testing
