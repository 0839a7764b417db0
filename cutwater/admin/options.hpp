// The knobs of an admin server, with the defaults in force.
#pragma once

#include <cstdint>
#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct admin_options {
    std::string name = "admin";
    std::string address = "127.0.0.1";
    std::uint16_t port = 9902;
    unsigned max_connections = 64;
    std::size_t max_header = 8192;
    std::size_t max_body = 4096;
    duration request_timeout = 5s;
    duration idle_timeout = 1min;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in errors");
        visit("address", self.address, any_value,
              "the address that it listens on, IPv4 or IPv6; loopback alone, unless you say otherwise");
        visit("port", self.port, within<std::uint16_t>(0, 65535), "the port; 0: any that is free, see `port()`");
        visit("max_connections", self.max_connections, within(1U, 10'000U),
              "connections at once; one more takes the place of the one that has been silent for longest");
        visit("max_header", self.max_header, within<std::size_t>(256, 1U << 20U), "bytes of a request's header");
        visit("max_body", self.max_body, within<std::size_t>(0, 1U << 20U),
              "bytes of a request's body, which is not looked at");
        visit("request_timeout", self.request_timeout, within<duration>(10ms, 10min),
              "how long a request may take to come, and an answer to be taken");
        visit("idle_timeout", self.idle_timeout, within<duration>(10ms, 1h),
              "how long a connection is kept for its next request");
    }
};

}  // namespace cutwater
