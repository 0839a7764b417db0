// Payments that are made once, whoever asks how often: the reservation, the account and the mark that it is done are rows of one database, and
// are committed together. Needs a server: postgres_store_example "host=… dbname=… user=…". It makes two tables of its own, and drops them.

#include "cutwater/store/postgres/postgres_store.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include <libpq-fe.h>

#include "cutwater/store/postgres/postgres_transaction.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

constexpr const char* table = "cutwater_example_cells";

class database {
public:
    explicit database(const char* conninfo) : link_{PQconnectdb(conninfo), &PQfinish} {
        run("SET client_min_messages = warning");
    }

    [[nodiscard]] PGconn* connection() const { return link_.get(); }

    std::string run(const std::string& sql) {
        const std::unique_ptr<PGresult, decltype(&PQclear)> said{PQexec(link_.get(), sql.c_str()), &PQclear};
        const auto status = PQresultStatus(said.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            throw std::runtime_error{PQerrorMessage(link_.get())};
        return PQntuples(said.get()) == 1 ? PQgetvalue(said.get(), 0, 0) : "";
    }

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> link_;
};

/// Whether this call made the payment; else it had been made before.
bool pay(database& shop, const std::string& id, int cents) {
    cw::postgres_transaction cells{shop.connection(), {.table = table}};
    shop.run("BEGIN");
    const cw::cell_result mine =
        cw::ask(cells, {cw::swap_cell{.key = "payment/" + id, .value = std::to_string(cents), .time_to_live = 24h}});
    if (!mine || !mine->done) {
        shop.run("ROLLBACK");
        if (!mine) mine.error().raise();
        std::cout << id << ": was paid before, " << mine->found->value << " cents\n";
        return false;
    }
    shop.run("UPDATE cutwater_example_account SET cents = cents - " + std::to_string(cents));
    shop.run("COMMIT");  // the cell and the account, or neither
    std::cout << id << ": paid\n";
    return true;
}

}  // namespace

int main(int count, char** words) try {
    if (count != 2) {
        std::cout << "Give it the connection string of a PostgreSQL, such as \"host=127.0.0.1 dbname=postgres "
                     "user=postgres\".\n";
        return EXIT_SUCCESS;
    }
    cw::postgres_store cells{{.connection = words[1], .table = table, .max_connections = 2}};
    if (const auto said = cw::ask(cells, {cw::list_cells{}}); !said) {  // connects, and makes the table
        std::cout << said.error() << '\n';
        return EXIT_FAILURE;
    }
    database shop{words[1]};
    shop.run("CREATE TABLE cutwater_example_account AS SELECT 1000 AS cents");

    const bool once = pay(shop, "7", 300);
    const bool twice = pay(shop, "7", 300);
    const bool another = pay(shop, "8", 200);
    const std::string left = shop.run("SELECT cents FROM cutwater_example_account");
    std::cout << left << " cents are left\n";

    shop.run("DROP TABLE cutwater_example_account, " + std::string{table});
    return once && !twice && another && left == "500" ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return EXIT_FAILURE;
}
