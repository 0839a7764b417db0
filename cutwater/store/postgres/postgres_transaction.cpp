#include "cutwater/store/postgres/postgres_transaction.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <libpq-fe.h>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/postgres/postgres_error.hpp"
#include "cutwater/store/postgres/statements.hpp"
#include "cutwater/store/postgres/wire.hpp"

namespace cutwater {

namespace {

constexpr int as_text = 0;
constexpr int in_binary = 1;

bool send(pg_conn& connection, const char* sql) {
    return PQsendQueryParams(&connection, sql, 0, nullptr, nullptr, nullptr, nullptr, as_text) != 0;
}

pg_conn& there(pg_conn* connection) {
    if (connection == nullptr) throw std::invalid_argument{"postgres_transaction: there is no connection"};
    return *connection;
}

}  // namespace

/// The connection while it takes several statements at once and is not blocked by them. As it was before, unless it is lost.
class postgres_transaction::pipelined {
public:
    explicit pipelined(pg_conn& connection) : connection_{connection}, did_block_{PQisnonblocking(&connection) == 0} {
        is_on_ = PQsetnonblocking(&connection, 1) == 0 && PQenterPipelineMode(&connection) == 1;
    }
    pipelined(const pipelined&) = delete;
    pipelined& operator=(const pipelined&) = delete;
    ~pipelined() {
        if (is_left_) return;
        PQexitPipelineMode(&connection_);
        if (did_block_) PQsetnonblocking(&connection_, 0);
    }

    /// In a savepoint: a failure is only its own.
    [[nodiscard]] detail::pg_answer ask(const detail::postgres_question& asked, const std::string& sql,
                                        instant deadline) {
        if (!is_on_ || !send(connection_, "SAVEPOINT cutwater") ||
            PQsendQueryParams(&connection_, sql.c_str(), asked.size(), asked.types(), asked.values(), asked.lengths(),
                              asked.formats(), in_binary) == 0 ||
            !send(connection_, "RELEASE SAVEPOINT cutwater") || PQpipelineSync(&connection_) == 0)
            return std::unexpected{give_up(detail::lost(connection_))};
        auto began = detail::all_results(connection_, deadline);
        if (is_over(began)) return std::unexpected{give_up(std::move(began.error()))};
        auto said = detail::all_results(connection_, deadline);
        if (is_over(said)) return std::unexpected{give_up(std::move(said.error()))};
        auto ended = detail::all_results(connection_, deadline);
        if (is_over(ended)) return std::unexpected{give_up(std::move(ended.error()))};
        if (auto synced = detail::next_result(connection_, deadline); !synced)
            return std::unexpected{give_up(std::move(synced.error()))};
        if (began && said && ended) return said;
        if (began) undo(deadline);
        return std::unexpected{!began ? began.error() : !said ? said.error() : ended.error()};
    }

    /// Nothing can be sent any more.
    [[nodiscard]] bool is_left() const noexcept { return is_left_; }

private:
    [[nodiscard]] bool is_over(const detail::pg_answer& said) const {
        return !said && (PQstatus(&connection_) != CONNECTION_OK || sqlstate_of(said.error().code()).empty());
    }

    error give_up(error why) {
        is_left_ = true;
        return why;
    }

    void undo(instant deadline) {
        if (!send(connection_, "ROLLBACK TO SAVEPOINT cutwater") || !send(connection_, "RELEASE SAVEPOINT cutwater") ||
            PQpipelineSync(&connection_) == 0) {
            is_left_ = true;
            return;
        }
        const auto undone = detail::all_results(connection_, deadline);
        const auto ended = detail::all_results(connection_, deadline);
        is_left_ = is_over(undone) || is_over(ended) || !detail::next_result(connection_, deadline);
    }

    pg_conn& connection_;
    bool did_block_;
    bool is_on_ = false;
    bool is_left_ = false;
};

postgres_transaction::postgres_transaction(pg_conn* connection, postgres_transaction_options options)
    : options_{validated(kind, std::move(options))}, name_{options_.name}, connection_{there(connection)} {}

void postgres_transaction::begin(cell_request asked, cell_completion done) noexcept {
    done(detail::answer_in_name_of(name_, [&] { return reply_to(asked); }));
}

cell_result postgres_transaction::reply_to(const cell_request& asked) {
    if (std::optional<error> wrong = detail::wrong_request(asked, name_)) return std::unexpected{*std::move(wrong)};
    const instant deadline = detail::deadline_of(asked, options_.timeout);
    std::unique_lock alone{one_at_a_time_, std::defer_lock};
    if (!alone.try_lock_until(to_steady(deadline)) || now() >= deadline)
        return std::unexpected{detail::out_of_time("no time was left to send it")};
    if (std::optional<error> why = not_ready()) return std::unexpected{*std::move(why)};
    cell_result said = ask(detail::postgres_question{asked}, deadline);
    if (!said && now() >= deadline) said.error().with_limit(std::min(asked.limit, options_.timeout));
    return said;
}

std::optional<error> postgres_transaction::not_ready() const {
    const auto refused = [](const char* state, const char* why) {
        return error{make_sqlstate_code(state)}.with_text(std::string{why} + " (SQLSTATE " + state + ")");
    };
    if (is_lost_ || PQstatus(&connection_) != CONNECTION_OK)
        return refused("25P02", "the connection is lost, and its transaction is rolled back: close it");
    if (PQpipelineStatus(&connection_) != PQ_PIPELINE_OFF)
        return refused("25000", "the connection is in pipeline mode: leave it first");
    switch (PQtransactionStatus(&connection_)) {
        case PQTRANS_INTRANS: return std::nullopt;
        case PQTRANS_INERROR: return refused("25P02", "the transaction has failed: roll it back");
        case PQTRANS_IDLE: return refused("25P01", "the connection is in no transaction: BEGIN one");
        default: return refused("25000", "the connection is busy with another statement");
    }
}

cell_result postgres_transaction::ask(const detail::postgres_question& question, instant deadline) {
    const std::string sql = detail::sql_of(question.which(), options_.table, 0);
    for (int times = 0; times < detail::most_times_beaten; ++times) {
        pipelined at_once{connection_};
        const detail::pg_answer said = at_once.ask(question, sql, deadline);
        is_lost_ = at_once.is_left();
        if (!said) return std::unexpected{said.error()};
        if (auto reply = question.reply_of(**said)) return *std::move(reply);
    }
    return std::unexpected{detail::beaten_too_often()};
}

}  // namespace cutwater
