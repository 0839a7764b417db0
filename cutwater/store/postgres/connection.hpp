// Private to the room: one connection of the store's own, with its statements prepared.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "cutwater/store/postgres/options.hpp"
#include "cutwater/store/postgres/statements.hpp"
#include "cutwater/store/postgres/wire.hpp"

namespace cutwater::detail {

struct pg_conn_deleter {
    void operator()(pg_conn* c) const noexcept;
};

/// Belongs to one thread at a time. Closed by its destructor, whatever is still going on; but not in a child of a fork, whose parent has it.
class postgres_connection {
public:
    /// Connected and ready, its table made where it is to be. An error here: the request was not sent.
    [[nodiscard]] static std::expected<std::unique_ptr<postgres_connection>, error> open(
        const postgres_store_options& options, instant deadline);
    postgres_connection(const postgres_connection&) = delete;
    postgres_connection& operator=(const postgres_connection&) = delete;
    ~postgres_connection();

    /// Whether a statement may be sent: it is this process's, nothing has gone wrong, and the server has not left.
    [[nodiscard]] bool is_well() const noexcept;
    /// Whether something has gone wrong. Costs no look at the network.
    [[nodiscard]] bool is_spent() const noexcept { return is_spent_; }

    [[nodiscard]] pg_answer ask(const postgres_question& asked, instant deadline);

private:
    postgres_connection();

    [[nodiscard]] bool is_ours() const noexcept;
    [[nodiscard]] std::optional<error> connect(const std::string& conninfo, instant deadline);
    [[nodiscard]] std::optional<error> prepare(const postgres_store_options& options, instant deadline);
    [[nodiscard]] std::optional<error> make_table(const postgres_store_options& options, instant deadline);
    [[nodiscard]] std::optional<error> run(const std::string& sql, instant deadline);

    std::unique_ptr<pg_conn, pg_conn_deleter> link_;
    bool is_spent_ = false;
    int process_;  // which made it
};

}  // namespace cutwater::detail
