// A small HTTP server for those who look after a process: probes, metrics, and pages of your own.
//
//     cw::health_monitor health;
//     cw::admin_server admin{{.address = "0.0.0.0", .port = 9902}};
//     cw::add_health_pages(admin, health);                          // /livez /readyz /startupz /healthz
//     admin.page("/metrics", [&](const cw::page_request&) { return cw::page_answer{.body = "what there is to see"}; });
//     admin.start();
//
// Contract. HTTP/1.1 and 1.0 without TLS, GET and HEAD, connections that are kept. It has a thread of its own, so that it answers while the program is busy; pages are made
// there. Everything is bounded: connections, header, body, the time for a request and for its answer. Where there is no place for a connection, the one goes
// that has been silent for longest: who opens many and says nothing keeps nobody out. Every answer says `Cache-Control: no-store`.
//
// Thread safety: `page` before `start`; the others from any thread but its own. Destruction closes everything and waits for the page that is being made.
// Lifetime: what pages refer to outlives the server. Errors: the constructor and `page` throw
// `invalid_options`, `start` `std::system_error` where it cannot listen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cutwater/admin/options.hpp"
#include "cutwater/admin/page.hpp"

namespace cutwater {

class admin_server {
public:
    static constexpr std::string_view kind = "admin_server";

    explicit admin_server(admin_options options = {});
    admin_server(const admin_server&) = delete;
    admin_server& operator=(const admin_server&) = delete;
    ~admin_server();

    [[nodiscard]] const admin_options& options() const noexcept;

    /// What is shown at `path`, which begins with `/`; in place of what was there. Throws `invalid_options`.
    void page(std::string path, page_function shows);

    /// Listens from here on.
    void start();
    /// Closes everything. Once is enough.
    void stop() noexcept;

    /// Where it listens; 0 before `start`.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Connections that are open now.
    [[nodiscard]] std::size_t connections() const noexcept;

private:
    class running;
    std::unique_ptr<running> running_;
};

}  // namespace cutwater
