// Cells on the caller's own connection, in the caller's own transaction: a cell and an effect are committed together, or neither is.
//
//     #include <libpq-fe.h>
//     PGconn* connection = …;
//     PQexec(connection, "BEGIN");
//     cw::postgres_transaction cells{connection};                                  // the same table as the store's
//     const auto mine = cw::ask(cells, {cw::swap_cell{.key = "payment/7", .value = "paid"}});
//     if (mine && mine->done) PQexec(connection, "UPDATE accounts SET …");
//     PQexec(connection, "COMMIT");                                                // both, or ROLLBACK: neither
//
// Contract: as of every store (cell.hpp), to all who use the same connection; others see what was done when it is committed. It begins
// nothing, commits nothing and rolls nothing back. Each operation is in a savepoint of its own, called cutwater: one that fails, or finds the cell in another state,
// leaves the transaction as it was, and usable. One round trip; where it fails, two. The transaction may have any isolation level: above READ
// COMMITTED a cell that somebody else has changed meanwhile is an error, SQLSTATE 40001, and the transaction has to be begun anew.
//
// A write waits for others who have written the same cell and have not yet committed, until `timeout` or the request's limit. After
// that the connection is of no use: it waits for a reply, libpq refuses every other statement, and whoever has it closes it, which rolls back.
//
// It makes no table, and deletes no expired cells but its own: `postgres_store` does. Lifetime: the connection outlives it; it may serve
// several transactions, one after the other. Thread safety: every member, from any thread, but not while somebody else uses the connection.
// `begin` answers in the thread that asks.
#pragma once

#include <expected>
#include <memory>
#include <mutex>
#include <optional>

#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/postgres/options.hpp"

struct pg_conn;    // libpq's PGconn
struct pg_result;  // and PGresult

namespace cutwater {

namespace detail {
class postgres_question;
}  // namespace detail

class postgres_transaction final : public cell_store {
public:
    static constexpr std::string_view kind = "postgres_transaction";

    /// Throws `invalid_options`. Sends nothing.
    explicit postgres_transaction(pg_conn* connection, postgres_transaction_options options = {});

    [[nodiscard]] name store_name() const noexcept override { return name_; }
    [[nodiscard]] const postgres_transaction_options& options() const noexcept { return options_; }

    /// Outside of a transaction, or in one that has failed: SQLSTATE 25P01 or 25P02, and nothing was sent.
    void begin(cell_request asked, cell_completion done) noexcept override;

private:
    class pipelined;

    [[nodiscard]] cell_result reply_to(const cell_request& asked);
    [[nodiscard]] cell_result ask(const detail::postgres_question& question, instant deadline);
    [[nodiscard]] std::optional<error> not_ready() const;

    postgres_transaction_options options_;
    name name_;
    pg_conn& connection_;
    std::timed_mutex one_at_a_time_;
    bool is_lost_ = false;
};

}  // namespace cutwater
