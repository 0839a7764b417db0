// Cells in a table of PostgreSQL: for all who reach it, for as long as it lasts.
//
//     cw::postgres_store cells{{.connection = "host=db.internal dbname=shop user=shop", .max_connections = 4}};
//     const auto reply = cw::ask(cells, {cw::swap_cell{.key = "job/7", .value = "taken", .time_to_live = 30s}});
//
// Contract: as of every store (cell.hpp). One operation is one statement, a transaction by itself, and one round trip; where somebody else
// changed the cell in the same moment, another. Ages and times to live are the server's. What has expired is not there, and is deleted by later
// writes, a few at a time.
//
// `begin` answers in the thread that asks, which is blocked meanwhile: for `timeout`, or the request's limit, at most. A coroutine asks from
// a thread that may be blocked. (Names of hosts are looked up by the system, which has limits of its own.)
//
// Errors: no connection was made, or none was free: they equal `condition::never_sent`. `std::errc::timed_out`, and
// `std::errc::connection_reset`: whether it was done is not known. An SQLSTATE (postgres_error.hpp): the server's own. After a time-out
// the connection is closed. The first connection is made by the first request, so a server that is not there is an error of that.
// Thread safety: every member, from any thread, and any number of processes.
#pragma once

#include <memory>
#include <string>

#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/postgres/options.hpp"

namespace cutwater {

namespace detail {
class postgres_pool;
class postgres_question;
}  // namespace detail

class postgres_store final : public cell_store {
public:
    static constexpr std::string_view kind = "postgres_store";

    /// Throws `invalid_options`. Connects to nothing yet.
    explicit postgres_store(postgres_store_options options);
    ~postgres_store() override;

    [[nodiscard]] name store_name() const noexcept override { return name_; }
    [[nodiscard]] const postgres_store_options& options() const noexcept { return options_; }
    /// How many are open now.
    [[nodiscard]] std::size_t connections() const;

    void begin(cell_request asked, cell_completion done) noexcept override;

    /// The statements that make the table: for migrations, where the store itself may not. Throws `invalid_options`.
    [[nodiscard]] static std::string table_sql(const std::string& table);

private:
    [[nodiscard]] cell_result reply_to(const cell_request& asked);
    [[nodiscard]] cell_result ask_once(const detail::postgres_question& question, instant deadline);

    postgres_store_options options_;
    name name_;
    std::unique_ptr<detail::postgres_pool> pool_;
};

}  // namespace cutwater
