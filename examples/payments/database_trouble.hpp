// What becomes of the way to a database, and of the database, while somebody works with it: in turn
//
//     locked    another has its accounts in hand: who wants to change one waits
//     cut       every connection is reset
//     silent    nothing arrives, in either direction; later, what was under way does
//
//     database_trouble trouble{postgres};             // the service connects to trouble.connection()
//     trouble.begin();   …;   trouble.end();          // the first of them
//
// Thread safety: none.
#pragma once

#include <optional>
#include <string>

#include "examples/payments/database.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/tcp_proxy.hpp"

namespace payments {

class database_trouble {
public:
    /// Outlived by the server.
    explicit database_trouble(cutwater::testing::postgres_server& server) : server_{server}, link_{server.port()} {}

    [[nodiscard]] std::string connection() const { return server_.connection(link_.port()); }

    void begin();
    void end();

    /// Whether the server itself has ended.
    [[nodiscard]] bool is_for_good() { return !server_.runs(); }
    [[nodiscard]] std::string log() const { return server_.log(); }

private:
    cutwater::testing::postgres_server& server_;
    cutwater::testing::tcp_proxy link_;
    std::optional<database> locks_;
    unsigned count_ = 0;
};

}  // namespace payments
