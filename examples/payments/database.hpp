// A connection to PostgreSQL: statements with parameters, and the rows that they give, as text.
//
//     database shop{"host=127.0.0.1 dbname=postgres"};
//     const rows found = shop.run("SELECT cents FROM accounts WHERE id = $1", {"7"});
//
// Throws `database_error`. Thread safety: none; one connection is one thread's at a time.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace payments {

struct database_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using rows = std::vector<std::vector<std::string>>;

class database {
public:
    explicit database(const std::string& connection);

    [[nodiscard]] PGconn* link() const noexcept { return link_.get(); }

    rows run(const std::string& sql, const std::vector<std::string>& parameters = {}) const;
    /// Throws as well where the server has rolled back instead.
    void commit() const;

private:
    using result = std::unique_ptr<PGresult, decltype(&PQclear)>;
    [[nodiscard]] result ask(const std::string& sql, const std::vector<std::string>& parameters) const;

    std::unique_ptr<PGconn, decltype(&PQfinish)> link_;
};

}  // namespace payments
