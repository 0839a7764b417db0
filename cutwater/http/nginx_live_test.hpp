// A real nginx on a free port of loopback, in a folder of its own.
//
//     nginx server{"location /busy { add_header Retry-After 1 always; return 503; }"};
//     server.url("/busy");   server.stop();   server.start();      // on the same port
//     server.requests(1)     // the lines of its access log: what the dependency saw
//
// Any user may run it: one process, no daemon, everything it writes below the folder, which goes with it.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#define BOOST_PROCESS_USE_STD_FS
#include <boost/process/child.hpp>
#include <boost/process/io.hpp>
#include <boost/process/search_path.hpp>

namespace cutwater::testing {

/// A folder that is gone when this is.
class scratch_folder {
public:
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "cutwater-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no folder for a test"};
        path_ = name;
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
    void write(const std::string& name, const std::string& content) const { std::ofstream{path_ / name} << content; }
    [[nodiscard]] std::string read(const std::string& name) const {
        std::ifstream in{path_ / name};
        return {std::istreambuf_iterator<char>{in}, {}};
    }

private:
    std::filesystem::path path_;
};

/// A port on loopback that nobody listens on.
inline std::uint16_t free_port() {
    boost::asio::io_context context;
    const boost::asio::ip::tcp::acceptor taken{context, {boost::asio::ip::address_v4::loopback(), 0}};
    return taken.local_endpoint().port();
}

class nginx {
public:
    /// `locations` is what stands in the server's block. `tls`: its certificate and key, as files.
    explicit nginx(std::string locations, std::pair<std::string, std::string> tls = {})
        : locations_{std::move(locations)}, tls_{std::move(tls)} {
        std::filesystem::create_directory(folder_.path() / "www");
        for (int tries = 0; tries < 5; ++tries) {
            port_ = free_port();
            if (start()) return;
        }
        throw std::runtime_error{"nginx does not start: " + folder_.read("error.log")};
    }
    nginx(const nginx&) = delete;
    nginx& operator=(const nginx&) = delete;
    ~nginx() { stop(); }

    /// Whether it listens.
    bool start() {
        folder_.write("nginx.conf", configuration());
        namespace process = boost::process;
        const auto found = process::search_path("nginx", {"/usr/sbin", "/usr/local/sbin", "/usr/bin"});
        if (found.empty()) throw std::runtime_error{"nginx is not installed (Debian: nginx-light)"};
        process_ = process::child{found,
                                  std::vector<std::string>{"-p", folder_.path().string(), "-e",
                                                           folder_.file("error.log"), "-c", folder_.file("nginx.conf")},
                                  process::std_out > process::null, process::std_err > process::null};
        return listens();
    }

    void stop() {
        if (!process_.running()) return;
        kill(process_.id(), SIGTERM);
        process_.wait();
    }

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

    [[nodiscard]] bool listens() {
        boost::asio::io_context context;
        for (int tries = 0; tries < 200; ++tries) {
            boost::asio::ip::tcp::socket socket{context};
            boost::system::error_code failed;
            socket.connect({boost::asio::ip::address_v4::loopback(), port_}, failed);
            if (!failed) return true;
            if (!process_.running()) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        stop();
        return false;
    }

    scratch_folder folder_;
    std::string locations_;
    std::pair<std::string, std::string> tls_;
    std::uint16_t port_ = 0;
    boost::process::child process_;
};

}  // namespace cutwater::testing
