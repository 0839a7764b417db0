// A real PostgreSQL on a free port of loopback: a cluster of its own, in which nothing is waited for on disk but what a kill could lose.
//
//     postgres_server server;
//     server.connection();                                   // "host=127.0.0.1 port=… user=postgres dbname=postgres"
//     server.kill();   server.start();                       // on the same port, recovered
//
// It does not run as root: where the test does, it is the user `postgres` that Debian's package makes.
#pragma once

#include <unistd.h>

#include "test/servers/scratch_folder.hpp"
#include "test/servers/server_process.hpp"

namespace cutwater::testing {

class postgres_server {
public:
    /// `prefix`: what its command begins with.
    explicit postgres_server(std::vector<std::string> prefix = {}) : prefix_{std::move(prefix)} {
        hand_over();
        run(as_user({program("initdb"), "-D", folder_.file("data"), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                     "--no-sync", "--locale=C"}));
        if (start_on_free_port([this](std::uint16_t port) { return port_ = port, start(); }) == 0)
            throw std::runtime_error{"postgres does not start: " + folder_.read("log")};
    }
    postgres_server(const postgres_server&) = delete;
    postgres_server& operator=(const postgres_server&) = delete;
    ~postgres_server() { kill(); }  // so that it can tidy up what it shares with its children

    /// Whether it listens, and has recovered.
    bool start() {
        std::vector<std::string> command = prefix_;
        command.insert(command.end(),
                       {program("postgres"), "-D", folder_.file("data"), "-p", std::to_string(port_), "-c",
                        "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + folder_.path().string(), "-c",
                        "max_connections=100", "-c", "shared_buffers=16MB", "-c", "fsync=off"});
        return process_.start(as_user(std::move(command)), port_, folder_.file("log")) && is_ready();
    }
    void stop() { process_.stop(SIGINT); }
    /// At once, as power that fails: it recovers when it is started again.
    void kill() { process_.stop(SIGQUIT); }

    [[nodiscard]] bool runs() { return process_.runs(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::string connection(std::uint16_t port) const {
        return "host=127.0.0.1 port=" + std::to_string(port) + " user=postgres dbname=postgres";
    }
    [[nodiscard]] std::string connection() const { return connection(port_); }
    [[nodiscard]] std::string log() const { return folder_.read("log"); }

private:
    [[nodiscard]] static std::string program(const std::string& name) {
        std::vector<std::filesystem::path> places;
        std::error_code none;
        for (const auto& each : std::filesystem::directory_iterator{"/usr/lib/postgresql", none})
            places.push_back(each.path() / "bin");
        return installed(name, "postgresql", places);
    }

    [[nodiscard]] static std::vector<std::string> as_user(std::vector<std::string> command) {
        std::vector<std::string> as{installed("setpriv", "util-linux"), "--pdeathsig=QUIT"};  // it tidies up then, too
        if (geteuid() == 0) as.insert(as.end(), {"--reuid=postgres", "--regid=postgres", "--clear-groups"});
        command.insert(command.begin(), as.begin(), as.end());
        return command;
    }

    void hand_over() const {
        if (geteuid() == 0) run({installed("chown", "coreutils"), "postgres:postgres", folder_.path().string()});
    }

    void run(const std::vector<std::string>& command) const {
        namespace process = boost::process;
        const std::vector<std::string> arguments{command.begin() + 1, command.end()};
        const int exit = process::system(command.front(), arguments, process::start_dir = folder_.path().string(),
                                         (process::std_out & process::std_err) > folder_.file("setup_log"),
                                         process::std_in < process::null);
        if (exit != 0) throw std::runtime_error{command.front() + " failed: " + folder_.read("setup_log")};
    }

    [[nodiscard]] bool is_ready() {
        for (int tries = 0; tries < 200; ++tries) {
            if (boost::process::system(program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", std::to_string(port_)) ==
                0)
                return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
        return false;
    }

    scratch_folder folder_;
    std::vector<std::string> prefix_;
    std::uint16_t port_ = 0;
    server_process process_;
};

}  // namespace cutwater::testing
