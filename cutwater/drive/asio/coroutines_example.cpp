// A guarded coroutine on real sockets. A server on loopback accepts and says nothing, the first time; the attempt is cancelled
// when its time is over, its socket closes, and the next one is answered. Then one more call is asked by a callback, and
// given up by its caller while the server is silent.

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "cutwater/asio.hpp"

namespace cw = cutwater;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

/// Says the time to its second visitor, and to nobody else. Whoever is silent keeps the connection.
class clock_server {
public:
    explicit clock_server(asio::io_context& context) : acceptor_{context, {asio::ip::address_v4::loopback(), 0}} {}

    [[nodiscard]] tcp::endpoint address() const { return acceptor_.local_endpoint(); }

    asio::awaitable<void> serve(unsigned visitors) {
        for (unsigned visitor = 1; visitor <= visitors; ++visitor) {
            tcp::socket& connection = visits_.emplace_back(co_await acceptor_.async_accept(asio::use_awaitable));
            if (visitor == 2) co_await asio::async_write(connection, asio::buffer("12:34\n", 6), asio::use_awaitable);
        }
    }

private:
    tcp::acceptor acceptor_;
    std::vector<tcp::socket> visits_;
};

/// One visit. It knows nothing of timeouts: when its time is over, what it awaits is cancelled.
asio::awaitable<std::string> ask(asio::io_context& context, tcp::endpoint server) {
    tcp::socket connection{context};
    co_await connection.async_connect(server, asio::use_awaitable);
    std::string line;
    co_await asio::async_read_until(connection, asio::dynamic_buffer(line), '\n', asio::use_awaitable);
    line.pop_back();
    co_return line;
}

}  // namespace

int main() {
    asio::io_context context{1};
    clock_server server{context};
    asio::co_spawn(context, server.serve(3), asio::detached);

    cw::pipeline get_time{
        cw::timeout{{.name = "total", .after = 10s}},
        cw::retry{{.max_attempts = 3,
                   .base_delay = 1ms,
                   .on_retry =
                       [](const cw::retry_scheduled& r) {
                           std::cout << "attempt " << r.failed_attempts << ": " << r.error_message << '\n';
                       }}},
        cw::timeout{{.name = "attempt", .after = 50ms}},
    };
    std::string answer;
    std::error_code given_up;
    asio::cancellation_signal caller;

    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            auto said =
                co_await get_time.async_run({.operation = "get_time"}, [&] { return ask(context, server.address()); });
            answer = said ? *said : said.error().message();
            std::cout << "it is " << answer << '\n';

            // Any completion token will do; its executor is where the call runs, and its slot is how it is given up.
            cw::pipeline patient{cw::retry{}};
            patient.async_run(
                {.operation = "get_time"}, [&] { return ask(context, server.address()); },
                asio::bind_cancellation_slot(caller.slot(),
                                             asio::bind_executor(context, [&](cw::result<std::string> result) {
                                                 given_up = result.error().code();
                                                 std::cout << "the caller left: " << result.error().message() << '\n';
                                             })));
            asio::post(context, [&] { caller.emit(asio::cancellation_type::terminal); });
        },
        asio::detached);
    context.run();
    return answer == "12:34" && given_up == cw::errc::cancelled ? EXIT_SUCCESS : EXIT_FAILURE;
}
