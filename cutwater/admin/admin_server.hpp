// A small HTTP server for those who look after a process: probes, metrics, and pages of your own.
//
//     cw::health_monitor health;
//     cw::admin_server admin{{.address = "0.0.0.0", .port = 9902}};
//     cw::add_health_pages(admin, health);                          // /livez /readyz /startupz /healthz
//     admin.page("/metrics", [&](const cw::page_request&) { return cw::page_answer{.body = "what there is to see"}; });
//     admin.start();
//
// Contract. HTTP/1.1 and 1.0 without TLS, GET and HEAD, connections that are kept. It has two threads of its own, so that it answers while the program is busy: pages are
// made on one, one after the other; the other serves connections, and makes probes, which so wait for no page. At most half of `max_connections` (but one may) wait for pages or read them: who asks
// beyond that is told 503, so that probes have a place. Everything is bounded: connections, header, body, the time for a request and for its answer. Where there is no place for a connection, the one goes
// that has been silent for longest: who opens many and says nothing keeps nobody out. Every answer says `Cache-Control: no-store`.
//
// Thread safety: `page` and `probe` while it does not run; `start` and `stop` from any thread but its own two; the others from any.
// `stop` and destruction close everything and wait for the page that is being made. After `stop` it may start again, as new.
// fork: it is its parent's, and a child must neither use nor destroy it; `stop` frees the port, whichever children there are.
// Lifetime: what pages refer to outlives the server. Errors: the constructor, `page` and `probe` throw `invalid_options`,
// `start` `std::system_error` where it cannot listen, listens already, or can have no threads: it is then as before.
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
    /// The same for what is known at once: made beside pages, and while one of them takes long. It must not block.
    void probe(std::string path, page_function shows);

    /// Listens from here on.
    void start();
    /// Closes everything. Once is enough; `start` begins anew.
    void stop() noexcept;

    /// Where it listens; 0 while it does not.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// Connections that are open now.
    [[nodiscard]] std::size_t connections() const noexcept;

private:
    class running;
    std::unique_ptr<running> running_;
};

}  // namespace cutwater
