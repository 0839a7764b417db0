// The bank's service: POST /payments, each of which is charged once for its `Idempotency-Key`.
//
//     serve({.port = 8080, .connection = "host=127.0.0.1 dbname=postgres"});        // until the process is killed
//
// Coroutines take requests; a few threads, each with a connection of its own, execute them. Key and charge are in one transaction, so
// that no kill leaves one without the other.
#pragma once

#include <cstdint>
#include <string>

namespace payments {

struct service_options {
    std::uint16_t port = 0;
    std::string connection;
    unsigned tills = 6;  ///< connections, and threads, that execute payments
};

[[noreturn]] void serve(const service_options& options);

}  // namespace payments
