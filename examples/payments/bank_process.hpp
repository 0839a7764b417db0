// The service as a process, which can be killed.
//
//     bank_process bank{"/usr/bin/payments_example", postgres.connection()};
//     bank.kill_and_start();                                  // on the same port
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "test/servers/scratch_folder.hpp"
#include "test/servers/server_process.hpp"

namespace payments {

class bank_process {
public:
    bank_process(std::string program, std::string connection)
        : program_{std::move(program)}, connection_{std::move(connection)} {
        port_ = cutwater::testing::start_on_free_port([this](std::uint16_t port) { return port_ = port, start(); });
        if (port_ == 0) throw std::runtime_error{"the service does not start: " + folder_.read("log")};
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] bool runs() { return process_.runs(); }
    void kill_and_start() {
        process_.kill();
        if (!start()) throw std::runtime_error{"the service does not start again: " + folder_.read("log")};
    }

private:
    bool start() {
        return process_.start({program_, "--serve", std::to_string(port_), "--database", connection_}, port_,
                              folder_.file("log"));
    }

    std::string program_;
    std::string connection_;
    cutwater::testing::scratch_folder folder_;
    std::uint16_t port_ = 0;
    cutwater::testing::server_process process_;
};

}  // namespace payments
