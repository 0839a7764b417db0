// Spans of a few calls, sent to a collector, which here is a thread of this program: it prints what arrives.

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/otlp/otlp_exporter.hpp"
#include "cutwater/observe/trace/traced.hpp"

namespace cw = cutwater;
namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

/// One request; its body, after an answer that takes all of it.
std::string collect_one(tcp::acceptor& acceptor) {
    tcp::socket connection = acceptor.accept();
    std::string request;
    const std::size_t head = asio::read_until(connection, asio::dynamic_buffer(request), "\r\n\r\n");
    const std::string_view length = "Content-Length: ";
    const std::size_t size = std::stoul(request.substr(request.find(length) + length.size()));
    if (request.size() < head + size)
        asio::read(connection, asio::dynamic_buffer(request), asio::transfer_exactly(head + size - request.size()));
    asio::write(connection, asio::buffer(std::string_view{
                                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"}));
    return request.substr(head);
}

}  // namespace

int main() {
    asio::io_context context{1};
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    std::string arrived;
    std::jthread collector{[&] { arrived = collect_one(acceptor); }};

    cw::otlp_exporter exporter{
        {.url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/v1/traces",
         .service = "shop",
         .resource = {{"deployment.environment.name", "example"}}}};
    cw::tracer tracer{exporter};
    cw::pipeline inventory{
        cw::traced{tracer},
        cw::retry{{.max_attempts = 3, .base_delay = 1ms}},
        cw::traced_attempt{tracer},
    };

    unsigned asked = 0;
    const auto stock = inventory.run({.operation = "get_stock"}, [&]() -> std::expected<int, std::errc> {
        if (++asked == 1) return std::unexpected{std::errc::connection_reset};
        return 7;
    });

    const bool sent = exporter.flush(10s);
    collector.join();
    const cw::otlp_counts all = exporter.counts();
    std::cout << all.exported << " of " << all.taken << " spans are with the collector:\n" << arrived << '\n';
    return stock == 7 && sent && all.exported == 3 ? EXIT_SUCCESS : EXIT_FAILURE;
}
