#include "cutwater/store/postgres/wire.hpp"

#include <poll.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <libpq-fe.h>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/postgres/postgres_error.hpp"

namespace cutwater::detail {

namespace {

constexpr std::size_t largest_value = 1'000'000'000;  // PostgreSQL's bytea ends at 1 GiB

error plain(std::errc code, std::string words) { return error{std::make_error_code(code)}.with_text(std::move(words)); }

bool poll_until(int socket, short events, instant deadline) noexcept {
    constexpr std::chrono::milliseconds longest{60'000};
    if (socket < 0) return true;  // it has been closed, which libpq will say
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(between(now(), deadline));
        pollfd watched{.fd = socket, .events = events, .revents = 0};
        const auto wait = std::clamp(left, std::chrono::milliseconds::zero(), longest);
        if (::poll(&watched, 1, static_cast<int>(wait.count())) > 0) return true;
        if (left.count() <= 0) return false;
    }
}

bool is_error(const pg_result* result) noexcept {
    switch (PQresultStatus(result)) {
        case PGRES_FATAL_ERROR:
        case PGRES_BAD_RESPONSE:
        case PGRES_NONFATAL_ERROR: return true;
        default: return false;
    }
}

/// Of a result that is one. The server's details are left out: they may quote what was written.
error error_of(const pg_result* result, const pg_conn& connection) {
    const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::error_code code = state == nullptr ? std::error_code{} : make_sqlstate_code(state);
    if (!code) return lost(connection);
    const char* const words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return error{code}.with_text(std::string{words == nullptr ? "" : words} + " (SQLSTATE " + state + ")");
}

}  // namespace

void pg_result_deleter::operator()(pg_result* r) const noexcept { PQclear(r); }

bool wait_for(const pg_conn& connection, pg_ready what, instant deadline) noexcept {
    const auto wanted = std::to_underlying(what);
    const bool reads = (wanted & std::to_underlying(pg_ready::to_read)) != 0;
    const bool writes = (wanted & std::to_underlying(pg_ready::to_write)) != 0;
    return poll_until(PQsocket(&connection), static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)),
                      deadline);
}

bool is_left(const pg_conn& connection) noexcept {
    return PQstatus(&connection) != CONNECTION_OK || wait_for(connection, pg_ready::to_read, instant::min());
}

pg_answer next_result(pg_conn& connection, instant deadline) {
    for (;;) {
        const int unsent = PQflush(&connection);
        if (unsent < 0) return std::unexpected{lost(connection)};
        if (PQisBusy(&connection) == 0) break;
        if (!wait_for(connection, unsent > 0 ? pg_ready::to_either : pg_ready::to_read, deadline))
            return std::unexpected{plain(std::errc::timed_out, "no reply in time; it may have been done")};
        if (PQconsumeInput(&connection) == 0) break;  // it is lost, perhaps after last words
    }
    pg_result_ptr result{PQgetResult(&connection)};
    if (result != nullptr && is_error(result.get())) return std::unexpected{error_of(result.get(), connection)};
    return result;
}

pg_answer all_results(pg_conn& connection, instant deadline) {
    pg_answer said;
    for (;;) {
        pg_answer next = next_result(connection, deadline);
        if (next && *next == nullptr) return said;
        const bool is_over =
            !next && (PQstatus(&connection) != CONNECTION_OK || next.error().code() == std::errc::timed_out);
        if (said) said = std::move(next);
        if (is_over) return said;
    }
}

error lost(const pg_conn& connection) {
    const std::string words = in_one_line(PQerrorMessage(&connection));
    return plain(std::errc::connection_reset, words.empty() ? "the connection was lost" : words);
}

std::string in_one_line(std::string_view words) {
    std::string line;
    for (const char c : words) {
        if (c == '\n')
            line += "; ";
        else if (c != '\t')
            line += c;
    }
    line.erase(line.find_last_not_of("; ") + 1);
    return line;
}

std::optional<error> wrong_request(const cell_request& asked, name store) {
    const auto* const written = std::get_if<swap_cell>(&asked.what);
    if (written != nullptr && written->value.size() > largest_value)
        return plain(std::errc::message_size, "the value of a cell has " + std::to_string(written->value.size()) +
                                                  " bytes; PostgreSQL takes " + std::to_string(largest_value))
            .with_layer(store);
    return wrong_key(asked, store);
}

instant deadline_of(const cell_request& asked, duration timeout) noexcept { return in(std::min(asked.limit, timeout)); }

error out_of_time(std::string why) { return error{make_error_code(errc::wait_timed_out)}.with_text(std::move(why)); }

error beaten_too_often() {
    return plain(
        std::errc::resource_unavailable_try_again,
        "others changed the cell " + std::to_string(most_times_beaten) + " times in between; nothing was done");
}

}  // namespace cutwater::detail
