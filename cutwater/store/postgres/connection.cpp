#include "cutwater/store/postgres/connection.hpp"

#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include <libpq-fe.h>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/postgres/postgres_error.hpp"

namespace cutwater::detail {

namespace {

/// After these another connection may do better: it is to another server, or its statements are prepared anew.
constexpr std::array spent_by{std::string_view{"08"},    std::string_view{"57"},    std::string_view{"26"},
                              std::string_view{"25006"}, std::string_view{"42P01"}, std::string_view{"0A000"},
                              std::string_view{"53"}};

bool is_spent_after(const error& e) {
    const std::string state = sqlstate_of(e.code());
    if (state.empty()) return true;
    return std::ranges::any_of(spent_by, [&](std::string_view first) { return state.starts_with(first); });
}

bool is(const std::optional<error>& e, std::string_view state) { return e && e->code() == make_sqlstate_code(state); }

/// No connection was made. Libpq keeps the SQLSTATE to its words, `FATAL:  28P01: password …`; what follows on other lines is the server's source.
error not_connected(const pg_conn& connection) {
    constexpr std::string_view before = ":  ";
    constexpr std::size_t length = 5;
    std::string_view words = PQerrorMessage(&connection);
    if (const auto source = words.find("\nLOCATION:"); source != std::string_view::npos)
        words = words.substr(0, source);
    std::error_code code = std::make_error_code(std::errc::connection_refused);
    if (const auto at = words.rfind(before); at != std::string_view::npos)
        if (const auto said = make_sqlstate_code(words.substr(at + before.size(), length));
            said == condition::never_sent)
            code = said;
    return error{code}.with_text(in_one_line(words));
}

/// Whatever ended it, the request was not sent.
error before_the_request(error e) {
    const auto not_sent = std::make_error_code(std::errc::connection_refused);
    if (e.code() == std::errc::timed_out) return error{not_sent}.with_text("no connection was made in time");
    if (e.code() == std::errc::connection_reset) e.with_code(not_sent);
    return e;
}

/// All who make the same table do so one after the other: PostgreSQL's IF NOT EXISTS alone is not enough for that.
constexpr std::string_view one_at_a_time = "SELECT pg_advisory_xact_lock(7164794381123950957);";

}  // namespace

void pg_conn_deleter::operator()(pg_conn* c) const noexcept { PQfinish(c); }

postgres_connection::postgres_connection() : process_{getpid()} {}

postgres_connection::~postgres_connection() {
    if (!is_ours()) (void)link_.release();  // to close it would end the session of the parent
}

bool postgres_connection::is_ours() const noexcept { return process_ == getpid(); }

std::expected<std::unique_ptr<postgres_connection>, error> postgres_connection::open(
    const postgres_store_options& options, instant deadline) {
    std::unique_ptr<postgres_connection> made{new postgres_connection};
    const instant until = std::min(deadline, in(options.connect_timeout));
    std::optional<error> failed = made->connect(options.connection.text(), until);
    if (!failed) failed = made->prepare(options, until);
    if (is(failed, "42P01") && options.create_table) {
        failed = made->make_table(options, until);
        if (!failed) failed = made->prepare(options, until);
    }
    if (!failed) return made;
    error why = before_the_request(*std::move(failed));
    if (until < deadline && now() >= until) why.with_limit(options.connect_timeout);
    return std::unexpected{std::move(why)};
}

std::optional<error> postgres_connection::connect(const std::string& conninfo, instant deadline) {
    link_.reset(PQconnectStart(conninfo.c_str()));
    if (link_ == nullptr) throw std::bad_alloc{};
    if (PQstatus(link_.get()) == CONNECTION_BAD) return not_connected(*link_);
    PQsetNoticeReceiver(link_.get(), [](void*, const PGresult*) {}, nullptr);
    PQsetErrorVerbosity(link_.get(), PQERRORS_VERBOSE);
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(link_.get())) {
        if (next == PGRES_POLLING_FAILED) return not_connected(*link_);
        const pg_ready what = next == PGRES_POLLING_READING ? pg_ready::to_read : pg_ready::to_write;
        if (!wait_for(*link_, what, deadline)) return error{std::make_error_code(std::errc::timed_out)};
    }
    PQsetErrorVerbosity(link_.get(), PQERRORS_DEFAULT);
    if (PQsetnonblocking(link_.get(), 1) != 0) return lost(*link_);
    return std::nullopt;
}

std::optional<error> postgres_connection::prepare(const postgres_store_options& options, instant deadline) {
    // A statement is a transaction by itself, whatever the database's defaults; and one that nobody waits for any more ends as well.
    std::string sql = "DEALLOCATE ALL; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;";
    const auto limit = std::chrono::ceil<std::chrono::milliseconds>(options.timeout);
    sql += "SET statement_timeout = " + std::to_string(limit.count()) + ";";
    for (const postgres_statement each : postgres_statements)
        sql += std::string{"PREPARE "} + name_of(each) + types_of(each) + " AS " +
               sql_of(each, options.table, options.sweep) + ";";
    return run(sql, deadline);
}

std::optional<error> postgres_connection::make_table(const postgres_store_options& options, instant deadline) {
    std::optional<error> failed = run(std::string{one_at_a_time} + sql_of_table(options.table), deadline);
    if (is(failed, "42P07") || is(failed, "23505")) return std::nullopt;  // somebody else has made it by other means
    if (failed && !sqlstate_of(failed->code()).empty())
        failed->with_text("the table " + quoted(options.table) +
                          " is not there and could not be made: " + failed->words());
    return failed;
}

std::optional<error> postgres_connection::run(const std::string& sql, instant deadline) {
    if (PQsendQuery(link_.get(), sql.c_str()) == 0) return lost(*link_);
    pg_answer said = all_results(*link_, deadline);
    return said ? std::nullopt : std::optional{std::move(said.error())};
}

bool postgres_connection::is_well() const noexcept { return is_ours() && !is_spent_ && !is_left(*link_); }

pg_answer postgres_connection::ask(const postgres_question& asked, instant deadline) {
    constexpr int binary = 1;
    is_spent_ = true;  // until it has answered
    if (PQsendQueryPrepared(link_.get(), name_of(asked.which()), asked.size(), asked.values(), asked.lengths(),
                            asked.formats(), binary) == 0)
        return std::unexpected{lost(*link_)};
    pg_answer said = all_results(*link_, deadline);
    is_spent_ = !said && is_spent_after(said.error());
    return said;
}

}  // namespace cutwater::detail
