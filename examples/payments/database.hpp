// A connection to PostgreSQL: statements with parameters, and the rows that they give, as text.
//
//     database shop{"host=127.0.0.1 dbname=postgres"};
//     const rows found = shop.run("SELECT cents FROM accounts WHERE id = $1", {"7"});
//     shop.begin(deadline);                                   // a transaction: no statement of it is waited for any longer
//
// Throws `database_error`. After one whoever has it closes it: a reply may be under way. Thread safety: none; one connection is one thread's at a time.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "cutwater/core/instant.hpp"

namespace payments {

struct database_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using rows = std::vector<std::vector<std::string>>;

class database {
public:
    explicit database(const std::string& connection);

    [[nodiscard]] PGconn* link() const noexcept { return link_.get(); }

    /// The server gives a statement up a little before the deadline, and so does this then: the server may be out of reach.
    void begin(cutwater::instant deadline);
    rows run(const std::string& sql, const std::vector<std::string>& parameters = {}) const;
    /// Throws as well where the server has rolled back instead.
    void commit() const;

private:
    using result = std::unique_ptr<PGresult, decltype(&PQclear)>;
    [[nodiscard]] result ask(const std::string& sql, const std::vector<std::string>& parameters) const;
    void send(const std::string& sql, const std::vector<std::string>& parameters) const;
    [[nodiscard]] result next_result() const;

    std::unique_ptr<PGconn, decltype(&PQfinish)> link_;
    cutwater::instant gives_up_ = cutwater::never;
};

}  // namespace payments
