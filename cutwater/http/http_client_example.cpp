// A guarded HTTP call against a server that has a bad moment: it hangs up, is overloaded, and then answers.
#include "cutwater/http/http_client.hpp"

#include <cstdio>
#include <string>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/method.hpp"

namespace cw = cutwater;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

/// Serves three requests on loopback: the first gets no answer, the second "not now", the third what it asked for.
void serve(tcp::acceptor& acceptor) {
    for (const std::string answer :
         {"", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n7 in stock\r\n\r\n"}) {
        tcp::socket connection = acceptor.accept();
        std::string request;
        asio::read_until(connection, asio::dynamic_buffer(request), "\r\n\r\n");
        std::printf("  server sees: %s\n", request.substr(0, request.find('\r')).c_str());
        asio::write(connection, asio::buffer(answer));
    }
}

asio::awaitable<void> ask(std::string address) {
    const cw::http_client client;
    const cw::http_request get{.url = *cw::http_url::parse(address + "/items/7?warehouse=north")};

    cw::pipeline stock{
        cw::timeout{{.name = "total", .after = 5s}},
        cw::retry{{.max_attempts = 4,
                   .base_delay = 1ms,
                   .on_retry =
                       [](const cw::retry_scheduled& r) {
                           std::printf("  attempt %u: %s\n", r.failed_attempts, r.error_message.c_str());
                       }}},
        cw::circuit_breaker{{.name = "stock"}},
        cw::timeout{{.name = "attempt", .after = 1s}},
        cw::classify{cw::http_rules{}},
    };

    const auto answer = co_await client.send_through(stock, get, {.operation = "get_stock"});
    if (answer)
        std::printf("answer: %u %s, %s", answer->status, answer->reason.c_str(), answer->body.c_str());
    else
        std::printf("no answer: %s\n", answer.error().message().c_str());
}

}  // namespace

int main() {
    asio::io_context context{1};
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    const std::jthread server{[&] { serve(acceptor); }};
    asio::co_spawn(context, ask("http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())),
                   asio::detached);
    context.run();
}
