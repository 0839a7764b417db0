#include "apps/cutwater/demo/dependency.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace cutwater::demo {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr unsigned capacity = 12;  // requests in flight that the overloaded dependency still takes
constexpr auto healthy_answer = 20ms;
constexpr auto slower_for_each = 25ms;  // overloaded: for each request in flight

asio::awaitable<void> wait(std::chrono::milliseconds d) {
    asio::steady_timer timer{co_await asio::this_coro::executor, d};
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

dependency::dependency(asio::io_context& context, const script&)
    : context_{context}, acceptor_{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}} {
    asio::co_spawn(context_, accept(), asio::detached);
}

std::string dependency::url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/stock";
}

void dependency::enter(behaviour does) {
    does_ = does;
    if (does != behaviour::hangs) cut_off();
}

void dependency::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    cut_off();
}

void dependency::cut_off() noexcept {
    for (stream* hung : hanging_) hung->cancel();
}

asio::awaitable<void> dependency::accept() {
    for (;;) {
        boost::system::error_code ec;
        tcp::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return;
        asio::co_spawn(context_, serve(stream{std::move(socket)}), asio::detached);
    }
}

asio::awaitable<void> dependency::serve(stream connection) {
    boost::beast::flat_buffer buffer;
    http::request<http::empty_body> request;
    boost::system::error_code ec;
    co_await http::async_read(connection, buffer, request, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return;
    ++seen_.requests;
    seen_.most_in_flight = std::max(seen_.most_in_flight, ++seen_.in_flight);
    const unsigned status = co_await status_of_next(connection);
    --seen_.in_flight;
    if (status == 0) co_return;
    http::response<http::string_body> answer{static_cast<http::status>(status), request.version()};
    answer.body() = status == 200 ? "7 pieces" : "try later";
    answer.prepare_payload();
    co_await http::async_write(connection, answer, asio::redirect_error(asio::use_awaitable, ec));
}

/// What the phase answers, when it does; 0: nothing at all.
asio::awaitable<unsigned> dependency::status_of_next(stream& connection) {
    switch (does_) {
        case behaviour::answers: co_await wait(healthy_answer); co_return 200;
        case behaviour::errors: co_return seen_.requests % 5 == 0 ? 200 : 503;
        case behaviour::overloaded: {
            if (seen_.in_flight > capacity) co_return 503;
            co_await wait(slower_for_each * seen_.in_flight);
            co_return 200;
        }
        case behaviour::hangs: {
            const auto place = hanging_.insert(hanging_.end(), &connection);
            char nothing = 0;
            boost::system::error_code ec;  // ends when the client goes, or when it is cut off
            co_await connection.async_read_some(asio::buffer(&nothing, 1),
                                                asio::redirect_error(asio::use_awaitable, ec));
            hanging_.erase(place);
            co_return 0;
        }
    }
    co_return 500;
}

}  // namespace cutwater::demo
