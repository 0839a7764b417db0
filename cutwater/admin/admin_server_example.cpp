// A service with an admin port: what an orchestrator asks, before it has started, while it serves, and while it goes. Here the program asks itself.

#include "cutwater/admin/admin_server.hpp"

#include <cstdlib>
#include <iostream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "cutwater/admin/health_pages.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/health/health_runner.hpp"

namespace cw = cutwater;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;

namespace {

/// As `curl -i http://127.0.0.1:PORT/path` does.
unsigned ask(std::uint16_t port, const std::string& path) {
    boost::asio::io_context io;
    tcp::socket socket{io};
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    http::write(socket, http::request<http::empty_body>{http::verb::get, path, 10});
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> answer;
    http::read(socket, buffer, answer);
    std::cout << path << ": " << answer.result_int() << '\n' << answer.body() << '\n';
    return answer.result_int();
}

}  // namespace

int main() {
    cw::circuit_breaker partner{
        {.name = "partner", .window = cw::breaker_window::consecutive, .consecutive_failures = 1}};
    cw::pipeline orders{cw::ref(partner)};

    cw::health_monitor health{{.name = "shop", .drain_for = std::chrono::seconds{1}}};
    health.watch(partner, {.period = std::chrono::milliseconds{10}});
    const auto beats = health.heartbeat({.name = "main loop"});
    const auto migrated = health.startup_task("the schema is migrated");
    const cw::health_runner runner{health};

    cw::admin_server admin{{.port = 0}};  // 9902 by default, on loopback
    cw::add_health_pages(admin, health);
    admin.page("/version", [](const cw::page_request&) { return cw::page_answer{.body = "1.2.3\n"}; });
    admin.start();

    const bool waits = ask(admin.port(), "/startupz") == 503 && ask(admin.port(), "/readyz") == 503;
    migrated->done();
    const bool serves = ask(admin.port(), "/readyz") == 200 && ask(admin.port(), "/version") == 200;

    (void)orders.run([]() -> int { throw std::runtime_error{"503"}; });
    while (health.report().status != cw::health_status::degraded) beats->beat();
    const bool still_serves = ask(admin.port(), "/healthz?verbose") == 200 && ask(admin.port(), "/readyz") == 200;

    const cw::instant last_request = health.drain();  // what listens for requests stays open until then
    const bool leaves = ask(admin.port(), "/readyz") == 503 && ask(admin.port(), "/livez") == 200;
    std::cout << "requests may come for another " << cw::to_text(cw::between(cw::now(), last_request)) << '\n';
    return waits && serves && still_serves && leaves ? EXIT_SUCCESS : EXIT_FAILURE;
}
