// A real Redis on a free port of loopback, in memory alone: what was in it is gone when it is started anew.
//
//     redis_server server;
//     server.port();   server.kill();   server.start();      // on the same port, empty
#pragma once

#include "test/servers/scratch_folder.hpp"
#include "test/servers/server_process.hpp"

namespace cutwater::testing {

class redis_server {
public:
    /// `prefix`: what its command begins with.
    explicit redis_server(std::vector<std::string> settings = {}, std::vector<std::string> prefix = {})
        : settings_{std::move(settings)}, prefix_{std::move(prefix)} {
        if (start_on_free_port([this](std::uint16_t port) { return port_ = port, start(); }) == 0)
            throw std::runtime_error{"redis-server does not start: " + folder_.read("log")};
    }

    /// Whether it listens.
    bool start() {
        std::vector<std::string> command = prefix_;
        command.insert(command.end(), {installed("redis-server", "redis-server"), "--port", std::to_string(port_),
                                       "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
                                       folder_.path().string(), "--daemonize", "no"});
        command.insert(command.end(), settings_.begin(), settings_.end());
        return process_.start(command, port_, folder_.file("log"));
    }
    void stop() { process_.stop(); }
    void kill() { process_.kill(); }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] int process_id() const { return process_.id(); }

private:
    scratch_folder folder_;
    std::vector<std::string> settings_;
    std::vector<std::string> prefix_;
    std::uint16_t port_ = 0;
    server_process process_;
};

}  // namespace cutwater::testing
