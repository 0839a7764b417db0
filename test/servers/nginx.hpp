// A real nginx on a free port of loopback, in a folder of its own.
//
//     nginx server{"location /busy { add_header Retry-After 1 always; return 503; }"};
//     server.url("/busy");   server.stop();   server.start();      // on the same port
//     server.requests(1)     // the lines of its access log: what the dependency saw
//
// Any user may run it: one process, no daemon, everything it writes below the folder, which goes with it.
#pragma once

#include <sstream>
#include <utility>

#include "test/servers/scratch_folder.hpp"
#include "test/servers/server_process.hpp"

namespace cutwater::testing {

class nginx {
public:
    /// `locations` is what stands in the server's block. `tls`: its certificate and key, as files.
    explicit nginx(std::string locations, std::pair<std::string, std::string> tls = {})
        : locations_{std::move(locations)}, tls_{std::move(tls)} {
        std::filesystem::create_directory(folder_.path() / "www");
        if (start_on_free_port([this](std::uint16_t port) { return port_ = port, start(); }) == 0)
            throw std::runtime_error{"nginx does not start: " + folder_.read("error.log")};
    }

    /// Whether it listens.
    bool start() {
        folder_.write("nginx.conf", configuration());
        return process_.start({installed("nginx", "nginx-light"), "-p", folder_.path().string(), "-e",
                               folder_.file("error.log"), "-c", folder_.file("nginx.conf")},
                              port_);
    }
    void stop() { process_.stop(); }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::string url(const std::string& target, const std::string& host = "127.0.0.1") const {
        return (tls_.first.empty() ? "http://" : "https://") + host + ":" + std::to_string(port_) + target;
    }
    /// A file below the server's root.
    void publish(const std::string& name, const std::string& content) const { folder_.write("www/" + name, content); }

    /// The requests that it has answered, in their order: `GET /busy 503`. It writes them down after its answer: waits for
    /// so many, but not for ever.
    [[nodiscard]] std::vector<std::string> requests(std::size_t expected = 0) const {
        std::vector<std::string> lines;
        for (int tries = 0; tries < 200; ++tries) {
            std::istringstream log{folder_.read("access.log")};
            lines.clear();
            for (std::string line; std::getline(log, line);) lines.push_back(line);
            if (lines.size() >= expected) break;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return lines;
    }

private:
    [[nodiscard]] std::string configuration() const {
        const std::string tls =
            tls_.first.empty() ? "" : "ssl_certificate " + tls_.first + "; ssl_certificate_key " + tls_.second + ";";
        return "daemon off; master_process off; pid nginx.pid; error_log error.log warn; worker_processes 1;\n"
               "events { worker_connections 512; }\n"
               "http {\n"
               "  log_format short '$request_method $uri $status'; access_log access.log short;\n"
               "  client_body_temp_path tmp_body; proxy_temp_path tmp_proxy; fastcgi_temp_path tmp_fastcgi;\n"
               "  uwsgi_temp_path tmp_uwsgi; scgi_temp_path tmp_scgi; default_type text/plain;\n"
               "  limit_req_zone $server_port zone=each_second:32k rate=1r/s; limit_req_status 503;\n"
               "  server {\n"
               "    listen 127.0.0.1:" +
               std::to_string(port_) + (tls.empty() ? "" : " ssl") + "; root www;\n" + tls + "    " + locations_ +
               "\n  }\n}\n";
    }

    scratch_folder folder_;
    std::string locations_;
    std::pair<std::string, std::string> tls_;
    std::uint16_t port_ = 0;
    server_process process_;
};

}  // namespace cutwater::testing
