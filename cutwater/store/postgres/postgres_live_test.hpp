// One PostgreSQL for a program of tests, a table of its own for each test, and a plain client that looks from outside.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <libpq-fe.h>

#include "cutwater/store/postgres/postgres_store.hpp"
#include "test/servers/postgres_server.hpp"

namespace cutwater::testing {

using namespace std::chrono_literals;

inline postgres_server& the_server() {
    static postgres_server server;
    return server;
}

[[nodiscard]] inline std::string own_table() {
    static std::atomic<int> made{0};
    return "cells_" + std::to_string(++made);
}

/// For a store of this test's own.
[[nodiscard]] inline postgres_store_options own_options() {
    return {.connection = the_server().connection(), .table = own_table()};
}

class sql_client {
public:
    explicit sql_client(const std::string& conninfo = the_server().connection())
        : link_{PQconnectdb(conninfo.c_str()), &PQfinish} {
        if (PQstatus(link_.get()) != CONNECTION_OK) throw std::runtime_error{PQerrorMessage(link_.get())};
        PQsetNoticeReceiver(link_.get(), [](void*, const PGresult*) {}, nullptr);
    }

    [[nodiscard]] PGconn* connection() const noexcept { return link_.get(); }

    /// The first field of the first row, if there is one. Throws what is wrong.
    std::string run(const std::string& sql) const {
        const std::unique_ptr<PGresult, decltype(&PQclear)> said{PQexec(link_.get(), sql.c_str()), &PQclear};
        const ExecStatusType status = PQresultStatus(said.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            throw std::runtime_error{PQerrorMessage(link_.get())};
        return PQntuples(said.get()) == 0 ? "" : PQgetvalue(said.get(), 0, 0);
    }

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> link_;
};

/// Whether it comes about within some seconds.
inline bool comes_true(const std::function<bool()>& what) {
    for (int tries = 0; tries < 500; ++tries, std::this_thread::sleep_for(10ms))
        if (what()) return true;
    return false;
}

/// Whether so many connections come to wait for somebody's lock.
inline bool some_wait(const std::string& how_many) {
    const sql_client looks;
    return comes_true(
        [&] { return looks.run("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == how_many; });
}

}  // namespace cutwater::testing
