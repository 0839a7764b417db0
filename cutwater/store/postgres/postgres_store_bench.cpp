// What an operation costs beside the bare prepared statement of libpq's, on a server of its own on this machine: one read, one write, and a write that
// finds the cell there. The references stand in the same run: the same round trip without the store, and an UPDATE without its conditions.

#include "cutwater/store/postgres/postgres_store.hpp"

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include <libpq-fe.h>

#include "bench/support/reference.hpp"
#include "cutwater/store/postgres/postgres_transaction.hpp"
#include "test/servers/postgres_server.hpp"

namespace {

namespace cw = cutwater;

const std::string value(100, 'x');

cw::testing::postgres_server& server() {
    static cw::testing::postgres_server started;
    return started;
}

cw::postgres_store& cells() {
    static cw::postgres_store made{{.connection = server().connection(), .max_connections = 2}};
    return made;
}

/// One thread's connection, with what it measures prepared.
class bare_client {
public:
    bare_client() {
        run("PREPARE get (bytea) AS SELECT value FROM cutwater_cells WHERE key = $1");
        run("PREPARE put (bytea, bytea) AS UPDATE cutwater_cells SET value = $2, version = DEFAULT, "
            "written = clock_timestamp() WHERE key = $1 RETURNING version");
    }

    [[nodiscard]] PGconn* connection() const { return link_.get(); }
    void run(const char* sql) { expect(PQexec(link_.get(), sql)); }
    void execute(const char* statement, int parameters, const std::string& key) {
        const char* const values[] = {key.data(), value.data()};
        const int lengths[] = {static_cast<int>(key.size()), static_cast<int>(value.size())};
        const int formats[] = {1, 1};
        expect(PQexecPrepared(link_.get(), statement, parameters, values, lengths, formats, 1));
    }

private:
    static void expect(PGresult* said) {
        const auto status = PQresultStatus(said);
        PQclear(said);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) std::abort();
    }

    std::unique_ptr<PGconn, decltype(&PQfinish)> link_{PQconnectdb(server().connection().c_str()), &PQfinish};
};

std::string key_of(const benchmark::State& state) { return "k" + std::to_string(state.thread_index()); }

cw::cell_reply asked(cw::cell_store& of, cw::cell_request what) {
    cw::cell_result said = cw::ask(of, std::move(what));
    if (!said) std::abort();
    return *std::move(said);
}

/// The cell of this thread, which is there.
cw::cell_version there(const benchmark::State& state) {
    const cw::cell_reply said = asked(cells(), {cw::swap_cell{key_of(state), 0, value}});
    return said.done ? said.version : said.found->version;
}

void bare(benchmark::State& state, const char* statement, int parameters) {
    const std::string key = key_of(state);
    (void)there(state);
    bare_client client;
    for (auto _ : state) client.execute(statement, parameters, key);
}
void bare_read(benchmark::State& state) { bare(state, "get", 1); }
void bare_write(benchmark::State& state) { bare(state, "put", 2); }
CUTWATER_BENCH(bare_read, "postgres/reference/read");
CUTWATER_BENCH(bare_write, "postgres/reference/write");

void read(benchmark::State& state) {
    (void)there(state);
    const std::string key = key_of(state);
    for (auto _ : state) cw::bench::keep(asked(cells(), {cw::read_cell{key}}));
}
void swap(benchmark::State& state) {
    cw::cell_version version = there(state);
    const std::string key = key_of(state);
    for (auto _ : state) version = asked(cells(), {cw::swap_cell{key, version, value}}).version;
}
void swap_finds_it(benchmark::State& state) {
    (void)there(state);
    const std::string key = key_of(state);
    for (auto _ : state) cw::bench::keep(asked(cells(), {cw::swap_cell{key, 0, value}}));
}
CUTWATER_BENCH(read, "postgres/read");
CUTWATER_BENCH(swap, "postgres/swap");
CUTWATER_BENCH(swap_finds_it, "postgres/swap/finds_it_there");

/// In a transaction that stays open, each in its savepoint.
void read_in_a_transaction(benchmark::State& state) {
    (void)there(state);
    const std::string key = key_of(state);
    bare_client client;
    client.run("BEGIN");
    cw::postgres_transaction inside{client.connection()};
    for (auto _ : state) cw::bench::keep(asked(inside, {cw::read_cell{key}}));
    client.run("ROLLBACK");
}
CUTWATER_BENCH(read_in_a_transaction, "postgres/transaction/read");

}  // namespace
